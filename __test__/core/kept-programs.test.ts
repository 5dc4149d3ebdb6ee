/** Which compiled programs are kept, and which leave. */
import { expect, test } from 'vitest'
import { type Kept, KeptPrograms } from '../../ts/core/kept-programs.js'
import type { Program } from '../../ts/core/program.js'
import type { Settings } from '../../ts/core/trace-stack.js'

interface Fake extends Kept {
  current: boolean
  released: number
}

function fake(bytes: number): Fake {
  const made = {
    current: true,
    released: 0,
    program: {
      arenaBytes: bytes,
      release: () => {
        made.released += 1
      },
    } as unknown as Program,
    settings: {
      get areCurrent(): boolean {
        return made.current
      },
    } as unknown as Settings,
  }
  return made
}

test('a program is made once, and again where what it was traced for has changed', () => {
  const kept = new KeptPrograms<Fake>({ programs: 64, bytes: 1000 })
  const [first, second] = [fake(1), fake(1)]
  expect([kept.of('a', () => first), kept.of('a', () => second)]).toEqual([first, first])
  first.current = false
  expect(kept.of('a', () => second)).toBe(second)
  first.current = true
  expect(kept.of('a', () => fake(1))).toBe(first)
})

test('past the number of programs those that were used least recently leave, and free what they worked in', () => {
  const kept = new KeptPrograms<Fake>({ programs: 10, bytes: 1e9 })
  const all = Array.from({ length: 12 }, () => fake(1))
  for (const [i, one] of all.entries()) {
    kept.of(`${i}`, () => one)
    kept.of('0', () => fake(1))
  }
  expect(kept.size).toBe(10)
  expect(all.map(({ released }) => released)).toEqual([0, 1, 1, ...new Array(9).fill(0)])
})

test('past the bytes they leave too, but for the last few', () => {
  const kept = new KeptPrograms<Fake>({ programs: 64, bytes: 100 })
  const small = Array.from({ length: 20 }, (_, i) => kept.of(`${i}`, () => fake(10)))
  expect(small.filter(({ released }) => released === 0)).toHaveLength(10)
  for (let i = 0; i < 20; i += 1) kept.of(`large ${i}`, () => fake(1000))
  expect(kept.size).toBe(8)
})
