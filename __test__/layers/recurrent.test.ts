/** Recurrent layers, their cells and what wraps them against real Keras in float64, and what is theirs alone. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as config from '../../ts/config.js'
import { maskOn } from '../../ts/core/mask.js'
import { leavesOf } from '../../ts/core/structure.js'
import { isSymbolic } from '../../ts/core/symbolic-tensor.js'
import { type Tensor, tensor } from '../../ts/core/tensor.js'
import type { Variable } from '../../ts/core/variable.js'
import { jit } from '../../ts/jit.js'
import {
  BatchNormalization,
  Bidirectional,
  type CellContext,
  type CellResult,
  ConvLSTM1D,
  Dense,
  Embedding,
  GRU,
  GRUCell,
  Layer,
  LSTM,
  LSTMCell,
  RNN,
  recompute,
  SimpleRNN,
  StackedRNNCells,
  TimeDistributed,
} from '../../ts/layers/index.js'
import { input, Model, Sequential } from '../../ts/model/index.js'
import * as ops from '../../ts/ops.js'
import { optimizerFamily } from '../../ts/optimizers/family.js'
import { resolveObject } from '../../ts/options/family.js'
import { deserialize, registerClass, serialize } from '../../ts/saving/index.js'
import type { Shape } from '../../ts/types.js'
import { caught } from '../caught.js'
import { expectClose, fixture, toTensor } from '../oracle.js'
import { contextOf, expectRecurrent, prepared, type RecurrentCase, tensorsOf } from './recurrent-cases.js'

const cases = ['recurrent_layers', 'conv_lstm'].flatMap((topic) => [...fixture<RecurrentCase>(topic).cases])
const shaken = (shape: Shape, seed = 1): Tensor =>
  tensor(
    Float64Array.from({ length: shape.reduce((size, length) => size * length, 1) }, (_, i) => Math.sin(seed + 1.7 * i)),
    [...shape],
  )

describe('in float64', () => {
  beforeAll(() => config.setFloatx('float64'))
  afterAll(() => config.setFloatx('float32'))

  describe('outputs, states and gradients equal those of Keras', () => {
    it.each(cases.filter(({ kind }) => kind !== 'stateful'))('$name', expectRecurrent)
  })

  describe('a stateful layer goes on where the batch before it ended', () => {
    it.each(cases.filter(({ kind }) => kind === 'stateful'))('$name', (one) => {
      const layer = prepared(one)
      for (const [i, x] of one.inputs.entries()) {
        if (i === 2) layer.resetStates()
        const output = layer.apply(toTensor(x))
        expectClose(output.dataSync(), one.outputs[i]!, 1e-10, `batch ${i}`)
      }
    })
  })

  describe('three steps are those of Keras', () => {
    it.each(cases.filter(({ steps }) => steps))('$name', async (one) => {
      const { optimizer, losses, weights } = one.steps!
      const layer = prepared(one)
      const data = [one.inputs[0]!, ...(one.states ?? [])].map((numbers) => toTensor(numbers))
      const symbols = data.map(({ shape }) => input({ shape: shape.slice(1) }))
      const given = one.mask && {
        tensor: toTensor(one.mask, 'bool'),
        symbol: input({ shape: one.mask.shape.slice(1), dtype: 'bool' }),
      }
      const found: unknown = layer.apply(symbols[0]! as never, contextOf(one, symbols.slice(1), given?.symbol) as never)
      const inputs = [...symbols, ...(given ? [given.symbol] : [])]
      const model = new Model({ inputs, outputs: leavesOf(found, isSymbolic) })
      const targets = one.cotangents!.map((numbers) => toTensor(numbers))
      const y = targets.length === 1 ? targets[0]! : targets
      model.compile({
        optimizer: resolveObject(optimizer, 'optimizer', optimizerFamily),
        loss: targets.map(() => 'mse' as const),
      })
      for (const [step, wanted] of losses.entries()) {
        const { loss } = await model.trainOnBatch([...data, ...(given ? [given.tensor] : [])] as never, y as never)
        expectClose(Float64Array.of(loss!), wanted, 1e-10, `loss ${step}`)
      }
      for (const [i, wanted] of weights.entries())
        expectClose(layer.weights[i]!.dataSync(), wanted, 1e-10, `weight ${i}`)
    })
  })

  it('a cell of a user’s own is run as ours are', () => {
    class Written extends Layer.with({ units: { type: 'integer', min: 1 } }) {
      readonly stateSize = [this.options.units, this.options.units]
      kernel!: Variable
      recurrent!: Variable
      override build(inputShape: Shape): void {
        const width = 4 * this.options.units
        this.kernel = this.addWeight({ name: 'kernel', shape: [inputShape.at(-1)!, width] })
        this.recurrent = this.addWeight({ name: 'recurrent', shape: [this.options.units, width] })
      }
      override call(x: Tensor, { states: [h, c] }: CellContext): CellResult {
        const z = ops.add(ops.matmul(x, this.kernel), ops.matmul(h!, this.recurrent))
        const [i, f, g, o] = ops.split(z, 4, { axis: -1 }) as [Tensor, Tensor, Tensor, Tensor]
        const next = ops.add(ops.multiply(ops.sigmoid(f), c!), ops.multiply(ops.sigmoid(i), ops.tanh(g)))
        const shown = ops.multiply(ops.sigmoid(o), ops.tanh(next))
        return [shown, [shown, next]]
      }
    }
    const own = new RNN({ cell: new Written({ units: 3 }), returnSequences: true, returnState: true })
    const ours = new LSTM({ units: 3, useBias: false, returnSequences: true, returnState: true })
    const x = shaken([2, 4, 5])
    const mask = tensor([1, 1, 0, 1, 0, 1, 1, 0], [2, 4], 'bool')
    ours.ensureBuilt(x.shape)
    own.ensureBuilt(x.shape)
    own.setWeights(ours.getWeights())
    const [wanted, got] = [ours.apply(x, { mask }), own.apply(x, { mask })].map(tensorsOf)
    for (const [i, one] of got!.entries())
      expectClose(one.dataSync(), { shape: [], data: [...wanted![i]!.dataSync()] }, 1e-14)
    registerClass(Written)
    expect(serialize(deserialize(serialize(own as never)))).toEqual(serialize(own as never))
  })
})

it('cells in a list are one above another, in a configuration too', () => {
  const cells = (): [LSTMCell, GRUCell] => [new LSTMCell({ units: 3, seed: 1 }), new GRUCell({ units: 2, seed: 2 })]
  const [listed, stacked] = [new RNN({ cell: cells() }), new RNN({ cell: new StackedRNNCells({ cells: cells() }) })]
  const x = shaken([2, 4, 5])
  listed.ensureBuilt(x.shape)
  stacked.ensureBuilt(x.shape)
  stacked.setWeights(listed.getWeights())
  expect(listed.cell).toBeInstanceOf(StackedRNNCells)
  expect(listed.apply(x).arraySync()).toEqual(stacked.apply(x).arraySync())
  const config = (layer: RNN): object => ({ ...(layer.getConfig() as object), name: '' })
  expect(JSON.stringify(config(listed)).replace(/stacked_rnn_cells\w*/g, '')).toBe(
    JSON.stringify(config(stacked)).replace(/stacked_rnn_cells\w*/g, ''),
  )
})

