// The ways in which users consume the package: each is a name, and what is done in a folder where it has been installed.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fencedBlocks } from './check-examples.mjs'
import { at, capture, readJson, run, Stop, tool } from './lib.mjs'

const { exports, version } = readJson(at('package.json'))
const specifiers = Object.keys(exports)
  .filter((key) => key !== './package.json')
  .map((key) => `ferrograd${key.slice(1)}`)

const imported = (name, specifier) => `import * as ${name} from '${specifier}'`
const required = (name, specifier) => `import ${name} = require('${specifier}')`

/** Every entry must import, hold something, and be reachable from the root as a namespace of its own name. */
const entriesProgram = (load) => `${specifiers.map((name, i) => load(`entry${i}`, name)).join('\n')}
const entries: Record<string, object> = { ${specifiers.map((name, i) => `'${name}': entry${i}`).join(', ')} }
for (const [name, entry] of Object.entries(entries)) {
  if (Object.keys(entry).length === 0) throw new Error(name + ' exports nothing')
  const namespace = name.split('/')[1]
  if (namespace !== undefined && !(namespace in entry0)) throw new Error('ferrograd does not export ' + namespace)
}
const version: string = entry0.version()
if (version !== '${version}') throw new Error('the native core is of version ' + version)
`

/** A training that ends well, off the main thread, with a file written and read where that is allowed. */
const TRAINING = `
const { config, Sequential } = ferrograd
const { Dense } = layers
async function trained() {
  config.setSeed(1)
  const model = new Sequential([new Dense({ units: 8, activation: 'tanh', inputShape: [2] }), new Dense({ units: 1, activation: 'sigmoid' })])
  model.compile({ optimizer: new ferrograd.optimizers.Adam({ learningRate: 0.1 }), loss: 'binaryCrossentropy' })
  const { history } = await model.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], { epochs: 200, verbose: 0 })
  const loss = history.loss.at(-1)
  if (!(loss < 0.1)) throw new Error('xor was not learnt: ' + loss)
  return { loss, model }
}
const train = async () => (await trained()).loss
const saved = async () => (await trained()).model.save('model.keras')
`
const esmTraining = `import * as ferrograd from 'ferrograd'\nimport * as layers from 'ferrograd/layers'\n${TRAINING}`
const cjsTraining = `const ferrograd = require('ferrograd')\nconst layers = require('ferrograd/layers')\n${TRAINING}`
const PRINT = "console.log('loss', await train())"
const CJS_PRINT = "train().then((loss) => console.log('loss', loss))"

const WORKER = `${cjsTraining}
const { isMainThread, parentPort, Worker } = require('node:worker_threads')
if (isMainThread)
  train().then((here) => new Worker(__filename).on('message', (there) => {
    if (here !== there) throw new Error(here + ' here and ' + there + ' in a worker')
    console.log('loss', there)
  }))
else train().then((loss) => parentPort.postMessage(loss))
`
const ASK = `
import { handler } from './index.mjs'
const { statusCode, body } = await handler({ body: '[0, 1]' })
const [[answer]] = JSON.parse(body)
if (statusCode !== 200 || !(answer > 0.9)) throw new Error(statusCode + ' ' + body)
`
const NEXT_FILES = {
  'package.json': JSON.stringify({ name: 'app', private: true }),
  // The project around it has a lock file, too.
  'next.config.mjs': `const root = import.meta.dirname
    export default { output: 'standalone', serverExternalPackages: ['ferrograd'], outputFileTracingRoot: root, turbopack: { root } }`,
  'app/layout.js': 'export default ({ children }) => <html><body>{children}</body></html>',
  'app/page.js': "import { version } from 'ferrograd'\nexport default () => <p>ferrograd {version()}</p>",
  'app/double/route.js': `import { tensor } from 'ferrograd'
export const dynamic = 'force-dynamic'
export const GET = async () => Response.json(await tensor([1, 2, 3]).mul(2).array())`,
}
const TEST = "test('trains', async () => { expect(await train()).toBeLessThan(0.1) })"

const FILES = {
  'package.json': JSON.stringify({ name: 'consumer', private: true }),
  'esm.mts': entriesProgram(imported),
  'cjs.cts': entriesProgram(required),
  'node10.ts': entriesProgram(imported),
  'bundler.ts': entriesProgram(imported),
  'train.mjs': `${esmTraining}\n${PRINT}`,
  'train.cjs': `${cjsTraining}\n${CJS_PRINT}`,
  'worker.cjs': WORKER,
  'train.test.mjs': `${esmTraining}\n${TEST}`,
  'train.test.cjs': `${cjsTraining}\n${TEST}`,
  'jest.config.json': JSON.stringify({ testMatch: ['**/*.test.cjs'] }),
}

export function writeConsumer(folder) {
  mkdirSync(folder)
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text)
}

