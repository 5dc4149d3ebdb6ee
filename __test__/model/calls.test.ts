/** Calls with arguments: ops, operators and named arguments on symbolic tensors; inputs, outputs and masks by name. */
import {
  type FerrogradError,
  input,
  Model,
  ops,
  type PartialShape,
  random,
  Sequential,
  type SymbolicTensor,
  type Tensor,
  tensor,
  type Variable,
  variable,
} from 'ferrograd'
import {
  BatchNormalization,
  Bidirectional,
  type CallContext,
  Dense,
  Dropout,
  Lambda,
  Layer,
  LSTM,
  type Masks,
  MultiHeadAttention,
  RepeatVector,
  TransformerDecoder,
} from 'ferrograd/layers'
import { MeanAbsoluteError } from 'ferrograd/metrics'
import { describe, expect, test } from 'vitest'
import { caught } from '../caught.js'

const quiet = { verbose: 0 } as const
const x4 = tensor([
  [1, 2, 3, 4],
  [0, 1, 0, -1],
])

describe('ops on symbolic tensors', () => {
  test('compute in the model what they compute on tensors', async () => {
    const x = input({ shape: [4] })
    const draw = (t: Tensor): Tensor =>
      ops.where(ops.greater(t, 0), t.add(1).mul(t), ops.mean(t, { axis: -1, keepdims: true }))
    const y = ops.where(ops.greater(x, 0), x.add(1).mul(x), ops.mean(x, { axis: -1, keepdims: true }))
    const model = new Model({ inputs: x, outputs: y })
    expect(await (await model.predict(x4)).data()).toEqual(await draw(x4).data())
    expect(model.layers.map(({ name }) => name)).toEqual(['input_layer'])
  })

  test('know the shape and the type, with the batch left open', () => {
    const x = input({ shape: [3, 4] })
    expect(ops.reshape(x, [-1, 12]).shape).toEqual([null, 12])
    expect(x.transpose([0, 2, 1]).shape).toEqual([null, 4, 3])
    expect(ops.argmax(x, { axis: -1 }).dtype).toBe('int32')
    expect(ops.split(x, 2, { axis: 2 }).map(({ shape }) => shape)).toEqual([
      [null, 3, 2],
      [null, 3, 2],
    ])
    const { values, indices } = ops.topK(x, 2)
    expect([values.dtype, indices.dtype, values.shape]).toEqual(['float32', 'int32', [null, 3, 2]])
    expect(String(x.relu())).toBe('SymbolicTensor(float32[batch, 3, 4], output of relu)')
  })

  test('both outputs of one op arrive where they belong', async () => {
    const x = input({ shape: [4] })
    const { values, indices } = ops.topK(x, 2)
    const model = new Model({ inputs: x, outputs: { indices, values } })
    const found = await model.predict(x4)
    expect(await found.values.array()).toEqual([
      [4, 3],
      [1, 0],
    ])
    expect(await found.indices.array()).toEqual([
      [3, 2],
      [1, 0],
    ])
  })

  test('refuse what the op refuses, without the lengths of the probe', () => {
    const x = input({ shape: [4] })
    expect(() => ops.matmul(x, ops.ones([3, 2]))).toThrow(/inner sizes 4 and 3/)
    expect(() => ops.add(x, ops.ones([3]))).toThrow(/\[batch, 4\]/)
  })

  const x = input({ shape: [4] })
  const y = input({ shape: [4] })
  const steps = input({ shape: [null, 4] })
  const gates = input({ shape: [null] })
  const turned = ops.transpose(x)
  const first = { axis: 0 }
  const pairs = ops.expandDims(x, 1).sub(ops.expandDims(x, 0))
  const triples = ops.expandDims(pairs, 2).sub(ops.expandDims(pairs, 1))
  // The shapes are Keras's.
  test.each<[string, SymbolicTensor | SymbolicTensor[], PartialShape | PartialShape[]]>([
    ['matmul over the batch', ops.matmul(turned, y), [4, 4]],
    ['dot over the batch', ops.dot(turned, x), [4, 4]],
    ['tensordot over the batch', ops.tensordot(x, y, { axes: [[0], [0]] }), [4, 4]],
    ['einsum over the batch', ops.einsum('ib,bj->ij', turned, y), [4, 4]],
    ['back to the batch', ops.matmul(x, ops.matmul(turned, x)), [null, 4]],
    ['a layer of it', new Dense({ units: 2 }).apply(ops.matmul(turned, x)) as SymbolicTensor, [4, 2]],
    ['every row with every row', pairs, [null, null, 4]],
    ['each row by its distances', ops.matmul(ops.sum(pairs, { axis: -1 }), x), [null, 4]],
    // Of long batches there would be too many triples.
    ['triples of rows over their last', ops.tensordot(triples, x, { axes: [[2], [0]] }), [null, null, 4, 4]],
    ['joined rows and rows', ops.concatenate([x, y], first).add(x), [null, 4]],
    [
      'parts of the batch',
      ops.split(x, 2, first),
      [
        [null, 4],
        [null, 4],
      ],
    ],
    ['rows two by two', ops.reshape(x, [-1, 8]), [null, 8]],
    ['rows in threes', ops.reshape(x, [-1, 3]), [null, 3]],
    ['so many rows', ops.reshape(x, [100, -1]), [100, null]],
    ['flat and back', ops.reshape(ops.reshape(x, [-1]), [-1, 4]).add(x), [null, 4]],
    ['a far row', ops.getItem(x, 2000), [4]],
    ['the largest of many', ops.topK(turned, 2000).values, [4, 2000]],
    ['rows beside a constant', x.add(ops.ones([32, 4])), [32, 4]],
    ['rows beside a column', ops.minimum(ops.ones([32, 1]), x), [32, 4]],
    ['rows beside plain numbers', x.add([[1], [2], [3]]), [3, 4]],
    ['a constant times the batch', ops.matmul(ops.ones([3, 32]), x), [3, 4]],
    ['the turned batch times a constant', ops.matmul(turned, ops.ones([32, 3])), [4, 3]],
    ['a batch that is told', ops.reshape(x, [128]), [128]],
    ['a batch that is stretched', ops.broadcastTo(x, [3, 32, 4]), [3, 32, 4]],
    ['steps beside a constant', steps.add(ops.ones([10, 4])), [null, 10, 4]],
    ['steps and rows beside a constant', steps.add(ops.ones([32, 10, 4])), [32, 10, 4]],
    ['steps as many as rows', ops.matmul(gates, x), [null, 4]],
    ['steps beside rows', ops.add(steps, x), [null, null, 4]],
  ])('take an unknown length for the one it has to be: %s', (_, result, shape) => {
    expect(Array.isArray(result) ? result.map((one) => one.shape) : result.shape).toEqual(shape)
  })

  test('do not take a batch to be as long as its samples: a transpose was forgotten', () => {
    expect(() => ops.matmul(x, y)).toThrow(/inner sizes 4 and batch/)
  })

  test('say what is wrong in words, in every part of the error', () => {
    const error = caught(() => new RepeatVector({ n: 3 }).apply(steps)) as FerrogradError
    expect(error.message).toBe('RepeatVector input: expected [batch, features], got [batch, ?, 4]')
    expect([error.where, error.expected]).toEqual(['RepeatVector input', '[batch, features]'])
  })

  test('the Gram matrix of each batch is predicted for as many rows, and refused for others', async () => {
    const model = new Model({ inputs: x, outputs: ops.matmul(turned, x) })
    const rows = tensor([
      [1, 0, 0, 2],
      [0, 1, 0, 0],
      [0, 0, 3, 0],
      [1, 1, 0, 0],
    ])
    expect(await (await model.predict(rows)).array()).toEqual([
      [2, 1, 0, 2],
      [1, 2, 0, 0],
      [0, 0, 9, 0],
      [2, 0, 0, 4],
    ])
    await expect(model.predict(rows, { batchSize: 3 })).rejects.toThrow('a row for each of the 3 samples')
    const six = ops.ones([6, 4])
    await expect(model.predict(six, { batchSize: 4 })).rejects.toThrow(
      'a row for each of the 2 samples of a batch, got [4, 4]',
    )
  })

  test('pipe goes through layers, functions and models', async () => {
    const dense = new Dense({ units: 4 })
    const inner = new Sequential([new Dense({ units: 2, inputShape: [4] })])
    const x = input({ shape: [4] })
    const model = new Model({ inputs: x, outputs: x.pipe(dense, ops.relu, (h) => h.add(x), inner) })
    const wanted = inner.apply(ops.relu(dense.apply(x4)).add(x4))
    expect(await (await model.predict(x4)).data()).toEqual(await wanted.data())
    expect(await x4.pipe(dense, ops.relu).data()).toEqual(await ops.relu(dense.apply(x4)).data())
  })

  test('Lambda makes a layer of a function, on tensors, in graphs and in stacks', async () => {
    const half = new Lambda({ function: (x) => x.mul(0.5) })
    expect(half.apply(x4).arraySync(2)[0]).toEqual([0.5, 1, 1.5, 2])
    const x = input({ shape: [4] })
    const sum = new Lambda({ function: ([a, b]: readonly [Tensor, Tensor]) => a.add(b) }).apply([x, half.apply(x)])
    const model = new Model({ inputs: x, outputs: sum })
    expect(await (await model.predict(x4)).data()).toEqual(await x4.mul(1.5).data())
    expect(new Sequential([new Dense({ units: 2, inputShape: [4] }), half]).apply(x4).shape).toEqual([2, 2])
    const mode = new Lambda({ function: (x, { training }) => x.mul(training ? 1 : 0) })
    expect(mode.apply(x4, { training: true }).arraySync()).toEqual(x4.arraySync())
    expect(() => model.toConfig()).toThrow(/Lambda 'lambda.*': expected a layer that can be written, got a function/)
    const hidden = new Dense({ units: 2 })
    expect(caught(() => new Lambda({ function: (x) => hidden.apply(x) }).apply(x4))).toMatchObject({
      code: 'ERR_STATE',
    })
    expect(caught(() => new Lambda({ function: 'relu' as never }))).toMatchObject({ code: 'ERR_CONFIG' })
  })

  test('are rows of the summary and boxes of the diagrams', () => {
    const x = input({ shape: [4], name: 'x' })
    const model = new Model({ inputs: x, outputs: new Dense({ units: 1 }).apply(x.add(1).mul(x)) })
    const text = model.summary({ print: false, width: 98 })
    expect(text).toMatch(/add \(Add\)\s+│ \(batch, 4\)\s+│\s+0 │ x/)
    expect(text).toMatch(/multiply \(Multiply\)\s+│ \(batch, 4\)\s+│\s+0 │ add, x/)
    expect(model.toMermaid()).toContain('"add<br/>Add (batch, 4)"')
    expect(model.toDot()).toContain('label="multiply\\nMultiply (batch, 4)"')
  })
})

