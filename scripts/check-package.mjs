// Packs what would be published, installs it into an empty project, and checks it as its users will meet it:
// publint and attw on the tarball, then ESM and CommonJS consumers that import every entry, type-checked and run.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { at, main, readJson, run, Stop, step, tool } from './lib.mjs'
import { setup } from './setup.mjs'

const { exports, version } = readJson(at('package.json'))
const specifiers = Object.keys(exports)
  .filter((key) => key !== './package.json')
  .map((key) => `ferrograd${key.slice(1)}`)

const node = (packageName, bin, args, options) => run(process.execPath, [tool(packageName, bin), ...args], options)

async function pack(folder, destination) {
  const output = await run('npm', ['pack', folder, '--json', '--ignore-scripts', '--pack-destination', destination])
  const list = JSON.parse(output.slice(output.search(/^[[{]/m)))
  return join(destination, Object.values(list)[0].filename)
}

/** The platform package of this machine: its folder of `npm/`, with the binary that was built here. */
async function packPlatform(work) {
  const binary = readdirSync(at('native')).find((name) => /^ferrograd\..*\.node$/.test(name))
  if (binary === undefined) throw new Stop('native/ holds no binary; build it with: npm run build:native')
  const [, platform] = binary.split('.')
  const folder = join(work, 'platform')
  cpSync(at('npm', platform), folder, { recursive: true })
  cpSync(at('native', binary), join(folder, binary))
  if (readJson(join(folder, 'package.json')).version !== version)
    throw new Stop(`npm/${platform} is not of version ${version}`)
  return pack(folder, work)
}

/** Every entry must import, hold something, and be reachable from the root as a namespace of its own name. */
const consumer = (load) => `${specifiers.map((name, i) => load(`entry${i}`, name)).join('\n')}
const entries: Record<string, object> = { ${specifiers.map((name, i) => `'${name}': entry${i}`).join(', ')} }
for (const [name, entry] of Object.entries(entries)) {
  if (Object.keys(entry).length === 0) throw new Error(name + ' exports nothing')
  const namespace = name.split('/')[1]
  if (namespace !== undefined && !(namespace in entry0)) throw new Error('ferrograd does not export ' + namespace)
}
const version: string = entry0.version()
if (version !== '${version}') throw new Error('the native core is of version ' + version)
`

/** `skipLibCheck` stays off: our own declarations are checked in full. */
const consumerConfig = {
  compilerOptions: {
    target: 'ES2022',
    module: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [at('node_modules/@types')],
    outDir: 'out',
  },
  files: ['esm.mts', 'cjs.cts'],
}

function writeConsumer(folder) {
  mkdirSync(folder)
  const files = {
    'package.json': JSON.stringify({ name: 'consumer', private: true }),
    'tsconfig.json': JSON.stringify(consumerConfig),
    'esm.mts': consumer((name, specifier) => `import * as ${name} from '${specifier}'`),
    'cjs.cts': consumer((name, specifier) => `import ${name} = require('${specifier}')`),
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
}

main(async () => {
  await setup()
  const work = mkdtempSync(join(tmpdir(), 'ferrograd-package-'))
  const folder = join(work, 'consumer')
  try {
    const tarballs = await step('packing', async () => [await pack('.', work), await packPlatform(work)])
    await step('publint', () => node('publint', 'publint', ['--strict', tarballs[0]]))
    await step('attw', () => node('@arethetypeswrong/cli', 'attw', [tarballs[0], '--profile', 'node16', '--no-emoji']))
    writeConsumer(folder)
    const quiet = ['--offline', '--no-audit', '--no-fund', '--loglevel=error']
    await step('installing the tarballs', () => run('npm', ['install', ...tarballs, ...quiet], { cwd: folder }))
    await step('types of ESM and CommonJS consumers', () => node('typescript', 'tsc', ['-p', folder]))
    await step('running as ESM', () => run(process.execPath, [join(folder, 'out/esm.mjs')]))
    await step('running as CommonJS', () => run(process.execPath, [join(folder, 'out/cjs.cjs')]))
  } finally {
    rmSync(work, { recursive: true })
  }
})
