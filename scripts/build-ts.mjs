// Builds `dist/` from `ts/`: all code as a few readable files, which load several times faster than a file for each module:
// `dist/index.cjs` and, for what is read at its first use alone, `dist/parts` (parts.mjs); for every further entry of `package.json` a file that passes on its part; and for each of them an ES
// module with the same exports, so that `import` and `require` share one instance of every class. Types stay a file for
// each module, and those of ES modules pass on those of CommonJS. They are not checked here: `npm run lint` does that.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path/posix'
import {
  at,
  filesUnder,
  fingerprint,
  isMain,
  isStamped,
  main,
  readJson,
  run,
  Stop,
  step,
  tool,
  writeStamp,
} from './lib.mjs'
import { loadAddon } from './load-addon.mjs'
import { partOf, withLateParts, withLateSpaces, withOwnNames, withShared } from './parts.mjs'

const STAMP = 'dist/.stamp'
const CONFIG = 'tsconfig.build.json'
const BUNDLE = 'dist/index.cjs'
const inputs = () =>
  filesUnder([
    'ts',
    'native/index.d.cts',
    'package.json',
    'tsconfig.json',
    CONFIG,
    'scripts/build-ts.mjs',
    'scripts/load-addon.mjs',
    'scripts/parts.mjs',
  ])

export const typeScriptIsCurrent = () => existsSync(at('dist/index.js')) && isStamped(STAMP, fingerprint(inputs()))

