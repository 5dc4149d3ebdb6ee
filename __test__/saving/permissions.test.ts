/** Files that may not be read and folders that may not be written to: a typed error each, and nothing has changed. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadModel, Sequential } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { loadTensors, saveTensors } from 'ferrograd/saving'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let folder: string
const at = (...names: string[]): string => join(folder, ...names)
const model = (): Sequential => {
  const made = new Sequential([new Dense({ units: 2, inputShape: [3] })])
  made.compile({ optimizer: 'adam', loss: 'mse' })
  return made
}

/** Windows has no such modes, only Linux changes the user of all threads, and a namespace may have no user but its root. */
const root = process.getuid?.() === 0
const can = process.platform !== 'win32' && (!root || (process.platform === 'linux' && becomesNobody()))

function becomesNobody(): boolean {
  try {
    process.seteuid!(65534)
    process.seteuid!(0)
    return true
  } catch {
    return false
  }
}

/** Runs as a user to whom modes apply: everything is allowed to root. */
async function asNobody(act: () => PromiseLike<unknown>): Promise<unknown> {
  if (!root) return await act()
  process.seteuid!(65534)
  try {
    return await act()
  } finally {
    process.seteuid!(0)
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-permissions-'))
  mkdirSync(at('secret'))
  await model().save(at('secret', 'm.keras'))
  await model().saveWeights(at('secret', 'w.safetensors'))
  await saveTensors(at('secret', 't.safetensors'), { a: [1, 2] })
  for (const name of readdirSync(at('secret'))) chmodSync(at('secret', name), 0o200)
  mkdirSync(at('closed'))
  await model().save(at('closed', 'm.keras'))
  chmodSync(at('closed'), 0o555)
  chmodSync(folder, 0o755)
})
afterAll(() => {
  chmodSync(at('closed'), 0o755)
  rmSync(folder, { recursive: true })
})

describe.skipIf(!can)('no permission', () => {
  const x = [[1, 2, 3]]
  const y = [[1, 2]]
  const denied = (verbs: string): object => ({
    code: 'ERR_IO',
    message: expect.stringMatching(new RegExp(`cannot (${verbs}): .*[Pp]ermission denied`)),
  })

  test('to read: the model is as it was', async () => {
    const mine = model()
    const before = mine.weights.map((weight) => `${weight.dataSync()}`)
    const reads = [
      () => loadModel(at('secret', 'm.keras')),
      () => mine.loadWeights(at('secret', 'w.safetensors')),
      () => loadTensors(at('secret', 't.safetensors')),
      () => mine.fit(x, y, { verbose: 0, resume: at('secret', 't.safetensors') }),
    ]
    for (const read of reads) await expect(asNobody(read)).rejects.toMatchObject(denied('read'))
    expect(mine.weights.map((weight) => `${weight.dataSync()}`)).toEqual(before)
  })

  test('to write: the file that was there is whole, and nothing is left beside it', async () => {
    const [mine, before] = [model(), readFileSync(at('closed', 'm.keras'))]
    const names = readdirSync(at('closed'))
    const writes = [
      () => mine.save(at('closed', 'm.keras')),
      () => mine.saveWeights(at('closed', 'new.weights.h5')),
      () => saveTensors(at('closed', 'new.safetensors'), { a: 1 }),
      () => mine.fit(x, y, { verbose: 0, checkpoint: { dir: at('closed', 'checkpoints') } }),
      () => mine.fit(x, y, { verbose: 0, checkpoint: { dir: at('closed') } }),
    ]
    for (const write of writes) await expect(asNobody(write)).rejects.toMatchObject(denied('write|make'))
    expect(readFileSync(at('closed', 'm.keras'))).toEqual(before)
    expect(readdirSync(at('closed'))).toEqual(names)
  })
})