describe('shapes in a functional graph', () => {
  const shapesOf = (layer: { apply(x: never): unknown }, shape: readonly (number | null)[]): unknown => {
    const found = layer.apply(input({ shape }) as never)
    return leavesOf(found, isSymbolic).map((one) => one.shape)
  }

  type Row = readonly [layer: { apply(x: never): unknown }, shape: readonly (number | null)[], wanted: unknown]
  const rows: readonly Row[] = [
    [new LSTM({ units: 4 }), [null, 3], [[null, 4]]],
    [new GRU({ units: 4, returnSequences: true }), [null, 3], [[null, null, 4]]],
    [
      new LSTM({ units: 4, returnState: true }),
      [7, 3],
      [
        [null, 4],
        [null, 4],
        [null, 4],
      ],
    ],
    [new Bidirectional({ layer: new GRU({ units: 4, returnSequences: true }) }), [null, 3], [[null, null, 8]]],
    [
      new Bidirectional({ layer: new GRU({ units: 4 }), mergeMode: null }),
      [5, 3],
      [
        [null, 4],
        [null, 4],
      ],
    ],
    [
      new RNN({
        cell: new StackedRNNCells({ cells: [new LSTMCell({ units: 5 }), new GRUCell({ units: 2 })] }),
        returnState: true,
      }),
      [null, 3],
      [
        [null, 2],
        [null, 5],
        [null, 5],
        [null, 2],
      ],
    ],
    [new TimeDistributed({ layer: new Dense({ units: 4 }) }), [null, 3], [[null, null, 4]]],
  ]

  it.each(rows)('%s', (layer, shape, wanted) => expect(shapesOf(layer, shape)).toEqual(wanted))
})

