// Packs what would be published, installs it offline into an empty project, and checks it as its users will meet it: publint
// and attw on the tarball, then each way of consuming it (consumers.mjs). `-- --all` adds those that need tools of their own.
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { consumers, furtherConsumers, installFurther, writeConsumer } from './consumers.mjs'
import { at, hostPlatform, main, readJson, run, Stop, step, tool } from './lib.mjs'
import { setup } from './setup.mjs'

const { version } = readJson(at('package.json'))
const all = process.argv.includes('--all')

const node = (packageName, bin, args, options) => run(process.execPath, [tool(packageName, bin), ...args], options)

async function pack(folder, destination) {
  const output = await run('npm', ['pack', folder, '--json', '--ignore-scripts', '--pack-destination', destination])
  const list = JSON.parse(output.slice(output.search(/^[[{]/m)))
  return join(destination, Object.values(list)[0].filename)
}

/** The platform package of this machine: its folder of `npm/`, with the binary that was built here. */
async function packPlatform(work) {
  const platform = hostPlatform()
  const binary = `ferrograd.${platform}.node`
  if (!existsSync(at('native', binary))) throw new Stop(`There is no native/${binary}; build it: npm run build:native`)
  const folder = join(work, 'platform')
  cpSync(at('npm', platform), folder, { recursive: true })
  cpSync(at('native', binary), join(folder, binary))
  if (readJson(join(folder, 'package.json')).version !== version)
    throw new Stop(`npm/${platform} is not of version ${version}`)
  return pack(folder, work)
}

main(async () => {
  await setup()
  const work = mkdtempSync(join(tmpdir(), 'ferrograd-package-'))
  const folder = join(work, 'consumer')
  try {
    const tarballs = await step('packing', async () => [await pack('.', work), await packPlatform(work)])
    await step('publint', () => node('publint', 'publint', ['--strict', tarballs[0]]))
    await step('attw', () => node('@arethetypeswrong/cli', 'attw', [tarballs[0], '--no-emoji']))
    writeConsumer(folder)
    const quiet = ['--offline', '--no-audit', '--no-fund', '--loglevel=error']
    await step('installing the tarballs', () => run('npm', ['install', ...tarballs, ...quiet], { cwd: folder }))
    for (const [name, check] of Object.entries(consumers)) await step(name, () => check(folder))
    if (all) {
      await step('installing webpack and jest', installFurther)
      for (const [name, check] of Object.entries(furtherConsumers)) await step(name, () => check(folder))
    }
  } finally {
    rmSync(work, { recursive: true })
  }
})
