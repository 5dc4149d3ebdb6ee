import { readFileSync } from 'node:fs'
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

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['__test__/**/*.test.ts'],
    // A crash of the addon then ends one worker, not the run.
    pool: 'forks',
    testTimeout: 30_000,
  },
})
