// `npm run check:targets [-- PLATFORM…]`: what build:targets built for the platforms that this machine can run (all, or those
// named) is installed from its tarballs, trains to the losses of this machine's own addon, and runs tests of the project.
// `--quick` takes the binaries of `build:targets -- --quick`, one Node.js and a few tests: what CI does for every change.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readReport } from '../counts.mjs'
import { at, hostPlatform, isMain, main, run, Stop, step } from '../lib.mjs'
import { optionsFor, packMain, packPlatform } from '../pack.mjs'
import { setup } from '../setup.mjs'
import { here, install, runIn, train } from './consumer.mjs'
import { runners, whyNoneRuns } from './runners.mjs'
import { asked, binaryOf, chosen } from './targets.mjs'

/**
 * How far losses may be from this machine's, relative: not at all where processor and instruction set are the same. Vectors of
 * another width add in another order, and a processor without fused products rounds twice: some units in the last of 24 bits,
 * which a training carries on; past fifteen epochs of the digits they are a thousandth of the loss.
 */
const ELSEWHERE = 1e-5
const EPOCHS = { whole: 12, quick: 5 }

const of = (...names) => names.map((name) => `__test__/${name}`)

/** Tests that ask for instructions and for numbers that each of them gives: what CI has time for under an emulator. */
const FEW_TESTS = of('instruction-set', 'gradient', 'ops/')
const SOME_TESTS = [...FEW_TESTS, ...of('losses/', 'optimizers/')]
/** Whatever may differ between processors. */
const MOST_TESTS = [...SOME_TESTS, ...of('layers/', 'metrics/', 'saving/', 'data/')]
const ALL_TESTS = []

function testsFor({ emulated }, quick) {
  if (quick) return emulated ? FEW_TESTS : SOME_TESTS
  return emulated ? MOST_TESTS : ALL_TESTS
}

/** The largest relative difference between two lists of losses. */
const distance = (a, b) => Math.max(...a.map((loss, i) => Math.abs(loss - b[i]) / b[i]))

function compare(platform, found, wanted) {
  const away = distance(found.losses, wanted.losses)
  const allowed = found.instructionSet === wanted.instructionSet ? 0 : ELSEWHERE
  if (!(away <= allowed))
    throw new Stop(
      `${platform}: losses ${found.losses.join(' ')} are not those of this machine, ${wanted.losses.join(' ')}`,
    )
  return away
}

/** A copy of the project with packages of the platform and its binary alone. */
async function projectCopy(folder, platform, binary) {
  const files = (await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])).split('\0')
  rmSync(folder, { recursive: true, force: true })
  for (const file of files.filter((name) => name !== '' && existsSync(at(name)))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(at(file), join(folder, file))
  }
  for (const built of ['dist', 'native/index.cjs', 'native/index.d.cts'])
    cpSync(at(built), join(folder, built), { recursive: true })
  cpSync(binary, join(folder, 'native', `ferrograd.${platform}.node`))
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', ['ci', ...optionsFor(platform), ...quiet], { cwd: folder })
}

async function runTests(runner, folder, part) {
  const report = join(folder, 'report.json')
  const reporters = ['--reporter=json', `--outputFile.json=${report}`]
  // An emulator takes a minute to read the sources: once, then.
  const patient = runner.emulated ? ['--testTimeout=600000', '--no-isolate', '--maxWorkers=1'] : []
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'all', ...reporters, ...patient, ...part]
  const { output } = await runIn(runner, args, folder)
  const counts = readReport(report)
  if (counts.passed === 0 || counts.failed > 0)
    throw new Stop(`${output}\n${counts.passed} passed, ${counts.failed} failed`)
  return `${counts.passed} passed${part.length > 0 ? ' (a part)' : ''}`
}

const AREA = 'target/cross-run'

/** Everything that is checked of one platform; a row of the table. */
async function check(platform, { main, reference, work, quick, epochs }) {
  const { on, majors, get, why } = runners[platform]
  if (why !== undefined) return { platform, tests: `not run: ${why}` }
  const binary = binaryOf(platform, quick)
  const command = `npm run build:targets --${quick ? ' --quick' : ''} ${platform}`
  if (!existsSync(binary)) throw new Stop(`There is no ${binary}: ${command}`)
  const [consumer, project] = ['consumer', 'project'].map((name) => at(AREA, platform, name))
  const tarballs = [main, await packPlatform(platform, binary, work)]
  await step(`${platform}: npm install ferrograd`, () => install(consumer, tarballs, platform))
  const found = []
  for (const major of quick ? majors.slice(-1) : majors) {
    const runner = await step(`${platform}: Node.js ${major}`, () => get(major))
    const trained = await step(`${platform}: training on the digits`, () => train(runner, consumer, epochs))
    found.push({ runner, ...trained, away: compare(platform, trained, reference) })
  }
  const { runner, accuracy, away } = found.at(-1)
  await step(`${platform}: a copy of the project`, () => projectCopy(project, platform, binary))
  const tests = await step(`${platform}: tests`, () => runTests(runner, project, testsFor(runner, quick)))
  return {
    platform,
    MB: (statSync(binary).size / 1e6).toFixed(2),
    'run on': `${on}, Node.js ${found.map(({ version }) => version.slice(1)).join(', ')}`,
    digits: `${(100 * accuracy).toFixed(1)} %`,
    losses: away === 0 ? 'the same bits' : `within ${away.toExponential(0)}`,
    tests,
  }
}

/** What this machine's own addon comes to, installed in the same way. */
async function trainHere(main, work, epochs) {
  const platform = hostPlatform()
  const folder = join(work, 'reference')
  const binary = at('native', `ferrograd.${platform}.node`)
  await install(folder, [main, await packPlatform(platform, binary, work)], platform)
  return train(here, folder, epochs)
}

export async function checkTargets({ words, quick }) {
  const why = whyNoneRuns()
  if (why !== undefined) throw new Stop(why)
  const list = chosen(words)
  await setup()
  mkdirSync(at(AREA), { recursive: true })
  const work = mkdtempSync(at(AREA, 'tarballs-'))
  const epochs = quick ? EPOCHS.quick : EPOCHS.whole
  const [rows, failures] = [[], []]
  try {
    const main = await step('Packing', () => packMain(work))
    const reference = await step('Training on the digits here', () => trainHere(main, work, epochs))
    for (const [platform] of list) {
      try {
        rows.push(await check(platform, { main, reference, work, quick, epochs }))
      } catch (error) {
        failures.push(error instanceof Stop ? error.message : error.stack)
      }
    }
  } finally {
    rmSync(work, { recursive: true })
  }
  console.table(rows)
  if (failures.length > 0) throw new Stop(failures.join('\n\n'))
}

if (isMain(import.meta.url)) main(() => checkTargets(asked()))
