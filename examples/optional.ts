/** Libraries that do not come with this package. */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** Where they may be: beside the examples, and where the tests of the data sources have them. */
const places = [import.meta.url, new URL('../__test__/data/libraries/package.json', import.meta.url)]

/** A library, or nothing and a line that says so. In a program of your own it is an `import`. */
export async function optional<L>(name: string): Promise<L | undefined> {
  for (const place of places)
    try {
      return (await import(pathToFileURL(createRequire(place).resolve(name)).href)) as L
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  console.log(`  Passed over: ${name} is not installed (npm install ${name}).`)
  return undefined
}
