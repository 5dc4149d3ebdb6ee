// `npm start`: sets up, then trains the first example.
import { handOver, main } from './lib.mjs'
import { setup } from './setup.mjs'

main(async () => {
  await setup()
  process.exitCode = await handOver(process.execPath, ['--import', 'tsx', 'examples/01-digits/index.ts'])
})
