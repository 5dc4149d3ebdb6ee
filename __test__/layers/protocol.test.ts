/** What every layer keeps to: building, weights, modes, losses, names, symbolic calls, and the messages of misuse. */

import { config, GradientTape, input, ops, type Tensor, tensor, type Variable } from 'ferrograd'
import { describe, expect, it } from 'vitest'
import {
  Add,
  add,
  average,
  BatchNormalization,
  type CallContext,
  Concatenate,
  concatenate,
  Dense,
  Dot,
  Dropout,
  dot,
  EinsumDense,
  Embedding,
  Flatten,
  GaussianDropout,
  GroupNormalization,
  Layer,
  Permute,
  RepeatVector,
  Reshape,
  Subtract,
  subtract,
} from '../../ts/layers/index.js'
import { MeanSquaredError } from '../../ts/losses/index.js'
import { Adam } from '../../ts/optimizers/index.js'
import type { Shape } from '../../ts/types.js'

class Scale extends Layer {
  scale!: Variable

  override build(inputShape: Shape): void {
    this.scale = this.addWeight({ name: 'scale', shape: [inputShape.at(-1)!], initializer: 'ones', regularizer: 'l2' })
  }

  override call(x: Tensor): Tensor {
    return ops.multiply(x, this.scale)
  }
}

class Block extends Layer {
  readonly first: Dense = new Dense({ units: 4 })
  readonly rest: readonly Layer[] = [new Scale(), new Dropout({ rate: 0.5, seed: 1 })]

  override call(x: Tensor): Tensor {
    const hidden = this.first.apply(x)
    this.addLoss(ops.mean(hidden))
    return this.rest.reduce((y, layer) => layer.apply(y), hidden)
  }
}

/** Ends as it began, in the mode it was called in. */
class Mode extends Layer {
  override call(x: Tensor, { training }: CallContext): Tensor {
    return ops.multiply(x, training ? 1 : 0)
  }
}

describe('weights', () => {
  it('come into being at the first call, once', () => {
    const layer = new Dense({ units: 3 })
    expect([layer.built, layer.weights.length]).toEqual([false, 0])
    layer.apply([[1, 2]])
    layer.apply([[3, 4]])
    expect(layer.weights.map(({ name, shape }) => [name, shape])).toEqual([
      ['kernel', [2, 3]],
      ['bias', [3]],
    ])
    expect(layer.countParams()).toBe(9)
  })

  it('of the layers inside are found in properties and lists', () => {
    const block = new Block()
    block.apply(ops.ones([2, 3]))
    expect(block.weights.map((weight) => weight.name)).toEqual(['kernel', 'bias', 'scale'])
    expect(block.variables.map((one) => one.name).at(-1)).toContain('seed')
  })

  it('trainable ones come first, moving statistics after', () => {
    const layer = new BatchNormalization()
    layer.apply(ops.ones([2, 3]))
    expect(layer.trainableWeights.map(({ name }) => name)).toEqual(['gamma', 'beta'])
    expect(layer.nonTrainableWeights.map(({ name }) => name)).toEqual(['moving_mean', 'moving_variance'])
  })

  it('freezing takes effect at once, and inside', () => {
    const block = new Block()
    block.apply(ops.ones([2, 3]))
    block.trainable = false
    expect(block.trainableWeights).toEqual([])
    expect(block.first.trainable).toBe(false)
    block.trainable = true
    expect(block.trainableWeights.length).toBe(3)
  })

  it('are copied out and in; nothing changes unless all fit', () => {
    const layer = new Dense({ units: 2 })
    layer.apply([[1, 2]])
    const before = layer.getWeights()
    expect(() =>
      layer.setWeights([
        [
          [1, 2],
          [3, 4],
        ],
        [1, 2, 3],
      ]),
    ).toThrow('dense.setWeights bias: expected shape [2], got [3]')
    expect(() =>
      layer.setWeights([
        [
          [1, 2],
          [3, 4],
        ],
      ]),
    ).toThrow('expected 2 arrays, got 1')
    expect(layer.getWeights().map((w) => w.arraySync())).toEqual(before.map((w) => w.arraySync()))
    layer.setWeights([
      [
        [1, 2],
        [3, 4],
      ],
      [5, 6],
    ])
    expect(layer.apply([[1, 1]]).arraySync()).toEqual([[9, 12]])
  })
})