describe('named arguments', () => {
  test('training: false in a graph holds in fit: a frozen base keeps its statistics', async () => {
    const x = input({ shape: [4] })
    const norm = new BatchNormalization()
    const base = norm.apply(x, { training: false })
    const model = new Model({ inputs: x, outputs: new Dense({ units: 1 }).apply(base) })
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    await model.fit(x4, [1, 2], { ...quiet, epochs: 3 })
    expect(await norm.movingMean.read().array()).toEqual([0, 0, 0, 0])
    const loose = new BatchNormalization()
    const other = new Model({ inputs: x, outputs: new Dense({ units: 1 }).apply(loose.apply(x)) })
    other.compile({ optimizer: 'sgd', loss: 'mse' })
    await other.fit(x4, [1, 2], quiet)
    expect(await loose.movingMean.read().array()).not.toEqual([0, 0, 0, 0])
  })

  test('training: false for a whole model inside holds for the layers in it', async () => {
    const norm = new BatchNormalization()
    const inner = new Sequential([new Dense({ units: 3, inputShape: [4] }), norm])
    const x = input({ shape: [4] })
    const model = new Model({ inputs: x, outputs: new Dense({ units: 1 }).apply(inner.apply(x, { training: false })) })
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    await model.fit(x4, [1, 2], quiet)
    expect(await norm.movingMean.read().array()).toEqual([0, 0, 0])
  })

  test('training: true in a graph holds in predict', async () => {
    const x = input({ shape: [4] })
    const y = new Dropout({ rate: 0.9, seed: 1 }).apply(x.mul(0).add(1), { training: true })
    const found = await (await new Model({ inputs: x, outputs: y }).predict(ops.ones([64, 4]))).data()
    expect(new Set(found)).toEqual(new Set([0, Math.fround(10)]))
  })

  /** `query · w + value`, scaled where it is told to be. */
  class Mix extends Layer {
    static override readonly parameters: readonly string[] = ['query', 'value']
    weight!: Variable

    override build({ query }: { query: readonly number[] }): void {
      this.weight = this.addWeight({ name: 'weight', shape: [query.at(-1)!], initializer: 'ones' })
    }

    override call(
      { query, value = query }: { query: Tensor; value?: Tensor },
      { scale = 1, shift }: CallContext & { scale?: number; shift?: Tensor },
    ): Tensor {
      const y = ops.multiply(ops.add(ops.multiply(query, this.weight), value), scale)
      return shift === undefined ? y : ops.add(y, shift)
    }
  }

  test('inputs by name, some of them optional, and arguments of a layer’s own', async () => {
    const mix = new Mix()
    expect(await mix.apply({ query: [[1, 2]], value: [[3, 4]] }).array()).toEqual([[4, 6]])
    expect(await mix.apply({ query: [[1, 2]] }, { scale: 3 }).array()).toEqual([[6, 12]])
    expect(await mix.apply([[1, 2]], { shift: tensor([1, 1]) }).array()).toEqual([[3, 5]])
  })

  test('the same in a functional graph, where an argument may be symbolic', async () => {
    const [q, v] = [input({ shape: [2], name: 'q' }), input({ shape: [2], name: 'v' })]
    const y = new Mix().apply({ query: q, value: v }, { scale: 2, shift: v.add(1) })
    const model = new Model({ inputs: { q, v }, outputs: y })
    expect(await (await model.predict({ q: [[1, 2]], v: [[3, 4]] })).array()).toEqual([[12, 17]])
    expect(model.summary({ print: false, width: 98 })).toMatch(/mix \(Mix\).*q, add, v/)
  })

  test('a name that the layer does not have is refused', () => {
    const mix = new Mix()
    // @ts-expect-error
    expect(() => mix.apply({ query: [[1, 2]], key: [[3, 4]] })).toThrow(
      /Mix input: expected names it knows, got 'key'. Known: query, value/,
    )
    expect(() => mix.apply({ query: [[1, 2]] }, { scal: 3 } as never)).toThrow(
      /^Mix argument: expected a name that its call asks for, got 'scal'; did you mean 'scale'\?/,
    )
  })
})