describe('masks', () => {
  const words = tensor([3, 1, 0, 0, 2, 0, 4, 1], [2, 4], 'int32')

  it('of an embedding reach the layer and what follows', () => {
    const embedded = new Embedding({ inputDim: 5, outputDim: 3, maskZero: true }).apply(words)
    const layer = new GRU({ units: 2, returnSequences: true })
    const y = layer.apply(embedded)
    expect(maskOn(y)!.arraySync()).toEqual([
      [true, true, false, false],
      [true, false, true, true],
    ])
    const rows = y.arraySync() as number[][][]
    expect(rows[0]![2]).toEqual(rows[0]![1])
    expect(rows[0]![3]).toEqual(rows[0]![1])
    expect(rows[1]![1]).toEqual(rows[1]![0])
    expect(maskOn(new GRU({ units: 2 }).apply(embedded))).toBeUndefined()
  })

  describe('of words in sentences', () => {
    const ids = tensor([3, 1, 0, 2, 0, 0, 4, 1, 2, 0, 0, 0], [2, 2, 3], 'int32')
    const embedding = new Embedding({ inputDim: 5, outputDim: 3, maskZero: true })
    const [inner, outer] = [new GRU({ units: 2 }), new GRU({ units: 2 })]
    const sentences = new TimeDistributed({ layer: inner })
    const embedded = (rows: readonly number[]): Tensor => embedding.apply(tensor(rows, [1, rows.length], 'int32'))

    it('reach the layer of a sentence, and those of sentences what follows', () => {
      const y = sentences.apply(embedding.apply(ids))
      expect(maskOn(y)!.arraySync()).toEqual([
        [true, true],
        [true, false],
      ])
      const [one, two] = [inner.apply(embedded([3, 1])), inner.apply(embedded([2]))]
      const rows = ops.getItem(y, 0)
      expectClose(rows.dataSync(), { shape: [4], data: [...one.dataSync(), ...two.dataSync()] }, 1e-6)
      const whole = inner.apply(embedded([4, 1, 2]))
      const wanted = outer.apply(ops.expandDims(whole, 0)).dataSync()
      expectClose(ops.getItem(outer.apply(y), 1).dataSync(), { shape: [2], data: [...wanted] }, 1e-6)
    })

    it('stay those of words where each word keeps its place', () => {
      const y = new TimeDistributed({ layer: new GRU({ units: 2, returnSequences: true }) }).apply(embedding.apply(ids))
      expect(maskOn(y)!.arraySync()).toEqual(maskOn(embedding.apply(ids))!.arraySync())
    })

    it('are there where activations are made again', async () => {
      const step = (layer: Layer) =>
        jit((x: Tensor) =>
          outer.apply(layer.apply(embedding.apply(x), { training: true }) as Tensor, { training: true }),
        )
      const again = new TimeDistributed({ layer: inner })
      const [plain, made] = [await step(sentences)(ids), await step(recompute(again))(ids)]
      expect(made.arraySync()).toEqual(plain.arraySync())
    })
  })

  it('a sequence that is all padding gives zeros, or the state it began with', () => {
    const x = shaken([1, 3, 2])
    const mask = tensor([0, 0, 0], [1, 3], 'bool')
    const [y, h, c] = new LSTM({ units: 2, returnState: true }).apply(x, {
      mask,
      initialState: [ops.ones([1, 2]), ops.full([1, 2], 3)],
    })
    expect([y, h, c].map((one) => one.arraySync())).toEqual([[[0, 0]], [[1, 1]], [[3, 3]]])
  })

  it('are heeded where states are given too', () => {
    const h0 = ops.ones([2, 2])
    const layer = new GRU({ units: 2 })
    const embedded = new Embedding({ inputDim: 5, outputDim: 3, maskZero: true }).apply(words)
    const whole = layer.apply(embedded, { initialState: h0 }).arraySync() as number[][]
    const short = layer.apply(ops.slice(embedded, { begin: [0, 0, 0], size: [1, 2, 3] }), {
      initialState: ops.ones([1, 2]),
    })
    expectClose(short.dataSync(), { shape: [2], data: whole[0]! }, 1e-6)
  })
})

