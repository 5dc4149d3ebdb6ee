/** The built package, as plain Node loads it: `dist/`, written by `npm run build:ts`. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
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

test('loading it reads one file of code and the addon', () => {
  const files = printed<string[]>(`
    import 'ferrograd'
    import 'ferrograd/layers'
    console.log(JSON.stringify(Object.keys(require.cache)))`)
  const own = files.map((file) => file.slice(root.length).replaceAll('\\', '/'))
  expect(own.filter((file) => !file.startsWith('native/'))).toEqual(['dist/index.cjs'])
})