describe('modes', () => {
  it('a call inside a call has the mode of the outer one', () => {
    class Outer extends Layer {
      readonly inner: Mode = new Mode()
      override call(x: Tensor): Tensor {
        return this.inner.apply(x)
      }
    }
    const layer = new Outer()
    expect(layer.apply([3], { training: true }).arraySync()).toEqual([3])
    expect(layer.apply([3]).arraySync()).toEqual([0])
  })

  it('an error inside leaves no mode behind', () => {
    class Broken extends Layer {
      override call(): Tensor {
        throw new Error('broken')
      }
    }
    expect(() => new Broken().apply([1], { training: true })).toThrow('broken')
    expect(new Mode().apply([3]).arraySync()).toEqual([0])
  })
})

describe('losses', () => {
  it('are those of the last outermost call, then the penalties of trainable weights', () => {
    const block = new Block()
    block.apply(ops.ones([2, 3]))
    block.apply(ops.ones([2, 3]))
    expect(block.losses().length).toBe(2)
    block.rest[0]!.trainable = false
    expect(block.losses().length).toBe(1)
  })

  it('a shared layer adds one for each of its calls in one outer call', () => {
    class Twice extends Layer {
      readonly inner: Block = new Block()
      override call(x: Tensor): Tensor {
        return ops.add(this.inner.apply(x), this.inner.apply(x))
      }
    }
    const layer = new Twice()
    layer.apply(ops.ones([2, 3]))
    // Two added, one penalty of the scale.
    expect(layer.losses().length).toBe(3)
  })

  it('an activity penalty is divided by the batch', () => {
    const layer = new Dense({ units: 1, kernelInitializer: 'ones', activityRegularizer: 'l1' })
    layer.apply([[1], [2], [3]])
    expect(layer.losses()[0]!.itemSync()).toBeCloseTo((0.01 * 6) / 3, 6)
  })

  it('are scalars', () => {
    class Wide extends Layer {
      override call(x: Tensor): Tensor {
        this.addLoss(x)
        return x
      }
    }
    expect(() => new Wide().apply([1, 2])).toThrow('wide.addLoss: expected a scalar, got shape [2]')
  })
})

describe('element types', () => {
  it('floats come in the type of the layer, whatever was given', () => {
    const layer = new Dense({ units: 1, dtype: 'float64' })
    expect(layer.apply(tensor([[1]], undefined, 'float32')).dtype).toBe('float64')
    expect(layer.kernel.dtype).toBe('float64')
  })

  it('integers stay for layers that look things up', () => {
    const layer = new Embedding({ inputDim: 3, outputDim: 2 })
    expect(layer.apply(tensor([[2, 0]], undefined, 'int32')).shape).toEqual([1, 2, 2])
  })
})

describe('randomness', () => {
  it.each([0.1, 0.5, 0.9])('dropout at %d keeps the mean and drops its share', (rate) => {
    config.setSeed(5)
    const y = new Dropout({ rate }).apply(ops.ones([200, 500]), { training: true }).dataSync()
    const zeros = y.filter((value) => value === 0).length
    expect(Math.abs(zeros / y.length - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / y.length))
    for (const value of new Set(y)) expect([0, Math.fround(1 / (1 - rate))]).toContainEqual(Math.fround(value))
  })

  it('each call drops others; the same seed drops the same', () => {
    const [a, b] = [new Dropout({ rate: 0.5, seed: 7 }), new Dropout({ rate: 0.5, seed: 7 })]
    const x = ops.ones([10, 10])
    const first = a.apply(x, { training: true }).dataSync()
    expect(a.apply(x, { training: true }).dataSync()).not.toEqual(first)
    expect(b.apply(x, { training: true }).dataSync()).toEqual(first)
  })

  it('does nothing outside training', () => {
    expect(new Dropout({ rate: 0.9 }).apply([1, 2, 3]).arraySync()).toEqual([1, 2, 3])
  })

  it.each([1, 4])('the same seed drops the same with %d threads', (threads) => {
    const x = ops.ones([300, 100])
    config.setThreads(1)
    const expected = new Dropout({ rate: 0.3, seed: 11 }).apply(x, { training: true }).dataSync()
    config.setThreads(threads)
    expect(new Dropout({ rate: 0.3, seed: 11 }).apply(x, { training: true }).dataSync()).toEqual(expected)
    config.setThreads(0)
  })

  it('the noise shape is broadcast', () => {
    const y = new Dropout({ rate: 0.5, seed: 3, noiseShape: [null, 1] })
      .apply(ops.ones([50, 4]), { training: true })
      .arraySync()
    for (const row of y as number[][]) expect(new Set(row).size).toBe(1)
  })

  it('gaussian dropout has mean 1 and variance rate / (1 − rate)', () => {
    const y = Array.from(
      new GaussianDropout({ rate: 0.2, seed: 2 }).apply(ops.ones([300, 300]), { training: true }).dataSync(),
    )
    const mean = y.reduce((sum, v) => sum + v, 0) / y.length
    const variance = y.reduce((sum, v) => sum + (v - mean) ** 2, 0) / y.length
    expect(mean).toBeCloseTo(1, 2)
    expect(variance).toBeCloseTo(0.25, 2)
  })
})

