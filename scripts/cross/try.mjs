// `node scripts/cross/try.mjs FOLDER`: what is about to be published, the tarballs in FOLDER, is installed on this machine by
// `npm install ferrograd`, and trains. It needs Node.js alone, so that it runs on machines that build nothing.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { hostPlatform, main, Stop, step } from '../lib.mjs'
import { here, install, train } from './consumer.mjs'

const EPOCHS = 30

main(async () => {
  const given = process.argv[2]
  if (given === undefined) throw new Stop('Name the folder of the tarballs: node scripts/cross/try.mjs target/packages')
  const tarballs = readdirSync(given).filter((name) => name.endsWith('.tgz'))
  const folder = join(mkdtempSync(join(tmpdir(), 'ferrograd-try-')), 'consumer')
  try {
    const all = tarballs.map((name) => resolve(given, name))
    await step(`npm install ferrograd on ${hostPlatform()}`, () => install(folder, all, hostPlatform()))
    const found = await step('Training on the digits', () => train(here, folder, EPOCHS))
    const { accuracy, seconds, instructionSet, version } = found
    console.log(`${(100 * accuracy).toFixed(1)} % in ${seconds.toFixed(1)} s, ${instructionSet}, Node.js ${version}`)
    if (!(accuracy > 0.97)) throw new Stop('At least 97 % was expected')
  } finally {
    rmSync(join(folder, '..'), { recursive: true })
  }
})
