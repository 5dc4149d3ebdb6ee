// What every script here shares: where the root is, how a step is shown, how a command is run, when a build is stale.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const at = (...parts) => join(root, ...parts)
export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** A failure that the user can act on: shown as its message alone, without a stack. */
export class Stop extends Error {}

/** Runs a script's body; a `Stop` ends the process with its message and exit code 1. */
export async function main(body) {
  try {
    await body()
  } catch (error) {
    console.error(error instanceof Stop ? `\n${error.message}` : error)
    process.exitCode = 1
  }
}

/** True where the module of this URL is the script that Node was started with (by a path that may hold links). */
export const isMain = (url) => process.argv[1] !== undefined && fileURLToPath(url) === realpathSync(process.argv[1])

/** The step whose line is begun and not ended. */
let begun

/** Ends the line of a step, where another one's has come between a whole line of its own. */
function endLine(own, title, end) {
  if (begun === own) console.log(end)
  else console.log(`${begun === undefined ? '' : '\n'}• ${title} … ${end}`)
  begun = undefined
}

/** Does `work` and prints one line: what, and how long it took. Steps may run beside each other. */
export async function step(title, work) {
  const own = {}
  if (begun === undefined) {
    process.stdout.write(`• ${title} … `)
    begun = own
  }
  const start = performance.now()
  try {
    const result = await work()
    endLine(own, title, `${((performance.now() - start) / 1000).toFixed(1)} s`)
    return result
  } catch (error) {
    endLine(own, title, 'failed')
    throw error
  }
}

/** Programs see a pipe, so colours must be asked for where a person watches. */
const colours = () => (process.stdout.isTTY ? { FORCE_COLOR: '1', CARGO_TERM_COLOR: 'always' } : {})

/** Runs a command to its end; gives its exit code and all it printed, and shows that as it comes where `show` is set. */
export function capture(command, args, { show = false, cwd = root, env = {} } = {}) {
  return new Promise((resolve) => {
    const shell = process.platform === 'win32' && command === 'npm'
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...(show ? colours() : {}), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell,
    })
    let output = ''
    const take = (stream) => (chunk) => {
      output += chunk
      if (show) stream.write(chunk)
    }
    child.stdout.setEncoding('utf8').on('data', take(process.stdout))
    child.stderr.setEncoding('utf8').on('data', take(process.stderr))
    child.on('error', (error) => resolve({ code: 127, output: String(error) }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** Runs a command that must succeed; its output is shown only where it does not. */
export async function run(command, args, options) {
  const { code, output } = await capture(command, args, options)
  if (code !== 0) throw new Stop(`${output.trimEnd()}\n\n${command} ${args.join(' ')} failed (exit code ${code}).`)
  return output
}

/** Runs a command with the terminal handed over to it; gives its exit code. */
export function handOver(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' })
    // Ctrl-C reaches the child as well: it decides how to end, and its exit code is ours.
    process.on('SIGINT', () => {})
    child.on('close', (code) => resolve(code ?? 1))
  })
}

/** The path of the program `bin` of an installed package, to be run by Node itself (no shell, the same on Windows). */
export function tool(packageName, bin = packageName) {
  const folder = at('node_modules', packageName)
  const { bin: bins } = readJson(join(folder, 'package.json'))
  return join(folder, typeof bins === 'string' ? bins : bins[bin])
}

/** Every file under the given files and folders, as sorted paths relative to the root; folders named in `skip` are left out. */
export function filesUnder(paths, skip = []) {
  const found = []
  const visit = (path) => {
    if (!statSync(path).isDirectory()) return found.push(relative(root, path).split(sep).join('/'))
    for (const name of readdirSync(path)) if (!skip.includes(name)) visit(join(path, name))
  }
  for (const path of paths) if (existsSync(at(path))) visit(at(path))
  return found.sort()
}

/** How binaries for this machine are called: `linux-x64-gnu`, `darwin-arm64`, `win32-x64-msvc`. */
export function hostPlatform() {
  const { platform, arch, report } = process
  report.excludeNetwork = true
  const libc = () => (report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'gnu')
  const abi = { linux: libc, win32: () => 'msvc' }[platform]?.()
  return [platform, arch, abi].filter(Boolean).join('-')
}

/** A fingerprint of the contents of files, which survives what modification times do not (clones, branches, caches). */
export function fingerprint(files) {
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(at(file)))
      .update('\0')
  return hash.digest('hex')
}

/** Whether `stamp` holds this fingerprint. */
export const isStamped = (stamp, value) => existsSync(at(stamp)) && readFileSync(at(stamp), 'utf8') === value
export const writeStamp = (stamp, value) => writeFileSync(at(stamp), value)
