/**
 * A training whose logs the callback TensorBoard writes, for TensorBoard's own reader:
 *
 *     npx tsx tools/oracle/our-events.ts && python tools/oracle/read_events.py
 */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TensorBoard } from '../../ts/callbacks/index.js'
import { Sequential } from '../../ts/index.js'
import { Dense } from '../../ts/layers/index.js'

/** Where the files are, and what TensorBoard saw in them. */
export const eventsFolder: URL = new URL('../../__test__/fixtures/events/', import.meta.url)

/** Logs of each epoch. */
export const epochs: readonly Readonly<Record<string, number>>[] = [
  { loss: 0.75, val_loss: 1.5 },
  { loss: 1e-30, val_loss: 3e38, accuracy: 1 },
  { loss: Number.NaN, val_loss: Number.POSITIVE_INFINITY, accuracy: 0 },
]

/** The weights of each epoch: a kernel of many sizes and signs, and a bias. */
export const weightsOf = (epoch: number): readonly [Float32Array, Float32Array] => [
  Float32Array.from({ length: 600 }, (_, i) => (i - 300) * (epoch + 1) * 0.125),
  Float32Array.of(0, -1e-7, 1e7),
]

/** Seconds since 1970 at which the first event is written; each comes an eighth later. */
export const START = 1_700_000_000

/** The bytes of both event files. */
export function eventFiles(): ReadonlyMap<string, Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'ferrograd-events-'))
  const { now } = Date
  try {
    let calls = 0
    // The names of the files take the time too: they come to no other bytes.
    Date.now = () => 1000 * (START + calls++ / 8)
    writeRun(folder)
    return new Map(['train', 'validation'].map((part) => [part, onlyFile(join(folder, part))]))
  } finally {
    Date.now = now
    rmSync(folder, { recursive: true })
  }
}

function writeRun(logDir: string): void {
  const dense = new Dense({ units: 3, name: 'dense', inputShape: [200] })
  const board = new TensorBoard({ logDir, histogramFreq: 2 })
  board.setModel(new Sequential([dense]))
  for (const [epoch, logs] of epochs.entries()) {
    const [kernel, bias] = weightsOf(epoch)
    dense.setWeights([{ values: kernel, shape: [200, 3] }, bias])
    board.onEpochEnd(epoch, logs)
  }
  board.onTrainEnd()
}

function onlyFile(folder: string): Buffer {
  return readFileSync(join(folder, readdirSync(folder)[0]!))
}

if (process.argv[1]?.endsWith('our-events.ts')) {
  mkdirSync(eventsFolder, { recursive: true })
  for (const [part, bytes] of eventFiles()) writeFileSync(new URL(`${part}.tfevents`, eventsFolder), bytes)
}
