/** What is done to weights, against real Keras in float64: initializers, regularizers, constraints. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as config from '../ts/config.js'
import { constraintFamily } from '../ts/constraints.js'
import { gradient } from '../ts/gradient.js'
import { getInitializer, initializerFamily } from '../ts/initializers/family.js'
import { Orthogonal } from '../ts/initializers/index.js'
import * as ops from '../ts/ops.js'
import { resolveObject } from '../ts/options/family.js'
import { regularizerFamily } from '../ts/regularizers.js'
import type { Shape } from '../ts/types.js'
import { expectClose, fixture, leftOut, type Numbers, toTensor } from './oracle.js'

type Draw = { readonly shape: Shape; readonly distribution: string } & Readonly<
  Record<'mean' | 'stddev' | 'minval' | 'maxval', number | undefined>
>

/** What the initializers ask the random numbers for. */
const asked = vi.hoisted(
  () => [] as { distribution: string; shape: readonly number[]; options: Record<string, unknown> }[],
)

vi.mock('../ts/random.js', async (original) => {
  const random = await original<typeof import('../ts/random.js')>()
  const note = <A extends readonly unknown[], R>(distribution: string, draw: (...args: A) => R) => {
    return (...args: A): R => {
      asked.push({ distribution, shape: args[0] as number[], options: args[1] as Record<string, unknown> })
      return draw(...args)
    }
  }
  return {
    ...random,
    uniform: note('uniform', random.uniform),
    normal: note('normal', random.normal),
    truncatedNormal: note('truncated_normal', random.truncatedNormal),
  }
})

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

interface InitializerCase {
  readonly name: string
  readonly initializer: { readonly class_name: string; readonly config: Readonly<Record<string, unknown>> }
  readonly shape?: Shape
  readonly value?: Numbers
  readonly draws?: readonly Draw[]
}

describe('initializers ask for the numbers that Keras asks for', () => {
  it.each(fixture<InitializerCase>('initializers').cases)('$name', ({ name, initializer, shape, value, draws }) => {
    const options = { ...initializer.config, ...leftOut(name) }
    const made = resolveObject({ ...initializer, config: options }, 'initializer', initializerFamily)
    if (value) expectClose(made.call(shape!, 'float64').dataSync(), value)
    for (const draw of draws ?? []) {
      asked.length = 0
      made.call(draw.shape, 'float64')
      expect([asked[0]!.distribution, asked[0]!.shape]).toEqual([draw.distribution, draw.shape])
      for (const key of ['mean', 'stddev', 'minval', 'maxval'] as const) {
        if (draw[key] !== undefined) expect(asked[0]!.options[key], key).toBeCloseTo(draw[key], 12)
      }
    }
  })
})

describe('random initializers', () => {
  it.each(['glorotUniform', 'heNormal', 'lecunNormal', 'randomNormal', 'randomUniform', 'truncatedNormal'] as const)(
    '%s: the moments are right',
    (name) => {
      const values = getInitializer(name).call([400, 250], 'float64').dataSync()
      const { mean, deviation } = momentsOf(values)
      const wanted = {
        glorotUniform: Math.sqrt(2 / 650),
        heNormal: Math.sqrt(2 / 400),
        lecunNormal: Math.sqrt(1 / 400),
        randomNormal: 0.05,
        randomUniform: 0.1 / Math.sqrt(12),
        truncatedNormal: 0.05 * 0.8796256610342398,
      }[name]
      // 100,000 numbers: four standard errors.
      expect(Math.abs(mean)).toBeLessThan((4 * wanted) / Math.sqrt(1e5))
      expect(Math.abs(deviation / wanted - 1)).toBeLessThan(0.02)
    },
  )

  it.each(['glorotUniform', 'heNormal', 'truncatedNormal', 'randomNormal'] as const)(
    '%s: the same bits at 1 and 4 threads',
    (name) => {
      const drawn = [1, 4].map((threads) => {
        config.setThreads(threads)
        config.setSeed(9)
        return getInitializer(name).call([300, 200], 'float32').dataSync()
      })
      config.setThreads(0)
      expect(drawn[1]).toEqual(drawn[0])
    },
  )

  it('with a seed each call gives the same numbers, without one it does not', () => {
    const seeded = getInitializer({ class_name: 'HeNormal', config: { seed: 7 } } as never)
    expect(seeded.call([5], 'float64').dataSync()).toEqual(seeded.call([5], 'float64').dataSync())
    const free = getInitializer('heNormal')
    expect(free.call([5], 'float64').dataSync()).not.toEqual(free.call([5], 'float64').dataSync())
  })

  it.each([[[6, 4]], [[4, 6]], [[5, 5]], [[2, 3, 4]]])('orthogonal: the shorter side of %j is orthonormal', (shape) => {
    const columns = shape.at(-1)!
    const rows = shape.slice(0, -1).reduce((product, length) => product * length, 1)
    const matrix = ops.reshape(new Orthogonal({ gain: 2 }).call(shape, 'float64'), [rows, columns])
    const product = ops.matmul(matrix, matrix, rows >= columns ? { transposeA: true } : { transposeB: true })
    const length = Math.min(rows, columns)
    expectClose(
      product.dataSync(),
      {
        shape: [length, length],
        data: Array.from({ length: length * length }, (_, i) => (i % (length + 1) === 0 ? 4 : 0)),
      },
      1e-13,
    )
  })

  it('an unknown name suggests the nearest', () => {
    expect(() => getInitializer('glorotUnifrom' as never)).toThrow("did you mean 'glorotUniform'?")
  })
})

function momentsOf(values: ArrayLike<number>): { mean: number; deviation: number } {
  const all = Array.from(values)
  const mean = all.reduce((sum, x) => sum + x, 0) / all.length
  return { mean, deviation: Math.sqrt(all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / all.length) }
}

interface RegularizerCase {
  readonly name: string
  readonly regularizer: unknown
  readonly weight: Numbers
  readonly value: Numbers
  readonly gradient: Numbers
}

describe('regularizers equal those of Keras', () => {
  it.each(fixture<RegularizerCase>('regularizers').cases)('$name', (one) => {
    const weight = toTensor(one.weight)
    const penalty = resolveObject(one.regularizer, 'regularizer', regularizerFamily).call(weight)
    const [slope] = gradient(penalty, [weight])
    expectClose(penalty.dataSync(), one.value)
    expectClose(slope!.dataSync(), one.gradient)
  })
})

interface ConstraintCase {
  readonly name: string
  readonly constraint: unknown
  readonly weight: Numbers
  readonly value: Numbers
}

describe('constraints equal those of Keras', () => {
  it.each(fixture<ConstraintCase>('constraints').cases)('$name', (one) => {
    const held = resolveObject(one.constraint, 'constraint', constraintFamily).call(toTensor(one.weight))
    expectClose(held.dataSync(), one.value)
  })
})
