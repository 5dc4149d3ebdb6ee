// `npm run check:platforms`: two platforms that are not this one are built and run in their short form, for every change: another
// processor and another C library. Before a release, build:targets and check:targets do all of it.
import { main } from '../lib.mjs'
import { buildTargets } from './build.mjs'
import { checkTargets } from './check.mjs'
import { whyNoneRuns } from './runners.mjs'

const words = ['linux-arm64-gnu', 'linux-x64-musl']

main(async () => {
  const why = whyNoneRuns()
  if (why !== undefined) return console.log(`${why}: ${words.join(' and ')} are left to machines that can.`)
  await buildTargets({ words, quick: true })
  await checkTargets({ words, quick: true })
})
