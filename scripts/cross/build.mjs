// `npm run build:targets [-- PLATFORM…]`: the addon for the platforms of npm/ (all eight, or those named, in part: `musl`),
// from one Linux machine, each into its folder of npm/, with its bytes checked before it may lie there.
// `--quick`: the same code optimised in pieces, into target/cross-quick, for check:targets alone.
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { at, isMain, main, run, Stop, step } from '../lib.mjs'
import { faults, inspect } from './binary.mjs'
import { asked, binaryOf, chosen, tripleOf } from './targets.mjs'
import { crossEnvironment } from './tools.mjs'

/** To optimise the code as a whole takes minutes a platform. */
const QUICK = {
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
}

async function build(platform, target, environment, quick) {
  const binary = binaryOf(platform, quick)
  const folder = at(quick ? 'target/cross-quick' : 'target/cross')
  rmSync(binary, { force: true })
  const options = ['--release', '--locked', '--manifest-path', 'crates/node/Cargo.toml', '--target', target.build]
  const env = { ...environment, CARGO_TARGET_DIR: folder, ...target.env, ...(quick ? QUICK : {}) }
  const output = await run('cargo', ['zigbuild', ...options], { env })
  // What only other processors and systems leave unused is seen here alone.
  if (warnings(output).length > 0) throw new Stop(`${platform} builds with warnings:\n${output}`)
  const built = join(folder, tripleOf(target), 'release', target.file)
  const bytes = readFileSync(built)
  // What is not optimised as a whole is larger, and not published.
  const wrong = faults(bytes, target, quick ? Number.POSITIVE_INFINITY : undefined)
  if (wrong.length > 0) throw new Stop(`${platform}: ${wrong.join('; ')}`)
  mkdirSync(dirname(binary), { recursive: true })
  copyFileSync(built, binary)
  return { platform, MB: (bytes.length / 1e6).toFixed(2), ...described(inspect(bytes)) }
}

/**
 * What cargo warns of in our crates. That there is no SDK of Apple's is none of it: zig brings what is linked against, and the
 * gates look at the versions in the file.
 */
const warnings = (output) =>
  /^warning: `ferrograd/m.test(output)
    ? [...output.matchAll(/^warning: (?!`ferrograd|invoking `"xcrun").*$/gm)].map(([line]) => line)
    : []

/** What the gates looked at, for the table. */
const described = ({ format, machine, needs, glibc, minos }) => ({
  format: `${format} ${machine}`,
  oldest: glibc ? `glibc ${glibc}` : minos ? `macOS ${minos}` : '',
  needs: needs.join(' '),
})

export async function buildTargets({ words, quick }) {
  const list = chosen(words)
  const environment = await step('What builds other platforms', crossEnvironment)
  const rows = []
  for (const [platform, target] of list)
    rows.push(await step(`Building ${platform}`, () => build(platform, target, environment, quick)))
  console.table(rows)
}

if (isMain(import.meta.url)) main(() => buildTargets(asked()))