describe('a misspelt argument', () => {
  const x = random.normal([2, 3, 4], { seed: 1 })
  const heads = (): MultiHeadAttention => new MultiHeadAttention({ numHeads: 2, keyDim: 2 })
  const states = [ops.zeros([2, 2]), ops.zeros([2, 2])]
  const near = (layer: string, name: string, wanted: string): object => ({
    code: 'ERR_DATA',
    message: `${layer} argument: expected a name that its call asks for, got '${name}'; did you mean '${wanted}'?`,
  })

  test.each<[what: string, run: () => unknown, message: object]>([
    [
      'of attention',
      () => heads().apply({ query: x, value: x }, { useCausalMsk: true } as never),
      near('MultiHeadAttention', 'useCausalMsk', 'useCausalMask'),
    ],
    [
      'as Keras spells it',
      () => heads().apply({ query: x, value: x }, { use_causal_mask: true } as never),
      near('MultiHeadAttention', 'use_causal_mask', 'useCausalMask'),
    ],
    [
      'in a graph',
      () =>
        new TransformerDecoder({ intermediateDim: 4, numHeads: 2 }).apply(input({ shape: [3, 4] }), {
          decoderPadingMask: ops.ones([1, 3]),
        } as never),
      near('TransformerDecoder', 'decoderPadingMask', 'decoderPaddingMask'),
    ],
    [
      'of a layer around a loop',
      () => new Bidirectional({ layer: new LSTM({ units: 2 }) }).apply(x, { initalState: states } as never),
      near('Bidirectional', 'initalState', 'initialState'),
    ],
    [
      'that all layers have',
      () => new Dense({ units: 1 }).apply(x, { trainig: true } as never),
      near('Dense', 'trainig', 'training'),
    ],
  ])('%s is refused', (_, run, message) => {
    expect(run).toThrow(expect.objectContaining(message))
  })

  test('what a call does not ask for this time may be there', () => {
    class Scaled extends Layer {
      override call(given: Tensor, context: CallContext & { scale?: number; scales?: number }): Tensor {
        return ops.multiply(given, context.scale ?? context.scales ?? 1)
      }
    }
    expect(new Scaled().apply([1, 2], { scale: 3, scales: 4 }).arraySync()).toEqual([3, 6])
    expect(new Scaled().apply([1, 2], { other: 3 } as never).arraySync()).toEqual([1, 2])
  })

  /** A `call` that asks for `scales` in vain, and for more in its own way. */
  const asking = (more: (context: object) => unknown): Layer =>
    new (class Asking extends Layer {
      override call(given: Tensor, context: CallContext & { scales?: number }): Tensor {
        expect(context.scales).toBeUndefined()
        more(context)
        return given
      }
    })()

  test.each<[string, (context: object) => unknown]>([
    ['is looked for', (context) => 'scale' in context],
    ['is looked for as its own', (context) => Object.hasOwn(context, 'scale')],
    ['is copied', (context) => ({ ...context })],
    ['is taken with the rest', ({ ...rest }) => rest],
    ['is listed', (context) => Object.keys(context)],
  ])('what %s is asked for', (_, more) => {
    expect(() => asking(() => undefined).apply([1], { scale: 2 } as never)).toThrow(
      /got 'scale'; did you mean 'scales'/,
    )
    expect(
      asking(more)
        .apply([1], { scale: 2 } as never)
        .arraySync(),
    ).toEqual([1])
  })

  test('a layer inside to which all is handed on refuses it', () => {
    const outer = new (class Outer extends Layer {
      readonly inside = heads()
      override call(given: Tensor, context: CallContext): Tensor {
        return this.inside.apply({ query: given, value: given }, context)
      }
    })()
    const causal = outer.inside.apply({ query: x, value: x }, { useCausalMask: true })
    expect(outer.apply(x, { useCausalMask: true } as never).arraySync()).toEqual(causal.arraySync())
    expect(() => outer.apply(x, { useCausalMsk: true } as never)).toThrow(
      expect.objectContaining(near('MultiHeadAttention', 'useCausalMsk', 'useCausalMask')),
    )
  })
})

