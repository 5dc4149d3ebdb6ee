/** The sides of the bench: processes that answer one request at a time, pinned to the same cores. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Workload, work } from './workload.js'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The peers that may stand beside ours. `jax` calls a compiled step for each batch, `jaxScan` one for each epoch. */
export const PEERS = ['torch', 'jax', 'jaxScan', 'tfjs'] as const
export type Peer = (typeof PEERS)[number]
export type SideName = 'ours' | Peer

export const TITLES: Readonly<Record<SideName, string>> = {
  ours: 'ferrograd',
  torch: 'PyTorch',
  jax: 'JAX',
  jaxScan: 'JAX scan',
  tfjs: 'tfjs',
}

/** The best of these is what a mark is held against: both train in a loop of steps, as a user writes it. */
export const RIVALS: readonly Peer[] = ['torch', 'jax']

/** The script of a side and what it is called with besides the threads. */
const SCRIPTS: Readonly<Record<SideName, readonly [file: string, ...args: string[]]>> = {
  ours: ['./ours.mjs'],
  torch: ['./peers/torch_side.py'],
  jax: ['./peers/jax_side.py', 'step'],
  jaxScan: ['./peers/jax_side.py', 'scan'],
  tfjs: ['./peers/tfjs_side.mjs'],
}

/** The Python that has the peers: as asked for, or what `npm run bench:setup` made, or the system's. */
export function findPython(asked: string | undefined): string {
  const own = here('./peers/.venv/bin/python')
  return asked ?? process.env.FERROGRAD_PYTHON ?? (existsSync(own) ? own : 'python3')
}

/** Which of the peers are installed. */
export function installed(peers: readonly Peer[], python: string): Peer[] {
  const probe =
    'import importlib.util as u; print([m for m in ("torch", "jax") if u.find_spec(m) and u.find_spec("numpy")])'
  const modules = spawnSync(python, ['-c', probe], { encoding: 'utf8' }).stdout ?? ''
  const has: Readonly<Record<Peer, boolean>> = {
    torch: modules.includes('torch'),
    jax: modules.includes('jax'),
    jaxScan: modules.includes('jax'),
    tfjs: existsSync(here('./peers/node_modules/@tensorflow/tfjs/package.json')),
  }
  return peers.filter((peer) => has[peer])
}

/** The most work of a step, in floating-point operations, with which tfjs is bothered: it does about a billion a second. */
const TFJS_MOST = 1e8

/** Why a peer sits a workload out, if it does. */
export function sitsOut(peer: Peer, workload: Workload, threads: number): string | undefined {
  if (workload.peers?.includes(peer) === false) return `${TITLES[peer]} has nothing to compare`
  if (peer === 'jaxScan' && workload.task !== 'train') return 'it is one call'
  if (peer === 'tfjs' && workload.transformer) return 'tfjs has no attention'
  if (peer === 'tfjs' && workload.pictures) return 'tfjs has no networks for pictures here'
  if (peer !== 'tfjs') return undefined
  if (workload.recurrent) return 'tfjs has other defaults of recurrent layers'
  if (threads > 1) return 'tfjs computes on one thread'
  return work(workload) > TFJS_MOST ? `tfjs would take too long: more than ${TFJS_MOST / 1e6} MFLOP a step` : undefined
}

export type Request =
  | { readonly kind: 'version' | 'peak' }
  | { readonly kind: 'agree'; readonly workload: Workload; readonly epochs: number }
  | { readonly kind: 'time'; readonly workload: Workload; readonly seconds: number; readonly steps: number }

/** A process that answers requests one after the other. */
export interface Side {
  readonly name: SideName
  readonly ask: <A>(request: Request) => Promise<A>
  readonly end: () => void
}

const canPin = spawnSync('taskset', ['-V']).status === 0

/** Starts a side on so many threads and cores, the first ones of the machine. */
export function start(name: SideName, python: string, threads: number, all: number): Side {
  const [file, ...rest] = SCRIPTS[name]
  const command = [file.endsWith('.py') ? python : process.execPath, here(file), String(threads), ...rest]
  const cores = Array.from({ length: threads }, (_, core) => core).join(',')
  const [program, ...args] = canPin ? ['taskset', '-c', cores, ...command] : command
  const env = { ...process.env, ...threadSettings(threads, all) }
  const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'], env })
  return { name, ask: asking(name, child), end: () => child.kill() }
}

function threadSettings(threads: number, all: number): Record<string, string> {
  const count = String(threads)
  const openmp = { OMP_NUM_THREADS: count, MKL_NUM_THREADS: count, TF_CPP_MIN_LOG_LEVEL: '2' }
  if (threads === all && threads > 1) return openmp
  return { ...openmp, XLA_FLAGS: `--xla_cpu_multi_thread_eigen=${threads > 1} intra_op_parallelism_threads=${threads}` }
}

function asking(name: SideName, { stdin, stdout, stderr }: ChildProcess): Side['ask'] {
  if (stdin === null || stdout === null || stderr === null) throw new Error('a side without pipes')
  let complaints = ''
  stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4000)
  })
  // A side that died says why on its error output; the broken pipe says nothing.
  stdin.on('error', () => undefined)
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  return async <A>(request: Request): Promise<A> => {
    stdin.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error(`${TITLES[name]} ended:\n${complaints}`)
    return JSON.parse(value) as A
  }
}
