// `npm run build:targets [-- PLATFORM…]`: the addon for the platforms of npm/ (all eight, or those named, in part: `musl`),
// from one Linux machine, each into its folder of npm/, with its bytes checked before it may lie there.
import { copyFileSync, readFileSync, rmSync } from 'node:fs'
import { at, main, run, Stop, step } from '../lib.mjs'
import { faults, inspect } from './binary.mjs'
import { targets, tripleOf } from './targets.mjs'
import { crossEnvironment } from './tools.mjs'

/** The platforms whose name contains one of the words; all where there is none. */
function chosen(words) {
  const unknown = words.filter((word) => !Object.keys(targets).some((name) => name.includes(word)))
  if (unknown.length > 0)
    throw new Stop(`No platform is called ${unknown.join(', ')}. There are ${Object.keys(targets).join(', ')}`)
  return Object.entries(targets).filter(([name]) => words.length === 0 || words.some((word) => name.includes(word)))
}

async function build(platform, target, environment) {
  const binary = at('npm', platform, `ferrograd.${platform}.node`)
  rmSync(binary, { force: true })
  const options = ['--release', '--locked', '--manifest-path', 'crates/node/Cargo.toml', '--target', target.build]
  await run('cargo', ['zigbuild', ...options], { env: { ...environment, ...target.env } })
  const built = at('target/cross', tripleOf(target), 'release', target.file)
  const bytes = readFileSync(built)
  const wrong = faults(bytes, target)
  if (wrong.length > 0) throw new Stop(`${platform}: ${wrong.join('; ')}`)
  copyFileSync(built, binary)
  return { platform, megabytes: (bytes.length / 1e6).toFixed(2), ...described(inspect(bytes)) }
}

/** What the gates looked at, for the table. */
const described = ({ format, machine, needs, glibc, minos }) => ({
  format: `${format} ${machine}`,
  oldest: glibc ? `glibc ${glibc}` : minos ? `macOS ${minos}` : '',
  needs: needs.join(' '),
})

main(async () => {
  const list = chosen(process.argv.slice(2))
  const environment = await step('What builds them', crossEnvironment)
  const rows = []
  for (const [platform, target] of list) rows.push(await step(platform, () => build(platform, target, environment)))
  console.table(rows)
})
