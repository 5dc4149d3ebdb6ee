/** A training that is killed goes on, and ends with the bits of one that was not; `npm run test:crash` kills many more. */
import { expect, test } from 'vitest'
import { trainKilled } from './crashes.js'

test.each(['arrays', 'dataset'])(
  'killed three times, a training on %s ends with the bits of one left alone',
  async (kind) => {
    const whole = await trainKilled(kind, [])
    const killed = await trainKilled(kind, [450, 520, 600])
    expect(killed.outcome).toBe(whole.outcome)
  },
  120_000,
)
