import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const { exports } = JSON.parse(readFileSync(here('package.json'), 'utf8'))

// `ferrograd` and its sub-paths mean the sources, whose entries `dist/` mirrors: most tests need no build of it.
const alias = Object.entries(exports)
  .filter(([key]) => key !== './package.json')
  .map(([key, entry]) => ({
    find: new RegExp(`^ferrograd${key.slice(1)}$`),
    replacement: here(entry.import.default.replace('./dist/', './ts/').replace(/\.js$/, '.ts')),
  }))

// The instruction sets that this processor has, the best last.
const sets = createRequire(import.meta.url)('./native/index.cjs').instructionSets()

/**
 * What compares numbers with real Keras's, and that a set is in use where it was asked for. What other tests compute goes through
 * kernels that the tests in Rust hold to each other on every set.
 */
const oracle = readdirSync(here('__test__'), { recursive: true })
  .map((name) => `__test__/${name.replaceAll('\\', '/')}`)
  .filter(
    (path) =>
      path.endsWith('.test.ts') &&
      /\b(expectClose|expectFit|expectPredictions|instructionSet)\(/.test(readFileSync(here(path), 'utf8')),
  )

/** Tests that run on `instructionSet`, and are told so. */
const project = (name, include, instructionSet, env) => ({
  extends: true,
  test: { name, include, env, provide: { instructionSet } },
})

export default defineConfig({
  resolve: { alias },
  test: {
    // A crash of the addon then ends one worker, not the run.
    pool: 'forks',
    testTimeout: 30_000,
    // All tests on the best instruction set, the oracle's on the others too.
    projects: [
      project('all', ['__test__/**/*.test.ts'], process.env.FERROGRAD_ISA || sets.at(-1), {}),
      // Long runs by name alone: `npm run test:crash`.
      ...(process.env.FERROGRAD_KILLS ? [project('crash', ['__test__/**/*.crash.ts'], sets.at(-1), {})] : []),
      ...sets.slice(0, -1).map((set) => project(set, oracle, set, { FERROGRAD_ISA: set })),
    ],
  },
})