describe('dropout', () => {
  // The cell hands its input on: what is dropped can be seen.
  const open = {
    activation: 'linear',
    kernelInitializer: 'identity',
    recurrentInitializer: 'zeros',
    useBias: false,
  } as const

  it('of inputs is the same at all steps, and another in the next batch', () => {
    const layer = new SimpleRNN({ units: 40, dropout: 0.25, returnSequences: true, seed: 1, ...open })
    const first = layer.apply(ops.ones([3, 4, 40]), { training: true })
    const kept = ops.min(first, { axis: 1 })
    expect(kept.arraySync()).toEqual(ops.max(first, { axis: 1 }).arraySync())
    expect(new Set(kept.dataSync())).toEqual(new Set([0, Math.fround(1 / 0.75)]))
    const share = kept.dataSync().filter((one) => one > 0).length / kept.size
    expect(Math.abs(share - 0.75)).toBeLessThan(0.12)
    const second = layer.apply(ops.ones([3, 4, 40]), { training: true })
    expect(second.arraySync()).not.toEqual(first.arraySync())
    expect(layer.apply(ops.ones([3, 4, 40])).arraySync()).toEqual(ops.ones([3, 4, 40]).arraySync())
  })

  it('of the state is the same at all steps', () => {
    const identity = { kernelInitializer: 'zeros', recurrentInitializer: 'identity', useBias: false } as const
    const layer = new SimpleRNN({ units: 40, recurrentDropout: 0.5, activation: 'linear', seed: 1, ...identity })
    const y = layer.apply(ops.ones([3, 3, 2]), { training: true, initialState: ops.ones([3, 40]) })
    expect(new Set(y.dataSync())).toEqual(new Set([0, 8]))
  })

  it('reaches both directions', () => {
    const told = { returnSequences: true, seed: 1, ...open } as const
    const inputs = new Bidirectional({ layer: new SimpleRNN({ units: 40, dropout: 0.25, ...told }), mergeMode: null })
    for (const y of inputs.applyMany(ops.ones([3, 4, 40]), { training: true })) {
      expect(ops.min(y, { axis: 1 }).arraySync()).toEqual(ops.max(y, { axis: 1 }).arraySync())
      expect(new Set(y.dataSync())).toEqual(new Set([0, Math.fround(1 / 0.75)]))
    }
    const kept = { kernelInitializer: 'zeros', recurrentInitializer: 'identity', activation: 'linear' } as const
    const layer = new SimpleRNN({ units: 40, recurrentDropout: 0.5, seed: 1, ...kept })
    const states = [ops.ones([3, 40]), ops.ones([3, 40])]
    const both = new Bidirectional({ layer, mergeMode: null })
    for (const y of both.applyMany(ops.ones([3, 3, 2]), { training: true, initialState: states } as never))
      expect(new Set(y.dataSync())).toEqual(new Set([0, 8]))
  })

  it('of pictures has a pattern for each gate, drawn once for all steps', () => {
    const how = { filters: 3, kernelSize: 3, padding: 'same', returnSequences: true, seed: 5 } as const
    const x = shaken([2, 6, 5, 2])
    const make = (options: object): ConvLSTM1D => {
      const layer = new ConvLSTM1D({ ...how, kernelInitializer: 'ones', recurrentInitializer: 'ones', ...options })
      layer.ensureBuilt(x.shape)
      return layer
    }
    const run = (options: object): unknown => make(options).apply(x, { training: true }).arraySync()
    const both = { dropout: 0.4, recurrentDropout: 0.4 }
    const layer = make(both)
    layer.apply(x, { training: true })
    expect(layer.cell.seedGenerator.state.dataSync()[2]).toBe(8)
    expect(run(both)).toEqual(run(both))
    const all = [{}, { dropout: 0.4 }, { recurrentDropout: 0.4 }, both].map((one) => JSON.stringify(run(one)))
    expect(new Set(all).size).toBe(4)
    expect(make(both).apply(x).arraySync()).toEqual(make({}).apply(x).arraySync())
    // Nothing is carried before the first step: what is dropped of states does not show there.
    const first = (options: object): unknown =>
      ops.getItem(ops.transpose(make(options).apply(x, { training: true }), [1, 0, 2, 3]), 0).arraySync()
    expect(first({ recurrentDropout: 0.4 })).toEqual(first({}))
  })

  it.each([
    ['LSTM', () => new LSTM({ units: 3, dropout: 0.4, recurrentDropout: 0.4, seed: 5 })],
    ['GRU', () => new GRU({ units: 3, dropout: 0.4, recurrentDropout: 0.4, seed: 5, resetAfter: false })],
  ] as const)('of every gate of %s has a pattern of its own, drawn once', (_, make) => {
    const layer = make()
    const x = shaken([2, 6, 3])
    const y = layer.apply(x, { training: true })
    expect(layer.cell.seedGenerator.state.dataSync()[2]).toBe(2 * (layer instanceof LSTM ? 4 : 3))
    expect(y.arraySync()).not.toEqual(layer.apply(x).arraySync())
  })
})

