// `npm run pack:targets`: the nine tarballs that are to be published, in target/packages, of what build:targets built.
import { mkdirSync, rmSync } from 'node:fs'
import { at, main, step } from '../lib.mjs'
import { packMain, packPlatform } from '../pack.mjs'
import { setup } from '../setup.mjs'
import { binaryOf, targets } from './targets.mjs'

const FOLDER = 'target/packages'

main(async () => {
  await setup()
  rmSync(at(FOLDER), { recursive: true, force: true })
  mkdirSync(at(FOLDER), { recursive: true })
  for (const platform of Object.keys(targets))
    await step(platform, () => packPlatform(platform, binaryOf(platform), at(FOLDER)))
  await step('ferrograd', () => packMain(at(FOLDER)))
})