describe('symbolic calls', () => {
  it('give the shape and type that a real call would', () => {
    const x = input({ shape: [4, 6] })
    expect(new Dense({ units: 61 }).apply(x).shape).toEqual([null, 4, 61])
    expect(new Flatten().apply(x).shape).toEqual([null, 24])
    expect(new Permute({ dims: [2, 1] }).apply(x).shape).toEqual([null, 6, 4])
    expect(new Concatenate({ axis: 1 }).apply([x, x]).shape).toEqual([null, 8, 6])
    expect(new Embedding({ inputDim: 5, outputDim: 67 }).apply(input({ shape: [3], dtype: 'int32' })).shape).toEqual([
      null,
      3,
      67,
    ])
  })

  it('merge by function as by class', () => {
    const [a, b] = [input({ shape: [3] }), input({ shape: [3] })]
    expect([add([a, b]).shape, concatenate([a, b]).shape, dot([a, b], 1).shape]).toEqual([
      [null, 3],
      [null, 6],
      [null, 1],
    ])
    expect(average([tensor([[1, 2]]), tensor([[3, 4]])]).arraySync()).toEqual([[2, 3]])
    expect(subtract([tensor([[1, 2]]), tensor([[3, 5]])]).arraySync()).toEqual([[-2, -3]])
  })

  it('carry unknown lengths through', () => {
    const x = input({ shape: [null, 6] })
    expect(new Dense({ units: 3 }).apply(x).shape).toEqual([null, null, 3])
    expect(new Flatten().apply(x).shape).toEqual([null, null])
  })

  it('change no state', () => {
    const layer = new BatchNormalization()
    layer.apply(input({ shape: [3] }))
    expect(layer.movingMean.dataSync()).toEqual(new Float32Array(3))
  })

  it('an unknown length cannot be that of a weight', () => {
    expect(() => new Dense({ units: 3 }).apply(input({ shape: [4, null] }))).toThrow(
      'dense.kernel: expected known positive lengths',
    )
  })
})

describe('inputs that do not fit are refused, with both shapes', () => {
  const built = new Dense({ units: 2 })
  built.apply(ops.ones([1, 784]))
  const named = new Dense({ units: 2, name: 'first' })
  named.apply(ops.ones([1, 3]))
  const x = ops.ones([2, 3])
  const rows: readonly [what: string, act: () => unknown, says: string][] = [
    ['width', () => built.apply(ops.ones([32, 28, 28])), 'Dense input: expected [batch, …, 784], got [32, 28, 28]'],
    ['name', () => named.apply(ops.ones([1, 4])), "Dense 'first' input: expected [batch, …, 3], got [1, 4]"],
    [
      'undefined',
      () => new Dense({ units: 2 }).apply(undefined as never),
      'Dense input: expected a tensor or numbers, got undefined',
    ],
    ['null', () => new Dense({ units: 2 }).apply(null as never), 'got null'],
    ['rank 1', () => new Dense({ units: 2 }).apply([1, 2]), 'Dense input: expected [batch, …, inputs], got [2]'],
    ['reshape', () => new Reshape({ targetShape: [4] }).apply(x), 'a shape of 3 elements, as [3] has, got [4]'],
    ['two −1', () => new Reshape({ targetShape: [-1, -1] }).apply(x), 'Reshape.targetShape'],
    [
      'permute',
      () => new Permute({ dims: [1, 1] }).apply(ops.ones([2, 3, 4])),
      'Permute.dims: expected each of 1, 2 once',
    ],
    [
      'repeat',
      () => new RepeatVector({ n: 2 }).apply(ops.ones([2, 3, 4])),
      'RepeatVector input: expected [batch, features]',
    ],
    ['one to add', () => new Add().apply([x]), 'Add input: expected a list of at least two tensors'],
    // @ts-expect-error
    ['no list', () => new Add().apply(x), 'Add input'],
    ['three to subtract', () => new Subtract().apply([x, x, x]), 'Subtract input: expected two tensors, got 3'],
    [
      'concatenate',
      () => new Concatenate().apply([x, ops.ones([3, 3])]),
      'shapes equal but for axis -1, got [[2, 3], [3, 3]]',
    ],
    ['dot', () => new Dot({ axes: 1 }).apply([x, ops.ones([2, 4])]), 'Inputs are [2, 3] and [2, 4]'],
    [
      'dot over the batch',
      () => new Dot({ axes: 0 }).apply([x, x]),
      'Dot.axes: expected axes of one length, not the batch',
    ],
    [
      'groups',
      () => new GroupNormalization({ groups: 2 }).apply(x),
      'GroupNormalization.groups: expected a divisor of 3 channels, got 2',
    ],
    [
      'axis',
      () => new BatchNormalization({ axis: 5 }).apply(x),
      'BatchNormalization.axis: expected an axis of 2, got 5',
    ],
    ['equation', () => new EinsumDense({ equation: 'ab,bc', outputShape: 3 }).apply(x), 'EinsumDense.equation'],
    [
      'bias axes',
      () => new EinsumDense({ equation: 'ab,bc->ac', outputShape: 3, biasAxes: 'z' }).apply(x),
      "letters of the result 'ac', got 'z'",
    ],
  ]
  it.each(rows)('%s', (_, act, says) => expect(act).toThrow(says))
})

