// `npm run check:platforms`: two platforms that are not this one are built and run in their short form, for every change: another
// processor and another C library. Before a release, build:targets and check:targets do all of it.
import { main, Stop } from '../lib.mjs'
import { buildTargets } from './build.mjs'
import { checkTargets } from './check.mjs'
import { whyNoneRuns } from './runners.mjs'

const words = ['linux-arm64-gnu', 'linux-x64-musl']

main(async () => {
  const why = whyNoneRuns()
  if (why !== undefined) return console.log(`${why}: ${words.join(' and ')} are left to machines that can.`)
  // An emulator has one thread to work with: the next platform is built beside it.
  const [checks, failures] = [[], []]
  const note = (error) => failures.push(error instanceof Stop ? error.message : error.stack)
  for (const word of words) {
    const job = { words: [word], quick: true }
    try {
      await buildTargets(job)
      checks.push(checkTargets(job).catch(note))
    } catch (error) {
      note(error)
    }
  }
  await Promise.all(checks)
  if (failures.length > 0) throw new Stop(failures.join('\n\n'))
})
