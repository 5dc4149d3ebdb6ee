// Packs what would be published, installs it offline into an empty project, and checks it as its users will meet it: publint
// and attw on the tarball, tests of the project on what was installed, then each way of consuming it (consumers.mjs).
// `-- --all` adds those that need tools of their own.
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { consumers, furtherConsumers, installFurther, writeConsumer } from './consumers.mjs'
import { at, hostPlatform, main, run, Stop, step, tool } from './lib.mjs'
import { installFrom, packMain, packPlatform } from './pack.mjs'
import { setup } from './setup.mjs'

const all = process.argv.includes('--all')

const node = (packageName, bin, args, options) => run(process.execPath, [tool(packageName, bin), ...args], options)

/** The platform package of this machine, with the binary that was built here. */
function packHost(work) {
  const platform = hostPlatform()
  const binary = at('native', `ferrograd.${platform}.node`)
  if (!existsSync(binary)) throw new Stop(`There is no ${binary}; build it: npm run build:native`)
  return packPlatform(platform, binary, work)
}

const MEGABYTES = 12

/** What the package and its binary take of a user's disk. */
function checkSize(modules) {
  const bytes = readdirSync(modules, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .reduce((sum, found) => sum + statSync(join(found.parentPath, found.name)).size, 0)
  const size = `${(bytes / 1e6).toFixed(1)} MB installed`
  if (bytes > MEGABYTES * 1e6) throw new Stop(`${size}, more than ${MEGABYTES}`)
  console.log(`  ${size}`)
}

/** Most tests run on the sources; these on the code that was made of them, in parts that are read when they are used. */
const testInstalled = (folder) =>
  node('vitest', 'vitest', ['run', '--project', 'package', '--testTimeout=120000'], {
    env: { FERROGRAD_PACKAGE: join(folder, 'node_modules/ferrograd') },
  })

main(async () => {
  await setup()
  const work = mkdtempSync(join(tmpdir(), 'ferrograd-package-'))
  // A test becomes a user of few rights, who may read what is installed.
  chmodSync(work, 0o755)
  const folder = join(work, 'consumer')
  try {
    const tarballs = await step('packing', async () => [await packMain(work), await packHost(work)])
    await step('publint', () => node('publint', 'publint', ['--strict', tarballs[0]]))
    await step('attw', () => node('@arethetypeswrong/cli', 'attw', [tarballs[0], '--no-emoji']))
    writeConsumer(folder)
    await step('npm install ferrograd', () => installFrom(tarballs, folder, hostPlatform()))
    checkSize(join(folder, 'node_modules'))
    await step('tests of the project on what was installed', () => testInstalled(folder))
    for (const [name, check] of Object.entries(consumers)) await step(name, () => check(folder))
    if (all) {
      await step('installing webpack, Next.js and jest', installFurther)
      for (const [name, check] of Object.entries(furtherConsumers)) await step(name, () => check(folder))
    }
  } finally {
    rmSync(work, { recursive: true })
  }
})
