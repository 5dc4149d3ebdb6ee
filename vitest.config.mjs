import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const { exports } = JSON.parse(readFileSync(here('package.json'), 'utf8'))

/** Every entry of the package: what users write behind `ferrograd`, its module in `ts/`, and the file of `dist/` that mirrors it. */
const entries = Object.entries(exports)
  .filter(([key]) => key !== './package.json')
  .map(([key, { import: entry }]) => {
    const built = entry.default.slice('./'.length)
    return { path: key.slice(1), built, source: built.replace('dist/', 'ts/').replace(/\.js$/, '.ts') }
  })

// `ferrograd` and its sub-paths mean the sources: most tests need no build of them.
const sources = entries.map(({ path, source }) => ({
  find: new RegExp(`^ferrograd${path}$`),
  replacement: here(source),
}))

/** They mean an installed package, also where a test names an entry by its file. */
const installed = (folder) =>
  entries.flatMap(({ path, built, source }) =>
    [`ferrograd${path}`, `(?:\\.\\./)+${source.replace(/\.ts$/, '\\.js')}`].map((name) => ({
      find: new RegExp(`^${name}$`),
      replacement: join(folder.replaceAll('\\', '/'), built),
    })),
  )

// The instruction sets that this processor has, the best last.
const sets = createRequire(import.meta.url)('./native/index.cjs').instructionSets()

const tests = readdirSync(here('__test__'), { recursive: true })
  .map((name) => `__test__/${name.replaceAll('\\', '/')}`)
  .filter((path) => path.endsWith('.test.ts'))

/**
 * What compares numbers with real Keras's, and that a set is in use where it was asked for. What other tests compute goes through
 * kernels that the tests in Rust hold to each other on every set.
 */
const oracle = tests.filter((path) =>
  /\b(expectClose|expectFit|expectPredictions|instructionSet)\(/.test(readFileSync(here(path), 'utf8')),
)

/** Tests that run on `instructionSet`, and are told so. */
const project = (name, include, instructionSet, env, alias = sources) => ({
  extends: true,
  resolve: { alias },
  test: { name, include, env, provide: { instructionSet } },
})

const IMPORT = /^(?:import|export) (?!type )(?:[^'"]* from )?'(\.[^']+)'/gm

/** Functions of texts: a second copy of them is as good. */
const COPIED = 'ts/options/names.ts'

/** Whether a test reads nothing of the sources but entries of the package, nor does what it imports. */
function usesEntriesAlone(file, seen = new Set()) {
  if (seen.has(file)) return true
  seen.add(file)
  return [...readFileSync(here(file), 'utf8').matchAll(IMPORT)].every(([, path]) => {
    const name = join(dirname(file), path).replace(/\.js$/, '.ts')
    if (name === COPIED || entries.some(({ source }) => source === name)) return true
    return name.startsWith('__test__/') && existsSync(here(name)) && usesEntriesAlone(name, seen)
  })
}

/** Folders of tests that between them use every part of the package, and what of them takes long for other reasons. */
const PARTS =
  /^__test__\/(callbacks|core|custom|data|datasets|explain|generation|layers|model|ops|report|saving|schedules|search|viz)\//
const LONG =
  /\/(another-training|bad-input|checkpoints|columns|convnet|crash|csv|extremes|faults|images|integers|keras-files|large|legacy|model-files|random-search|row-file|stages)\.test\.ts$/

/** Tests as users' programs are, on the package that lies in a folder: `npm run check:package`. */
function packageTests(folder) {
  const files = tests.filter((file) => PARTS.test(file) && !LONG.test(file) && usesEntriesAlone(file))
  return project('package', files, sets.at(-1), {}, installed(folder))
}

export default defineConfig({
  test: {
    // A crash of the addon then ends one worker, not the run.
    pool: 'forks',
    testTimeout: 30_000,
    // All tests on the best instruction set, the oracle's on the others too.
    projects: [
      project('all', ['__test__/**/*.test.ts'], process.env.FERROGRAD_ISA || sets.at(-1), {}),
      // Long runs by name alone: `npm run test:crash`.
      ...(process.env.FERROGRAD_KILLS ? [project('crash', ['__test__/**/*.crash.ts'], sets.at(-1), {})] : []),
      ...(process.env.FERROGRAD_PACKAGE ? [packageTests(process.env.FERROGRAD_PACKAGE)] : []),
      ...sets.slice(0, -1).map((set) => project(set, oracle, set, { FERROGRAD_ISA: set })),
    ],
  },
})
