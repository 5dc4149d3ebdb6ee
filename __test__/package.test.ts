/** The built package, as plain Node loads it: `dist/`, written by `npm run build:ts`. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as sources from 'ferrograd'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const { exports } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { exports: Record<string, unknown> }
const entries = Object.keys(exports).filter((key) => key !== './package.json')

/** What a module prints as JSON, run in the package's folder, so that the package finds itself by its name. */
function printed<A>(lines: string): A {
  const script = `import { createRequire } from 'node:module'
    import { join } from 'node:path'
    const require = createRequire(join(process.cwd(), 'package.json'))
    ${lines}`
  const args = ['--input-type=module', '--eval', script]
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })) as A
}

test('import and require give the same names and the same objects, at every entry', () => {
  const found = printed<Record<string, { imported: string[]; required: string[]; differing: string[] }>>(`
    const found = {}
    for (const key of ${JSON.stringify(entries)}) {
      const [imported, required] = [await import('ferrograd' + key.slice(1)), require('ferrograd' + key.slice(1))]
      const differing = Object.keys(imported).filter((name) => imported[name] !== required[name])
      found[key] = { imported: Object.keys(imported), required: Object.keys(required), differing }
    }
    console.log(JSON.stringify(found))`)
  expect(Object.keys(found)).toContain('./layers')
  for (const [key, { imported, required, differing }] of Object.entries(found)) {
    const source = key === '.' ? sources : (sources as Record<string, unknown>)[key.slice(2)]
    const names = Object.keys(source as object).sort()
    expect([imported.sort(), required.sort()], key).toEqual([names, names])
    expect(differing, key).toEqual([])
  }
})

test('classes and functions keep their names, where two modules use the same one too', () => {
  const names = (whole: object): (string | undefined)[] =>
    Object.entries(whole)
      .flatMap(([space, part]) => (typeof part === 'object' ? Object.entries(part) : [[space, part]]))
      .map(([name, value]) => (typeof value === 'function' ? `${name} is called ${value.name}` : name))
      .sort()
  const built = printed<string[]>(`
    import * as whole from 'ferrograd'
    console.log(JSON.stringify((${names})(whole)))`)
  expect(built).toEqual(names(sources))
  expect(built.filter((line) => line === 'Hinge is called Hinge')).toHaveLength(2)
})

test('a mistake is shown on the line of whoever made it', () => {
  const stack = printed<string>(`
    import { Dense } from 'ferrograd/layers'
    const mistaken = () => new Dense({ units: -1 })
    try { mistaken() } catch (error) { console.log(JSON.stringify(error.stack)) }`)
  expect(stack).toMatch(/^FerrogradError: Dense\.units: expected /)
  expect(stack).toMatch(/at new Dense .*dist.index\.cjs/)
  expect(stack).toMatch(/at mistaken .*eval/)
})

test('a namespace is one object that holds what it exports, and cannot be changed', () => {
  const seen = printed<Record<string, unknown>>(`
    const whole = require('ferrograd')
    const spaces = Object.keys(whole).filter((name) => typeof whole[name] === 'object')
    const change = (space) => { try { space[Object.keys(space)[0]] = 1 } catch (error) { return error.name } }
    console.log(JSON.stringify({
      count: spaces.length,
      same: spaces.every((name) => whole[name] === whole[name]),
      kinds: [...new Set(spaces.map((name) => String(whole[name])))],
      changes: [...new Set(spaces.map((name) => change(whole[name])))],
      empty: spaces.flatMap((name) => Object.entries(whole[name])).filter(([, value]) => value === undefined),
    }))`)
  expect(seen).toEqual({ count: 20, same: true, kinds: ['[object Module]'], changes: ['TypeError'], empty: [] })
})

const damaged = join(mkdtempSync(join(tmpdir(), 'ferrograd-')), 'damaged.node')
writeFileSync(damaged, 'no binary\n')