/** `skipLibCheck` stays off: our own declarations are checked in full. */
async function types(folder, name, files, options) {
  const compilerOptions = {
    target: 'ES2022',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ['node'],
    typeRoots: [at('node_modules/@types')],
    outDir: 'out',
    ...options,
  }
  const config = join(folder, `tsconfig.${name}.json`)
  writeFileSync(config, JSON.stringify({ compilerOptions, files }))
  await run(process.execPath, [tool('typescript', 'tsc'), '-p', config])
}

const node = (folder, ...args) => run(process.execPath, args, { cwd: folder })

/** Bundles with the package left outside, and runs what came out. */
async function esbuild(folder) {
  // esbuild's own types and API come with tsx.
  const { build } = createRequire(at('node_modules/tsx/package.json'))('esbuild')
  const outfile = join(folder, 'bundle.mjs')
  const options = { bundle: true, platform: 'node', format: 'esm', external: ['ferrograd'], logLevel: 'silent' }
  await build({ ...options, entryPoints: [join(folder, 'train.mjs')], outfile })
  await node(folder, outfile)
}

/** As esbuild, by the option that Rollup and Rolldown share. */
async function rolldown(folder) {
  const { build } = await import('rolldown')
  const file = join(folder, 'rolldown.mjs')
  const input = join(folder, 'train.mjs')
  await build({ input, platform: 'node', external: /^ferrograd/, output: { file, format: 'esm' } })
  await node(folder, file)
}

