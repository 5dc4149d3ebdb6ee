// The public entry points: `ferrograd` and each `ferrograd/<name>`, as `package.json` exports them, with their sources.
import { existsSync } from 'node:fs'
import { at, readJson } from './lib.mjs'

/** `layers` lives in `ts/layers/index.ts`, `activations` in `ts/activations.ts`. */
function source(name) {
  const candidates = name === 'index' ? ['ts/index.ts'] : [`ts/${name}/index.ts`, `ts/${name}.ts`]
  return candidates.find((path) => existsSync(at(path)))
}

const subPath = (key) => (key === '.' ? 'index' : key.slice(2))

/** Name of each built entry → its source, relative to the root. */
export const entries = Object.fromEntries(
  Object.keys(readJson(at('package.json')).exports)
    .filter((key) => key !== './package.json')
    .map((key) => [subPath(key), source(subPath(key))])
    .filter(([, path]) => path !== undefined),
)
