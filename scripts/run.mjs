// `node scripts/run.mjs FILE.ts …`: sets up, then runs a TypeScript file (an example, a bench) with the arguments after it.
import { existsSync } from 'node:fs'
import { at, handOver, main, Stop } from './lib.mjs'
import { setup } from './setup.mjs'

main(async () => {
  const [file, ...args] = process.argv.slice(2)
  if (file === undefined || !existsSync(at(file))) throw new Stop(`There is no file ${file} to run.`)
  await setup()
  // Without the path mapping of `tsconfig.json`, `ferrograd` means the built package, as it does for a user.
  const env = { TSX_TSCONFIG_PATH: at('tsconfig.run.json') }
  process.exitCode = await handOver(process.execPath, ['--import', 'tsx', file, ...args], env)
})