/** What a server renders with, as Vite builds it; the package stays outside. */
async function vite(folder) {
  // Vite comes with vitest.
  const { build } = await import(pathToFileURL(createRequire(at('node_modules/vitest/package.json')).resolve('vite')))
  const output = { ssr: 'train.mjs', outDir: 'vite' }
  await build({ root: folder, configFile: false, logLevel: 'warn', ssr: { external: ['ferrograd'] }, build: output })
  const file = join(folder, 'vite', readdirSync(join(folder, 'vite'))[0])
  if (!/from ["']ferrograd\/layers["']/.test(readFileSync(file, 'utf8')))
    throw new Stop('Vite took the package into its bundle')
  await node(folder, file)
}

const CONSUMERS = 'tools/consumers'

async function webpack(folder) {
  const bundle = createRequire(at(CONSUMERS, 'package.json'))('webpack')
  const externals = [({ request }, done) => done(null, /^ferrograd(\/|$)/.test(request) && `commonjs ${request}`)]
  const output = { path: join(folder, 'webpack'), filename: 'main.cjs' }
  const config = { context: folder, entry: './train.cjs', target: 'node', mode: 'production', externals, output }
  await new Promise((resolve, reject) => {
    bundle(config, (error, stats) =>
      error || stats.hasErrors() ? reject(error ?? new Stop(stats.toString({ colors: false }))) : resolve(),
    )
  })
  await node(folder, join(folder, 'webpack/main.cjs'))
}

const QUIET = { NEXT_TELEMETRY_DISABLED: '1' }

/** One that nobody listens at. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** A page and a route, built with the package left outside, as the folder that goes into a container; then asked for. */
async function next(folder) {
  const app = join(folder, 'next')
  const modules = join(app, 'node_modules')
  cpSync(at(CONSUMERS, 'node_modules'), modules, { recursive: true })
  for (const name of readdirSync(join(folder, 'node_modules')).filter((one) => one.startsWith('ferrograd')))
    cpSync(join(folder, 'node_modules', name), join(modules, name), { recursive: true })
  for (const [name, text] of Object.entries(NEXT_FILES)) {
    mkdirSync(dirname(join(app, name)), { recursive: true })
    writeFileSync(join(app, name), text)
  }
  await run(process.execPath, [join(modules, 'next/dist/bin/next'), 'build'], { cwd: app, env: QUIET })
  const [standalone, port] = [join(app, '.next/standalone'), await freePort()]
  const env = { ...process.env, ...QUIET, PORT: String(port), HOSTNAME: '127.0.0.1' }
  const server = spawn(process.execPath, [join(standalone, 'server.js')], { cwd: standalone, env })
  try {
    await new Promise((resolve, reject) => {
      server.stdout.on('data', (text) => String(text).includes('Ready') && resolve())
      server.on('exit', () => reject(new Stop('The server of Next.js ended')))
    })
    const answer = await (await fetch(`http://127.0.0.1:${port}/double`)).text()
    if (answer !== '[2,4,6]') throw new Stop(`The route answered ${answer}`)
  } finally {
    server.kill()
  }
}

/** The handler of docs/deploying.md beside its model and what it needs, alone in a folder, as the zip of a function is. */
async function lambda(folder) {
  const place = join(folder, 'function')
  const lines = readFileSync(at('docs/deploying.md'), 'utf8').split('\n')
  const from = lines.indexOf('## AWS Lambda')
  const { first, last } = fencedBlocks(lines.slice(from)).find(({ flags }) => flags !== undefined)
  cpSync(join(folder, 'node_modules'), join(place, 'node_modules'), { recursive: true })
  writeFileSync(join(place, 'index.mjs'), lines.slice(from + first + 1, from + last).join('\n'))
  writeFileSync(join(place, 'save.mjs'), `${esmTraining}\nawait saved()`)
  writeFileSync(join(place, 'ask.mjs'), ASK)
  await node(place, 'save.mjs')
  await node(place, 'ask.mjs')
}

const vitest = (folder, pool) => node(folder, tool('vitest'), 'run', '--globals', '--pool', pool, '--root', folder)
const jest = (folder) =>
  node(
    folder,
    at(CONSUMERS, 'node_modules/jest/bin/jest.js'),
    '--rootDir',
    folder,
    '-c',
    join(folder, 'jest.config.json'),
  )

/** With no rights but to read its folder and to load addons. */
function permission(folder) {
  const flag = ['--permission', '--experimental-permission'].find((name) =>
    process.allowedNodeEnvironmentFlags.has(name),
  )
  return node(folder, flag, '--allow-addons', `--allow-fs-read=${join(folder, '*')}`, join(folder, 'train.mjs'))
}

/** In a mount that nobody can write to, as containers with a read-only root have it. */
async function readOnly(folder) {
  const script = `mount --bind "${folder}" "${folder}" && mount -o remount,bind,ro "${folder}" &&
    ! touch "${folder}/written" 2>/dev/null && cd "${folder}" && exec "${process.execPath}" train.mjs`
  await run('unshare', ['--mount', '--map-root-user', 'sh', '-c', script])
}

/** Without a binary the error names what was looked for, and what to do. */
async function withoutBinary(folder) {
  const modules = join(folder, 'node_modules')
  const platform = readdirSync(modules).find((name) => name.startsWith('ferrograd-'))
  renameSync(join(modules, platform), join(folder, 'aside'))
  const { code, output } = await capture(process.execPath, ['train.mjs'], { cwd: folder })
  renameSync(join(folder, 'aside'), join(modules, platform))
  const wanted = [
    `no binary loads on ${process.platform}-${process.arch}`,
    platform,
    'ERR_ADDON',
    'npm/cli/issues/4828',
  ]
  const lacking = wanted.filter((text) => !output.includes(text))
  if (code === 0 || lacking.length > 0)
    throw new Stop(`Without a binary: no word of ${lacking.join(', ')} in\n${output}`)
}

// The declarations themselves are checked once, the first time.
const NODE_NEXT = { module: 'NodeNext' }
const NODE_10 = {
  skipLibCheck: true,
  module: 'CommonJS',
  moduleResolution: 'node10',
  ignoreDeprecations: '6.0',
  noEmit: true,
}
const BUNDLER = { skipLibCheck: true, module: 'ESNext', moduleResolution: 'bundler', noEmit: true }

/** What needs nothing but the project's own tools. */
export const consumers = {
  'types of ESM and CommonJS': (folder) => types(folder, 'node', ['esm.mts', 'cjs.cts'], NODE_NEXT),
  'types with moduleResolution node10': (folder) => types(folder, 'node10', ['node10.ts'], NODE_10),
  'types with moduleResolution bundler': (folder) => types(folder, 'bundler', ['bundler.ts'], BUNDLER),
  'every entry as ESM': (folder) => node(folder, 'out/esm.mjs'),
  'every entry as CommonJS': (folder) => node(folder, 'out/cjs.cjs'),
  'a training as ESM': (folder) => node(folder, 'train.mjs'),
  'a training as CommonJS': (folder) => node(folder, 'train.cjs'),
  'a training in a worker thread, with the same loss': (folder) => node(folder, 'worker.cjs'),
  'bundled by esbuild': esbuild,
  'bundled by Rolldown, as by Rollup': rolldown,
  'built by Vite for a server': vite,
  'the function of AWS Lambda in the documents': lambda,
  "a user's vitest, in processes": (folder) => vitest(folder, 'forks'),
  "a user's vitest, in threads": (folder) => vitest(folder, 'threads'),
  'node --permission': permission,
  ...(process.platform === 'linux' ? { 'a read-only file system': readOnly } : {}),
  'the error where there is no binary': withoutBinary,
}

/** What has its tools in tools/consumers: `npm run check:package -- --all`. */
export const furtherConsumers = { 'bundled by webpack': webpack, 'a server of Next.js': next, "a user's jest": jest }

export async function installFurther() {
  const installed = at(CONSUMERS, 'node_modules/.package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(at(CONSUMERS, 'package-lock.json')).mtimeMs)
    return
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: at(CONSUMERS) })
}