describe('`call` from outside', () => {
  it('does what `apply` does: weights, element types, modes, masks, graphs', () => {
    const layer = new Dense({ units: 3 })
    expect(layer.call(ops.ones([2, 4])).shape).toEqual([2, 3])
    expect(layer.weights).toHaveLength(2)
    expect(layer.call(ops.ones([2, 4])).dataSync()).toEqual(layer.apply(ops.ones([2, 4])).dataSync())
    expect(new Mode().call(ops.ones([1]), { training: true }).dataSync()[0]).toBe(1)
    expect((layer.call as (x: unknown) => unknown)(input({ shape: [4] }))).toMatchObject({ shape: [null, 3] })
  })

  it('is the method as written inside the call of the layer, and of those that extend it', () => {
    const calls: string[] = []
    class Lower extends Layer {
      override call(x: Tensor): Tensor {
        calls.push('lower')
        return x
      }
    }
    class Upper extends Lower {
      override call(x: Tensor): Tensor {
        calls.push('upper')
        return super.call(x)
      }
      /** A user may have written it so. */
      override apply(x: never): never {
        return this.call(x) as never
      }
    }
    new Upper().call(ops.ones([1]))
    new Upper().apply(ops.ones([1]) as never)
    new Lower().call(ops.ones([1]))
    expect(calls).toEqual(['upper', 'lower', 'upper', 'lower', 'lower'])
  })
})

describe('names', () => {
  it('are the class in snake_case unless given', () => {
    expect([
      new Dense({ units: 1 }).name,
      new BatchNormalization().name,
      new Dense({ units: 1, name: 'out' }).name,
    ]).toEqual(['dense', 'batch_normalization', 'out'])
  })
})

describe("a loop of one's own", () => {
  it('layers, loss and optimizer by hand reach what a line needs', () => {
    config.setSeed(3)
    const x = tensor([[0], [1], [2], [3]])
    const y = tensor([[1], [3], [5], [7]])
    const layer = new Dense({ units: 1 })
    layer.ensureBuilt([4, 1])
    const [optimizer, lossFunction] = [new Adam({ learningRate: 0.1 }), new MeanSquaredError()]
    let last = 0
    for (let step = 0; step < 200; step++) {
      const tape = new GradientTape()
      const loss = tape.record(() => lossFunction.apply(y, layer.apply(x)))
      optimizer.apply(tape.gradient(loss, layer.trainableWeights), layer.trainableWeights)
      last = loss.itemSync()
    }
    expect(last).toBeLessThan(1e-3)
    expect(layer.kernel.dataSync()[0]).toBeCloseTo(2, 1)
    expect(optimizer.iterations.dataSync()[0]).toBe(200)
  })

  it('a gradient that is missing leaves its variable alone, and none at all is an error', () => {
    const layer = new Dense({ units: 1 })
    layer.apply([[1]])
    const [kernel, bias] = layer.getWeights().map((weight) => weight.arraySync())
    const optimizer = new Adam()
    optimizer.apply([tensor([[1]]), undefined], layer.trainableWeights)
    expect(layer.getWeights()[1]!.arraySync()).toEqual(bias)
    expect(layer.getWeights()[0]!.arraySync()).not.toEqual(kernel)
    expect(() => optimizer.apply([undefined, undefined], layer.trainableWeights)).toThrow(
      'a gradient for at least one variable',
    )
    expect(() => optimizer.apply([tensor([[1]])], layer.trainableWeights)).toThrow('for each of 2 variables, got 1')
  })
})
