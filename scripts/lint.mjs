// `npm run lint`: every check that is not a test. All of them run; one failure fails the whole.
import { checkExamples } from './check-examples.mjs'
import { main, run, Stop, step, tool } from './lib.mjs'
import { checkRust, setup } from './setup.mjs'

const node = (packageName, bin, args) => run(process.execPath, [tool(packageName, bin), ...args])

const ofRust = {
  rustfmt: () => run('cargo', ['fmt', '--all', '--check']),
  clippy: () => run('cargo', ['clippy', '--workspace', '--all-targets', '--locked', '--', '-D', 'warnings']),
}
const ofTypeScript = {
  tsc: () => node('typescript', 'tsc', ['--project', 'tsconfig.json']),
  biome: () => node('@biomejs/biome', 'biome', ['check', '--error-on-warnings']),
  'examples in comments and documents': checkExamples,
}

main(async () => {
  await checkRust()
  const failures = []
  const all = async (checks) => {
    for (const [name, check] of Object.entries(checks)) {
      await step(name, check).catch((error) => failures.push(error instanceof Stop ? error.message : error.stack))
    }
  }
  // The core is optimised as a whole, by one thread: the checks of Rust go on beside it.
  await Promise.all([setup({ typescript: false }), all(ofRust)])
  await all(ofTypeScript)
  if (failures.length > 0) throw new Stop(failures.join('\n\n'))
})
