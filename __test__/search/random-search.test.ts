import { Sequential } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { SGD } from 'ferrograd/optimizers'
import { choice, integer, logUniform, randomSearch, type TrialContext, uniform } from 'ferrograd/search'
import { describe, expect, test } from 'vitest'

const spaces = { rate: logUniform(1e-4, 1), units: choice([2, 4, 8]), layers: integer(1, 3), dropout: uniform(0, 0.5) }

describe('what is drawn', () => {
  test('depends on the seed and the number of the trial alone', async () => {
    const drawn = async (seed: number, concurrency: number) => {
      const { trials } = await randomSearch(spaces, ({ rate }) => rate, { trials: 12, seed, concurrency })
      return trials.map(({ settings }) => settings)
    }
    expect(await drawn(1, 4)).toEqual(await drawn(1, 1))
    expect(await drawn(2, 1)).not.toEqual(await drawn(1, 1))
    const { rate } = spaces
    const alone = await randomSearch({ rate }, (own) => own.rate, { trials: 12, seed: 1 })
    expect(alone.trials.map(({ settings }) => settings.rate)).toEqual((await drawn(1, 1)).map((own) => own.rate))
  })

  test('fills its spaces evenly', async () => {
    const { trials } = await randomSearch(spaces, () => 0, { trials: 4000, seed: 3, concurrency: 1 })
    const all = trials.map(({ settings }) => settings)
    const shares = (of: (own: (typeof all)[number]) => number, parts: number) => {
      const counts = new Array<number>(parts).fill(0)
      for (const own of all) counts[of(own)]! += 1
      return counts.map((count) => (count * parts) / all.length)
    }
    // Five deviations of a share of a quarter or a third of 4,000 draws.
    for (const share of [
      ...shares(({ rate }) => Math.floor(Math.log10(rate) + 4), 4),
      ...shares(({ units }) => Math.log2(units) - 1, 3),
      ...shares(({ layers }) => layers - 1, 3),
      ...shares(({ dropout }) => Math.floor(dropout * 8), 4),
    ])
      expect(Math.abs(share - 1)).toBeLessThan(0.14)
  })
})

