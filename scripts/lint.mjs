// `npm run lint`: every check that is not a test. All of them run; one failure fails the whole.
import { existsSync } from 'node:fs'
import { checkExamples } from './check-examples.mjs'
import { checkGenerated } from './generate.mjs'
import { at, main, run, Stop, step, tool } from './lib.mjs'
import { checkRust, setup } from './setup.mjs'

const node = (packageName, bin, args) => run(process.execPath, [tool(packageName, bin), ...args])

const checks = {
  rustfmt: () => run('cargo', ['fmt', '--all', '--check']),
  clippy: () => run('cargo', ['clippy', '--workspace', '--all-targets', '--locked', '--', '-D', 'warnings']),
  'generated files': checkGenerated,
  tsc: () => node('typescript', 'tsc', ['--project', 'tsconfig.json']),
  biome: () => node('@biomejs/biome', 'biome', ['check', '--error-on-warnings']),
  'examples in comments and documents': checkExamples,
}
if (!existsSync(at('crates/graph/src/bin/generate.rs'))) delete checks['generated files']

main(async () => {
  await checkRust()
  await setup({ typescript: false })
  const failures = []
  for (const [name, check] of Object.entries(checks)) {
    await step(name, check).catch((error) => failures.push(error instanceof Stop ? error.message : error.stack))
  }
  if (failures.length > 0) throw new Stop(failures.join('\n\n'))
})