test.each([
  ['/no/such/ferrograd.node', /^Cannot find module '\/no\/such\/ferrograd\.node'$/],
  // What is wrong comes behind the name; wine has it in words before that.
  [damaged, process.platform === 'win32' ? /damaged\.node.{5}|^[A-Za-z ]{6,} .*damaged\.node/ : /damaged\.node.{5}/],
])('a NAPI_RS_NATIVE_LIBRARY_PATH that does not load is named, with what is wrong with it: %s', (path, wrong) => {
  const script = `try { require('ferrograd') } catch (error) { console.log(JSON.stringify([error.code, error.message])) }`
  const env = { ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: path }
  const said = execFileSync(process.execPath, ['--eval', script], { cwd: root, encoding: 'utf8', env })
  const [code, message] = JSON.parse(said) as [string, string]
  const [first, second] = message.split('\n')
  expect(code).toBe('ERR_ADDON')
  const start = `ferrograd: NAPI_RS_NATIVE_LIBRARY_PATH is '${path}', and that does not load: `
  expect(first!.slice(0, start.length)).toBe(start)
  expect(first!.slice(start.length)).toMatch(wrong)
  expect(second).toMatch(/^Unset it, and the package's own binary is taken/)
})

/** The last: an ES module's exports are values, so that all layers are read. */
const waysToDense = [
  { lines: "import { layers, Sequential } from 'ferrograd'; const { Dense } = layers", files: [] },
  {
    lines: "const { Sequential } = require('ferrograd'); const { Dense } = require('ferrograd/layers')",
    files: ['dist/layers/index.cjs'],
  },
  {
    lines: "import { Sequential } from 'ferrograd'; import { Dense } from 'ferrograd/layers'",
    files: ['dist/parts/layers.cjs'],
  },
]

test.each(waysToDense)('a training on arrays reads one file of code and the addon: $lines', ({ lines, files }) => {
  const read = printed<string[]>(`
    ${lines}
    const model = new Sequential([new Dense({ units: 3, activation: 'relu', inputShape: [2] }), new Dense({ units: 1 })])
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrics: ['meanAbsoluteError'] })
    await model.fit([[0, 1], [1, 0]], [0, 1], { epochs: 2, verbose: 0 })
    await model.predict([[0, 1]])
    console.log(JSON.stringify(Object.keys(require.cache)))`)
  const own = read.map((file) => file.slice(root.length).replaceAll('\\', '/'))
  expect(own.filter((file) => !file.startsWith('native/'))).toEqual(['dist/index.cjs', ...files])
})

test('a name leads to its class, wherever that is read from', () => {
  const found = printed<boolean[]>(`
    const { initializers, layers, losses, optimizers } = require('ferrograd')
    console.log(JSON.stringify([
      initializers.getInitializer('orthogonal') instanceof initializers.Orthogonal,
      layers.getLayer('Softmax') instanceof layers.Softmax,
      losses.getLoss('dice') instanceof losses.Dice,
      optimizers.getOptimizer('adafactor') instanceof optimizers.Adafactor,
    ]))`)
  expect(found).toEqual([true, true, true, true])
})

/** Of a file of code: the parts that it reads late, and the names in them that it uses. */
const usesIn = (code: string): { part: string; names: string[] }[] =>
  [...code.matchAll(/^const (\w+) = \{ get part\(\) .* require\("(.*)"\)/gm)].map(([, variable, path]) => ({
    part: `dist/parts/${basename(path!)}`,
    names: [...code.matchAll(new RegExp(`\\b${variable}\\.part\\.([\\w$]+)`, 'g'))].map(([, name]) => name!),
  }))

const parts = readdirSync(`${root}dist/parts`).map((name) => `dist/parts/${name}`)

test.each(parts)('%s runs when it is the first part that is used, and has what others use of it', (part) => {
  const { names, undefinedNames, warnings } = printed<Record<string, string[]>>(`
    const warnings = []
    process.on('warning', (warning) => warnings.push(warning.message))
    require('ferrograd')
    const part = require(${JSON.stringify(`./${part}`)})
    await new Promise((resolve) => setImmediate(resolve))
    const names = Object.keys(part)
    console.log(JSON.stringify({ names, undefinedNames: names.filter((name) => part[name] === undefined), warnings }))`)
  expect({ undefinedNames, warnings }).toEqual({ undefinedNames: [], warnings: [] })
  const used = ['dist/index.cjs', ...parts].flatMap((file) =>
    usesIn(readFileSync(`${root}${file}`, 'utf8')).flatMap((one) => (one.part === part ? one.names : [])),
  )
  expect(used.length).toBeGreaterThan(0)
  expect(names).toEqual(expect.arrayContaining(used))
})

test('what a part takes of the file that everybody reads is there', () => {
  const taken = parts.flatMap((part) =>
    [...readFileSync(`${root}${part}`, 'utf8').matchAll(/^ {2}([\w$]+): \1\$index,$/gm)].map(([, name]) => name!),
  )
  expect(taken.length).toBeGreaterThan(100)
  const missing = printed<string[]>(`
    const whole = require('./dist/index.cjs')[Symbol.for('ferrograd.parts')]
    console.log(JSON.stringify(${JSON.stringify(taken)}.filter((name) => whole[name] === undefined)))`)
  expect(missing).toEqual([])
})
