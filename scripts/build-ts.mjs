// Builds `dist/` from `ts/`, file by file and in the same folders: `x.ts` becomes `x.js` (ES module), `x.cjs` (CommonJS)
// and `x.d.ts`, `x.d.cts` (their types); any other file is copied. `dist/` mirrors `ts/`, so a relative path to the addon
// or to a data file means the same in both. Types are not checked here: `npm run lint` does that.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { at, filesUnder, fingerprint, isMain, isStamped, main, run, step, tool, writeStamp } from './lib.mjs'

const STAMP = 'dist/.stamp'
const CONFIG = 'tsconfig.build.json'
const inputs = () => filesUnder(['ts', 'native/index.d.cts', 'tsconfig.json', CONFIG, 'scripts/build-ts.mjs'])

export const typeScriptIsCurrent = () => existsSync(at('dist/index.js')) && isStamped(STAMP, fingerprint(inputs()))

/** A relative import of `x.js`, in code or in types, in whichever way it is written. */
const RELATIVE = /\b(from |import |import\(|require\()(['"])(\.{1,2}\/[^'"\n]*)\.js\2/g
const withCommonJsImports = (code) => code.replace(RELATIVE, '$1$2$3.cjs$2')

/** CommonJS knows its place as `__filename`. */
const IMPORT_META = "require('node:url').pathToFileURL(__filename).href"

const writeModulesAndTypes = () => run(process.execPath, [tool('typescript', 'tsc'), '--project', CONFIG])

/** The CommonJS twin of each module, and of its types. */
async function writeCommonJs(sources) {
  const { default: ts } = await import('typescript')
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, esModuleInterop: true }
  for (const source of sources) {
    const text = readFileSync(at(source), 'utf8').replaceAll('import.meta.url', IMPORT_META)
    const code = ts.transpileModule(text, { fileName: source, compilerOptions }).outputText
    const types = readFileSync(at(built(source, '.d.ts')), 'utf8')
    writeFileSync(at(built(source, '.cjs')), withCommonJsImports(code))
    writeFileSync(at(built(source, '.d.cts')), withCommonJsImports(types))
  }
}

const built = (source, extension) => source.replace(/^ts\//, 'dist/').replace(/\.ts$/, extension)

function copy(file) {
  mkdirSync(dirname(at(built(file))), { recursive: true })
  cpSync(at(file), at(built(file)))
}

export async function buildTypeScript() {
  const current = fingerprint(inputs())
  const files = filesUnder(['ts'])
  rmSync(at('dist'), { recursive: true, force: true })
  await writeModulesAndTypes()
  await writeCommonJs(files.filter((file) => file.endsWith('.ts')))
  files.filter((file) => !file.endsWith('.ts')).forEach(copy)
  writeStamp(STAMP, current)
}

if (isMain(import.meta.url)) main(() => step('Building TypeScript', buildTypeScript))
