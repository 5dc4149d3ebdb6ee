import { defineConfig } from 'tsdown'
import { entries } from './scripts/entries.mjs'

export default defineConfig({
  entry: entries,
  format: ['esm', 'cjs'],
  platform: 'node',
  target: 'node20.19',
  fixedExtension: false,
  dts: true,
  clean: true,
  // The addon is loaded at run time, by the same relative path from `ts/` and from the flat `dist/`.
  deps: { neverBundle: [/native\/index\.cjs$/] },
})