/** A relative import of `x.js` in types, in whichever way it is written. */
const RELATIVE = /\b(from |import |import\(|require\()(['"])(\.{1,2}\/[^'"\n]*)\.js\2/g
const withCommonJsImports = (types) => types.replace(RELATIVE, '$1$2$3.cjs$2')

/** The files of types that an entry leads to. */
function reachableTypes() {
  const reached = new Set(entries().map(({ file }) => `dist/${file}.d.ts`))
  for (const file of reached)
    for (const [, , , imported] of readFileSync(at(file), 'utf8').matchAll(RELATIVE)) {
      const path = join(dirname(file), `${imported}.d.ts`)
      if (existsSync(at(path))) reached.add(path)
    }
  return reached
}

/**
 * `x.d.cts` for each `x.ts` whose types users can meet. The `x.d.ts` of an entry passes them on, as its code does: one class has
 * one type, however it is imported.
 */
async function writeTypes() {
  await run(process.execPath, [tool('typescript', 'tsc'), '--project', CONFIG, '--emitDeclarationOnly'])
  for (const file of reachableTypes())
    writeFileSync(at(file.replace(/\.ts$/, '.cts')), withCommonJsImports(readFileSync(at(file), 'utf8')))
  for (const file of filesUnder(['dist']).filter((file) => file.endsWith('.d.ts'))) rmSync(at(file))
  for (const { file } of entries())
    writeFileSync(at('dist', `${file}.d.ts`), `export * from './${basename(file)}.cjs'\n`)
}

/** Each entry: its file without extension, and the name under which the whole package exports it. */
const entries = () =>
  Object.entries(readJson(at('package.json')).exports)
    .filter(([key]) => key !== './package.json')
    .map(([key, { import: entry }]) => ({
      file: entry.default.slice('./dist/'.length, -'.js'.length),
      name: key.slice(2),
    }))

const SOURCES = { platform: 'node', external: /native\/index\.cjs$/, tsconfig: at(CONFIG) }

const SOURCE_FOLDER = `${at('ts')}/`
const RUNTIME = 'parts/rolldown-runtime.cjs'

/** The part that a module goes to, by its whole path. */
const groupOf = (id) => {
  const path = id.replaceAll('\\', '/')
  const folder = SOURCE_FOLDER.replaceAll('\\', '/')
  return (path.startsWith(folder) && partOf(path.slice(folder.length))) || 'index'
}

/** Everything but the addon. Classes keep the names that users see, also where two modules use the same one. */
async function writeBundle({ build }, published) {
  const { output } = await build({
    ...SOURCES,
    input: at('ts/index.ts'),
    write: false,
    preserveEntrySignatures: 'allow-extension',
    // Without the names of the sources before their code.
    experimental: { attachDebugInfo: 'none' },
    output: {
      dir: at('dist'),
      format: 'cjs',
      keepNames: true,
      comments: { jsdoc: false },
      entryFileNames: '[name].cjs',
      chunkFileNames: 'parts/[name].cjs',
      codeSplitting: {
        includeDependenciesRecursively: false,
        minSize: 0,
        groups: [{ debugName: 'parts', name: groupOf }],
      },
    },
  })
  const codes = new Map(output.map(({ fileName, code }) => [fileName, code]))
  const runtime = codes.get(RUNTIME)
  codes.delete(RUNTIME)
  const whole = withRuntime(codes.get('index.cjs'), runtime)
  mkdirSync(at('dist/parts'), { recursive: true })
  for (const [fileName, code] of codes) {
    const own =
      fileName === 'index.cjs' ? withShared(withLateSpaces(withAddon(whole)), published) : withOwnNames(code, whole)
    writeFileSync(at('dist', fileName), inLatin1(withLateParts(own)))
  }
}

/** The few helpers of rolldown stand in the file that everybody reads; parts take them from there. */
function withRuntime(code, runtime) {
  const end = 'Object.defineProperty(exports, "__'
  const helpers = runtime.slice(runtime.indexOf('var __create'), runtime.indexOf(end))
  const given = [...runtime.matchAll(/^Object\.defineProperty\(exports, "(\w+)"/gm)].map(([, name]) => name)
  return replacedOnce(
    code,
    `const require_rolldown_runtime = require("./${RUNTIME}");\n`,
    `${helpers}${given.map((name) => `exports.${name} = ${name};\n`).join('')}`,
  ).replaceAll('require_rolldown_runtime.', '')
}

const withAddon = (code) => replacedOnce(code, 'require("../native/index.cjs")', `(${loadAddon})()`)

function replacedOnce(code, text, by) {
  const parts = code.split(text)
  if (parts.length !== 2)
    throw new Stop(`${BUNDLE} has ${text.trim()} ${parts.length - 1} times, and should have it once`)
  return parts.join(by)
}

/** V8 keeps the text as long as the process lives, in two bytes a character where a single one needs two. */
const inLatin1 = (text) =>
  text.replace(/[\u0100-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** What each entry exports, by its file. */
async function exportedNames({ build }) {
  const input = Object.fromEntries(entries().map(({ file }) => [file, at(`ts/${file}.ts`)]))
  const { output } = await build({ ...SOURCES, input, write: false })
  return new Map(output.filter((chunk) => chunk.isEntry).map((chunk) => [chunk.name, chunk.exports.sort()]))
}

function writeEntry({ file, name }, names) {
  const bundle = relative(dirname(`dist/${file}`), BUNDLE)
  const part = `('${bundle.startsWith('.') ? bundle : `./${bundle}`}')${name && `.${name}`}`
  const module = [
    "import { createRequire } from 'node:module'",
    'export const {',
    ...names.map((exported) => `  ${exported},`),
    `} = createRequire(import.meta.url)${part}`,
  ]
  writeFileSync(at('dist', `${file}.js`), `${module.join('\n')}\n`)
  if (name !== '') writeFileSync(at('dist', `${file}.cjs`), `module.exports = require${part}\n`)
}

export async function buildTypeScript() {
  const current = fingerprint(inputs())
  rmSync(at('dist'), { recursive: true, force: true })
  await writeTypes()
  const rolldown = await import('rolldown')
  const names = await exportedNames(rolldown)
  await writeBundle(rolldown, names.get('index'))
  for (const entry of entries()) writeEntry(entry, names.get(entry.file))
  writeStamp(STAMP, current)
}

if (isMain(import.meta.url)) main(() => step('Building TypeScript', buildTypeScript))