describe('a search', () => {
  test('finds the best, whichever way is good, and prints all', async () => {
    const score = ({ x }: { x: number }) => (x - 0.3) ** 2
    const low = await randomSearch({ x: uniform(0, 1) }, score, { trials: 30, seed: 5 })
    const high = await randomSearch({ x: uniform(0, 1) }, score, { trials: 30, seed: 5, goal: 'max' })
    const scores = low.trials.map((own) => own.score)
    expect(low.best.score).toBe(Math.min(...scores))
    expect(high.best.score).toBe(Math.max(...scores))
    expect(low.best.settings.x).toBeCloseTo(0.3, 1)
    const [head, first] = String(low).split('\n') as [string, string]
    expect(head).toMatch(/^trial +score +x$/)
    expect(first.split(/\s+/)[0]).toBe(String(low.best.trial))
  })

  test('runs as many at a time as it is told', async () => {
    let [running, most] = [0, 0]
    const run = async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setTimeout(resolve, 2))
      running -= 1
      return 0
    }
    await randomSearch({ x: uniform(0, 1) }, run, { trials: 12, concurrency: 3 })
    expect(most).toBe(3)
  })

  test('stops those that are worse than the median, never before there is one', async () => {
    const steps: number[] = []
    const run = (
      { x }: { x: number },
      { trial, report }: { trial: number; report: (step: number, score: number) => boolean },
    ) => {
      for (let step = 0; step < 10; step++) {
        steps[trial] = step + 1
        if (!report(step, x)) break
      }
      return x
    }
    const { trials, best } = await randomSearch({ x: uniform(0, 1) }, run, {
      trials: 40,
      seed: 2,
      concurrency: 1,
      warmUp: 5,
    })
    expect(steps.slice(0, 5)).toEqual([10, 10, 10, 10, 10])
    const median = (of: readonly number[]): number => {
      const sorted = [...of].sort((a, b) => a - b)
      const middle = sorted.length >> 1
      return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
    }
    trials.forEach(({ stopped, settings: { x } }, i) => {
      const there = (step: number) => trials.slice(0, i).filter((_, k) => steps[k]! > step)
      const isWorse = (step: number): boolean =>
        there(step).length >= 5 && x > median(there(step).map((own) => own.settings.x))
      const last = Array.from({ length: 10 }, (_, step) => step).find(isWorse)
      expect([steps[i], stopped], `trial ${i}`).toEqual([last === undefined ? 10 : last + 1, last !== undefined])
    })
    expect(trials.filter(({ stopped }) => stopped).length).toBeGreaterThan(10)
    expect(best.stopped).toBe(false)
    expect(best.score).toBe(Math.min(...trials.map(({ settings }) => settings.x)))
  })

  test('goes on where a trial fails, and throws what the first threw where all do', async () => {
    const run = ({ x }: { x: number }) => {
      if (x < 0.5) throw new RangeError(`too small: ${x}`)
      return x < 0.6 ? Number.NaN : x
    }
    const { trials, best } = await randomSearch({ x: uniform(0, 1) }, run, { trials: 30, seed: 1 })
    expect(best.score).toBeGreaterThanOrEqual(0.6)
    for (const { settings, error, score } of trials) {
      expect(Number.isNaN(score)).toBe(settings.x < 0.6)
      expect(error !== undefined).toBe(settings.x < 0.6)
    }
    await expect(randomSearch({ x: uniform(0, 0.4) }, run, { trials: 3 })).rejects.toThrow(/too small/)
  })

  test('says so where all trials were stopped', async () => {
    const run = (_: unknown, { report }: TrialContext) => (report(0, Number.NaN) ? 0 : 1)
    await expect(randomSearch({ x: uniform(0, 1) }, run, { trials: 3 })).rejects.toMatchObject({
      code: 'ERR_DATA',
      message: expect.stringContaining('expected one trial at least that comes to its end, got 3 that were stopped'),
    })
  })

  test('ends where its signal aborts: trials under way are told, and none begins', async () => {
    const stop = new AbortController()
    const [begun, told]: [number[], number[]] = [[], []]
    const run = async (_: unknown, { trial, signal }: TrialContext) => {
      begun.push(trial)
      signal!.addEventListener('abort', () => told.push(trial))
      if (trial === 4) stop.abort(new Error('enough'))
      await new Promise((resolve) => setTimeout(resolve, 2))
      return trial
    }
    const search = randomSearch({ x: uniform(0, 1) }, run, { trials: 50, concurrency: 2, signal: stop.signal })
    await expect(search).rejects.toMatchObject({ code: 'ERR_ABORTED', name: 'AbortError' })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(begun.length).toBeLessThan(8)
    expect(told).toContain(4)
    const late = randomSearch({ x: uniform(0, 1) }, run, { trials: 3, signal: stop.signal })
    await expect(late).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })

  test('of small models, several at a time, has the scores that they have one by one', async () => {
    const x = Array.from({ length: 64 }, (_, i) => [i / 64])
    const y = x.map(([own]) => [3 * own! - 1])
    const run = async ({ learningRate }: { learningRate: number }) => {
      const model = new Sequential([new Dense({ units: 1, kernelInitializer: 'zeros', inputShape: [1] })])
      model.compile({ optimizer: new SGD({ learningRate }), loss: 'mse' })
      return (await model.fit(x, y, { epochs: 5, shuffle: false, verbose: 0 })).history.loss!.at(-1)!
    }
    const search = (concurrency: number) =>
      randomSearch({ learningRate: logUniform(1e-4, 0.5) }, run, { trials: 8, seed: 4, concurrency })
    const [one, four] = [await search(1), await search(4)]
    expect(four.trials).toEqual(one.trials)
    const best = one.trials.reduce((least, own) => (own.score < least.score ? own : least))
    expect(four.best).toEqual(best)
    expect(best.settings.learningRate).toBeGreaterThan(0.01)
  })
})

test.each([
  [() => randomSearch({}, () => 0), /randomSearch\.spaces: expected spaces by names, at least one/],
  [
    () => randomSearch({ x: 5 as never }, () => 0),
    /randomSearch\.spaces\.x: expected uniform, logUniform, integer or choice, got 5/,
  ],
  [() => randomSearch({ x: uniform(0, 1) }, () => 0, { trials: 0 }), /randomSearch\.trials/],
  [
    () => randomSearch({ x: uniform(0, 1) }, () => 0, { concurrency: 0.5 }),
    /randomSearch\.concurrency: expected an integer ≥ 1/,
  ],
  [
    () => randomSearch({ x: uniform(0, 1) }, () => 'good' as never, { trials: 1 }),
    /trial 0: expected a score, a number, got 'good'/,
  ],
  [async () => uniform(1, 1), /uniform\.high: expected a finite number above 1, got 1/],
  [async () => logUniform(0, 1), /logUniform\.low: expected a number > 0, got 0/],
  [async () => integer(0.5, 2), /integer\.low: expected a whole number, got 0\.5/],
  [async () => choice([]), /choice\.values: expected a list of at least one/],
])('refuses %#', async (made, message) => {
  await expect((async () => made())()).rejects.toThrow(message)
})
