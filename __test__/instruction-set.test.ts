/** Which instruction set computes: what `FERROGRAD_ISA` asks for, and what it refuses. */

import { config, FerrogradError, ops, tensor } from 'ferrograd'
import { afterEach, describe, expect, inject, test, vi } from 'vitest'
import { instructionSets } from '../ts/core/native.js'
import { askedSet } from '../ts/core/runtime.js'
import { caught } from './caught.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** What this run of the tests is on, by `vitest.config.mjs`. */
    instructionSet: string
  }
}

const sets = instructionSets()

/** A runtime of its own, made where the environment asks for `set`. */
function force(set: string): void {
  vi.stubEnv('FERROGRAD_ISA', set)
  config.setThreads(1)
}

afterEach(() => {
  vi.unstubAllEnvs()
  config.setThreads(0)
})

/** The error of asking for `set` on a processor that has `available`. */
function refusal(set: string, available: readonly string[]): FerrogradError {
  const error = caught(() => askedSet(set, available))
  if (!(error instanceof FerrogradError)) throw new Error(`${set} was not refused`)
  return error
}

test('these tests run on the set that they are meant to run on', () => {
  expect(config.instructionSet()).toBe(inject('instructionSet'))
})

test.each(sets)('%s is in use where it is asked for, and a unit for bfloat16 with AVX-512 alone', async (set) => {
  force(set)
  expect(config.instructionSet()).toBe(set)
  if (set !== 'avx512') expect(config.matrixUnit()).toBe('none')
  expect(await ops.sum(tensor([1, 2, 3])).data()).toEqual(Float32Array.of(6))
})

test('nothing and an empty name ask for the best', () => {
  force('')
  expect(config.instructionSet()).toBe(sets.at(-1))
  expect(askedSet(undefined, sets)).toBeUndefined()
})

describe('refused is', () => {
  test('an unknown name, where the first number is asked for', () => {
    force('avx')
    const error = caught(() => config.instructionSet())
    expect(error).toBeInstanceOf(FerrogradError)
    expect(error).toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/^FERROGRAD_ISA: expected one of /),
    })
    force(sets[0]!)
    expect(config.instructionSet()).toBe(sets[0])
  })

  test('an unknown name, with the nearest or all of the known ones', () => {
    const [near, far] = [refusal('avx_2', ['portable', 'avx2']), refusal('neon', ['portable', 'avx2'])]
    expect([near.code, far.code]).toEqual(['ERR_CONFIG', 'ERR_CONFIG'])
    expect(near.message).toBe("FERROGRAD_ISA: expected one of portable, avx2, got 'avx_2'; did you mean 'avx2'?")
    expect(far.message).toBe("FERROGRAD_ISA: expected one of portable, avx2, got 'neon'. Known: portable, avx2")
  })

  test('a set that the processor lacks', () => {
    const { code, message } = refusal('avx512', ['portable', 'avx2'])
    expect(code).toBe('ERR_CONFIG')
    expect(message).toBe("FERROGRAD_ISA: expected one of portable, avx2, got 'avx512'. This processor has no avx512")
  })
})