describe('layers that keep their states', () => {
  it('go on through the batches of a fit, and begin anew where they are told to', async () => {
    const model = new Sequential([new GRU({ units: 2, stateful: true, inputShape: [3, 1] }), new Dense({ units: 1 })])
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    const x = shaken([8, 3, 1])
    await model.fit(x, ops.ones([8, 1]), { batchSize: 4, shuffle: false, verbose: 0 })
    const [state] = (model.layers[0] as GRU).variables.slice(-1)
    expect(state!.shape).toEqual([4, 2])
    expect(state!.dataSync().every((one) => one !== 0)).toBe(true)
    model.resetStates()
    expect([...state!.dataSync()]).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
    const one = ops.slice(x, { begin: [0, 0, 0], size: [4, 3, 1] })
    const first = await model.predict(one)
    const second = await model.predict(one)
    expect((second as Tensor).arraySync()).not.toEqual((first as Tensor).arraySync())
    model.resetStates()
    expect(((await model.predict(one)) as Tensor).arraySync()).toEqual((first as Tensor).arraySync())
  })
})

describe('what does not fit is refused', () => {
  const x = ops.ones([2, 4, 3])
  const table: readonly (readonly [what: string, run: () => unknown, code: string, message: RegExp])[] = [
    ['no units', () => new LSTM({ units: 0 }), 'ERR_CONFIG', /^LSTM\.units: expected an integer ≥ 1, got 0/],
    [
      'everything dropped',
      () => new GRU({ units: 2, recurrentDropout: 1 }),
      'ERR_CONFIG',
      /^GRU\.recurrentDropout: expected a number in \[0, 1\), got 1/,
    ],
    [
      'an input without steps',
      () => new LSTM({ units: 2 }).apply(ops.ones([2, 3])),
      'ERR_SHAPE',
      /^LSTM input: expected \[batch, steps, features\], got \[2, 3\]/,
    ],
    [
      'features that nobody knows',
      () => new LSTM({ units: 2 }).apply(input({ shape: [4, null] })),
      'ERR_SHAPE',
      /known positive lengths/,
    ],
    [
      'no step',
      () => new LSTM({ units: 2 }).apply(ops.zeros([2, 0, 3])),
      'ERR_SHAPE',
      /^LSTM input: expected a sequence of at least one step, got \[2, 0, 3\]/,
    ],
    [
      'a mask of other steps',
      () => new GRU({ units: 2 }).apply(x, { mask: ops.ones([2, 3], 'bool') }),
      'ERR_SHAPE',
      /^GRU mask: expected \[2, 4\], one entry a step, got \[2, 3\]/,
    ],
    [
      'states too few',
      () => new LSTM({ units: 2 }).apply(x, { initialState: [ops.ones([2, 2])] }),
      'ERR_SHAPE',
      /^LSTM initialState: expected states of shapes \[\[2, 2\], \[2, 2\]\], got \[\[2, 2\]\]/,
    ],
    [
      'states of another length',
      () => new GRU({ units: 2 }).apply(x, { initialState: ops.ones([2, 3]) }),
      'ERR_SHAPE',
      /^GRU initialState: expected states of shapes \[\[2, 2\]\], got \[\[2, 3\]\]/,
    ],
    [
      'a cell that is none',
      () => new RNN({ cell: new Dense({ units: 2 }) as never }),
      'ERR_CONFIG',
      /^RNN\.cell: expected a cell: a layer with a stateSize/,
    ],
    [
      'a class for a cell',
      () => new RNN({ cell: LSTMCell as never }),
      'ERR_CONFIG',
      /^RNN\.cell: expected a cell.* Make one: new LSTMCell/s,
    ],
    [
      'no cells',
      () => new StackedRNNCells({ cells: [] }),
      'ERR_CONFIG',
      /^StackedRNNCells\.cells: expected a list of at least one/,
    ],
    [
      'a step without its states',
      () => new GRUCell({ units: 2 }).apply(ops.ones([2, 3]), {} as never),
      'ERR_SHAPE',
      /^GRUCell states: expected \[2, 2\], got none/,
    ],
    [
      'two directions of what has none',
      () => new Bidirectional({ layer: new Dense({ units: 2 }) as never }),
      'ERR_CONFIG',
      /^Bidirectional\.layer: expected a recurrent layer, got Dense/,
    ],
    [
      'two directions that are one',
      () => new Bidirectional({ layer: new GRU({ units: 2 }), backwardLayer: new GRU({ units: 2 }) }),
      'ERR_CONFIG',
      /^Bidirectional\.backwardLayer: expected goBackwards true, got false/,
    ],
    [
      'sequences one way and not the other',
      () =>
        new Bidirectional({
          layer: new GRU({ units: 2 }),
          backwardLayer: new GRU({ units: 2, goBackwards: true, returnSequences: true }),
        }),
      'ERR_CONFIG',
      /^Bidirectional\.backwardLayer: expected returnSequences false, as the other layer, got true/,
    ],
    [
      'a mask of words for steps',
      () => new TimeDistributed({ layer: new Dense({ units: 2 }) }).apply(x, { mask: ops.ones([2, 3, 4], 'bool') }),
      'ERR_SHAPE',
      /^TimeDistributed mask: expected \[2, 4, …\], as the input, got \[2, 3, 4\]/,
    ],
    [
      'pictures smaller than a window',
      () => new ConvLSTM1D({ filters: 2, kernelSize: 5 }).apply(ops.ones([1, 2, 3, 1])),
      'ERR_SHAPE',
      /^ConvLSTM1D input: expected pictures of at least \[5\] places, got \[1, 3, 1\]/,
    ],
    [
      'one step for each step',
      () => new TimeDistributed({ layer: new Dense({ units: 2 }) }).apply(ops.ones([2, 3])),
      'ERR_SHAPE',
      /^TimeDistributed input: expected \[batch, steps, …\], got \[2, 3\]/,
    ],
  ]

  it.each(table)('%s', (_, run, code, message) =>
    expect(caught(run)).toMatchObject({ code, message: expect.stringMatching(message) }),
  )

  it('another batch where states are kept', async () => {
    const layer = new GRU({ units: 2, stateful: true })
    layer.apply(x)
    const after = layer.variables.at(-1)!.dataSync()
    expect(() => layer.apply(ops.ones([3, 4, 3]))).toThrow(
      /^GRU input: expected batches of 2 samples, as the first was, got \[3, 4, 3\]/,
    )
    expect(layer.variables.at(-1)!.dataSync()).toEqual(after)
  })

  it('a cell that returns its output alone', () => {
    class Wrong extends Layer {
      readonly stateSize = 3
      override call(x: Tensor): Tensor {
        return x
      }
    }
    expect(caught(() => new RNN({ cell: new Wrong() }).apply(x))).toMatchObject({
      code: 'ERR_DATA',
      message: expect.stringMatching(/^Wrong\.call: expected the output and the states: \[output, \[state, …\]\]/),
    })
  })
})

it('statistics at every step are of all steps at once', () => {
  const x = shaken([3, 4, 2])
  const [apart, whole] = [new TimeDistributed({ layer: new BatchNormalization() }), new BatchNormalization()]
  const wanted = whole.apply(ops.reshape(x, [12, 2]), { training: true })
  expect([...apart.apply(x, { training: true }).dataSync()]).toEqual([...wanted.dataSync()])
})
