import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { entries } from './scripts/entries.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

// `ferrograd` and its sub-paths mean the sources, so that tests need no build of `dist/`.
const alias = Object.entries(entries).map(([name, source]) => ({
  find: new RegExp(name === 'index' ? '^ferrograd$' : `^ferrograd/${name}$`),
  replacement: here(source),
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