describe('several results', () => {
  class Halves extends Layer {
    override call(x: Tensor): { left: Tensor; right: Tensor } {
      const [left, right] = ops.split(x, 2, { axis: -1 }) as [Tensor, Tensor]
      return { left, right }
    }

    protected override computeMask(_x: Tensor, mask: Masks): Masks {
      return { left: mask }
    }
  }

  test('come by name, on tensors and in graphs', async () => {
    const halves = new Halves()
    expect(await halves.apply(x4).right.array()).toEqual([
      [3, 4],
      [0, -1],
    ])
    const x = input({ shape: [4] })
    const { left, right } = halves.apply(x)
    const model = new Model({ inputs: x, outputs: ops.subtract(right, left) })
    expect(await (await model.predict(x4)).array()).toEqual([
      [2, 2],
      [0, -2],
    ])
  })

  test('two outputs of one layer have two names', async () => {
    const x = input({ shape: [4] })
    const { left, right } = new Halves({ name: 'halves' }).apply(x)
    const model = new Model({ inputs: x, outputs: [left, right] })
    expect(model.outputNames).toEqual(['halves', 'halves_1'])
    model.compile({ loss: { halves: 'mse', halves_1: 'mae' } })
    expect(
      Object.keys(
        await model.evaluate(x4, { halves: x4.slice([0, 0], { size: [2, 2] }), halves_1: x4.slice([0, 2]) }, quiet),
      ),
    ).toEqual(['loss', 'halves_loss', 'halves_1_loss'])
  })

  test('one metric object on two outputs is refused', async () => {
    const x = input({ shape: [4] })
    const model = new Model({ inputs: x, outputs: { a: x.add(0), b: new Dense({ units: 1 }).apply(x) } })
    const shared = new MeanAbsoluteError()
    model.compile({ loss: { b: 'mse' }, metrics: { a: [shared], b: [shared] } })
    const run = model.evaluate(x4, { a: x4, b: [[1], [2]] }, quiet)
    await expect(run).rejects.toMatchObject({ code: 'ERR_CONFIG', where: 'compile.metrics' })
  })

  test('each has a mask of its own', () => {
    const seen: string[] = []
    class Watch extends Layer {
      override call(x: Tensor, { mask }: CallContext): Tensor {
        seen.push(mask === undefined ? 'none' : String(mask.shape))
        return x
      }
    }
    const { left, right } = new Halves().apply(x4, { mask: ops.ones([2]) })
    new Watch().apply(left)
    new Watch().apply(right)
    expect(seen).toEqual(['2', 'none'])
  })
})

describe('what is called is owned', () => {
  test('layers in objects, maps, sets and nested lists', () => {
    class Deep extends Model {
      heads = { a: new Dense({ units: 1 }), more: [[new Dense({ units: 1 })]] }
      byName = new Map([['c', new Dense({ units: 1 })]])
      others = new Set([new Dense({ units: 1 })])
      override call(x: Tensor): Tensor {
        const all = [this.heads.a, this.heads.more[0]![0]!, this.byName.get('c')!, ...this.others]
        const heads = all.map((layer) => layer.apply(x))
        return ops.concatenate(heads, { axis: -1 })
      }
    }
    const model = new Deep()
    expect(model.apply(x4).shape).toEqual([2, 4])
    expect(model.trainableVariables).toHaveLength(8)
  })

  test('a layer in a #private field is refused when it is called, or tracked', async () => {
    class Hidden extends Model {
      readonly #hidden = new Dense({ units: 2, name: 'secret' })
      override call(x: Tensor): Tensor {
        return this.#hidden.apply(x)
      }
    }
    const model = new Hidden()
    const error = caught(() => model.apply(x4)) as Error
    expect(error).toMatchObject({ code: 'ERR_STATE' })
    expect(error.message).toMatch(/Hidden\.call: it calls Dense 'secret', which it does not own.*this\.track/)
    class Tracked extends Model {
      readonly #hidden = this.track(new Dense({ units: 2 }))
      override call(x: Tensor): Tensor {
        return this.#hidden.apply(x)
      }
    }
    const tracked = new Tracked()
    tracked.compile({ optimizer: 'sgd', loss: 'mse' })
    await tracked.fit(
      x4,
      [
        [1, 2],
        [3, 4],
      ],
      quiet,
    )
    expect(tracked.trainableVariables).toHaveLength(2)
  })

  test('variables in objects, maps, sets and nested lists are weights', () => {
    class Deep extends Layer {
      own = { a: variable(1), more: [[variable([2, 3])]] }
      byName = new Map([['c', variable(4)]])
      others = new Set([variable(5, { trainable: false })])
      override call(x: Tensor): Tensor {
        const all = [this.own.a, this.own.more[0]![0]!, this.byName.get('c')!, ...this.others]
        return all.reduce((sum, one) => ops.add(sum, ops.sum(one)), x)
      }
    }
    const layer = new Deep()
    expect(layer.apply(tensor([[0]])).itemSync()).toBe(15)
    expect([layer.trainableWeights.length, layer.weights.length]).toEqual([3, 4])
  })

  test.each(['model', 'layer'])(
    'a variable in a #private field of a %s is refused when it is read, or tracked',
    async (kind) => {
      class Hidden extends Layer {
        readonly #scale = variable(2, { name: 'secret' })
        override call(x: Tensor): Tensor {
          return ops.multiply(x, this.#scale)
        }
      }
      class HiddenModel extends Model {
        readonly #scale = variable(2, { name: 'secret' })
        override call(x: Tensor): Tensor {
          return ops.multiply(x, this.#scale)
        }
      }
      class Tracked extends Layer {
        readonly #scale = this.track(variable(2))
        override call(x: Tensor): Tensor {
          return ops.multiply(x, this.#scale)
        }
      }
      const hidden = (): Model => (kind === 'model' ? new HiddenModel() : new Sequential([new Hidden()]))
      const error = caught(() => hidden().apply(x4)) as Error
      expect(error).toMatchObject({ code: 'ERR_STATE' })
      expect(error.message).toMatch(
        /Hidden\w*\.call: it reads the variable 'secret', which no layer owns.*this\.track.*trainable/,
      )
      const model = hidden()
      model.compile({ optimizer: 'sgd', loss: 'mse' })
      await expect(model.fit(x4, x4, quiet)).rejects.toMatchObject({ code: 'ERR_STATE' })
      const tracked = new Sequential([new Tracked()])
      tracked.compile({ optimizer: 'sgd', loss: 'mse' })
      await tracked.fit(x4, x4, quiet)
      expect(tracked.trainableVariables).toHaveLength(1)
      expect(tracked.getWeights()[0]!.itemSync()).toBeLessThan(2)
    },
  )

  test('what nothing trains may be anywhere; what was there before the layer, and weights of another, may be read', () => {
    const given = variable(1)
    const temperature = variable(2, { trainable: false })
    const table = new Dense({ units: 2, useBias: false, inputShape: [4] })
    table.apply(x4)
    class Tied extends Layer {
      override call(x: Tensor): Tensor {
        return ops.multiply(ops.matmul(x, table.kernel), ops.multiply(temperature, given))
      }
    }
    expect(new Tied().apply(x4).shape).toEqual([2, 2])
  })
})
