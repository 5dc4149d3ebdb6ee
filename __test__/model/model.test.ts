import {
  config,
  input,
  Model,
  ops,
  Sequential,
  type Shape,
  type StepLogs,
  type Tensor,
  tensor,
  type Variable,
} from 'ferrograd'
import { Add, Dense, Dropout, Flatten, InputLayer, Layer } from 'ferrograd/layers'
import { describe, expect, test } from 'vitest'
import { modelFromConfig } from '../../ts/model/from-config.js'
import type { Batch } from '../../ts/training/step.js'

const quiet = { verbose: 0 } as const
const x4 = tensor([
  [1, 2, 3, 4],
  [0, 1, 0, -1],
])

/** x → a → b, and x + b. */
function residual(): Model {
  const x = input({ shape: [4], name: 'x' })
  const a = new Dense({ units: 3, activation: 'tanh', name: 'a' }).apply(x)
  const b = new Dense({ units: 4, name: 'b' }).apply(a)
  return new Model({ inputs: x, outputs: new Add({ name: 'sum' }).apply([x, b]), name: 'residual' })
}

describe('Sequential', () => {
  test('makes its weights when the shape is known: at once, or from data', async () => {
    const known = new Sequential([new Dense({ units: 3, inputShape: [4] })])
    expect([known.built, known.countParams()]).toEqual([true, 15])
    const later = new Sequential([new Dense({ units: 3 }), new Dense({ units: 2 })])
    expect([later.built, later.weights.length]).toEqual([false, 0])
    expect((await later.predict(x4)).shape).toEqual([2, 2])
    expect([later.built, later.countParams()]).toEqual([true, 23])
    expect(
      new Sequential([new InputLayer({ shape: [2, 2] }), new Flatten(), new Dense({ units: 1 })]).countParams(),
    ).toBe(5)
  })

  test('add and pop keep the weights of the layers that stay', async () => {
    const model = new Sequential([new Dense({ units: 3, inputShape: [4] })])
    const before = await (await model.predict(x4)).data()
    const kernel = model.layers[0]!.weights[0]
    model.add(new Dense({ units: 2 }))
    expect((await model.predict(x4)).shape).toEqual([2, 2])
    expect(model.pop().className).toBe('Dense')
    expect(model.layers[0]!.weights[0]).toBe(kernel)
    expect(await (await model.predict(x4)).data()).toEqual(before)
    expect(() => new Sequential().pop()).toThrow(/a layer to take off/)
  })

  test('a layer on top wires nothing below anew', () => {
    let calls = 0
    class Counted extends Layer {
      override call(x: Tensor): Tensor {
        calls += 1
        return x
      }
    }
    const model = new Sequential([new Counted({ inputShape: [4] })])
    const first = calls
    for (let i = 0; i < 5; i += 1) model.add(new Dense({ units: 3 }))
    expect(calls).toBe(first)
    expect(model.layers.map(({ name }) => name).slice(0, 3)).toEqual(['counted', 'dense', 'dense_1'])
    expect(model.graph!.outputs[0]!.shape).toEqual([null, 3])
  })

  test('a layer that does not fit is refused, and the stack stays', () => {
    const model = new Sequential([new Dense({ units: 3, inputShape: [4] })])
    const twice = model.layers[0]!
    expect(() => model.add(twice)).toThrow(/not in the model yet/)
    expect(model.layers).toHaveLength(1)
  })

  test('counts default names as Keras does, and refuses a name given twice', () => {
    const model = new Sequential([
      new Dense({ units: 1 }),
      new Dense({ units: 1, name: 'mine' }),
      new Dense({ units: 1 }),
      new Dropout({ rate: 0.5 }),
    ])
    expect(model.layers.map(({ name }) => name)).toEqual(['dense', 'mine', 'dense_1', 'dropout'])
    expect(() => new Sequential([new Dense({ units: 1, name: 'a' }), new Dense({ units: 1, name: 'a' })])).toThrow(
      /each once in a model, got 'a'/,
    )
  })

  test('nests', async () => {
    const inner = new Sequential([new Dense({ units: 3, inputShape: [4] })])
    const outer = new Sequential([inner, new Dense({ units: 1 })])
    expect(outer.weights).toHaveLength(4)
    expect((await outer.predict(x4)).shape).toEqual([2, 1])
  })
})

describe('a functional model', () => {
  test('computes what its layers compute', async () => {
    const model = residual()
    const [a, b] = [model.getLayer('a'), model.getLayer('b')] as [Dense, Dense]
    const wanted = ops.add(x4, b.apply(a.apply(x4)))
    expect(await (await model.predict(x4)).data()).toEqual(await wanted.data())
    expect(model.layers.map(({ name }) => name)).toEqual(['x', 'a', 'b', 'sum'])
  })

  test('shares layers, and takes several inputs and outputs', async () => {
    const [p, q] = [input({ shape: [4], name: 'p' }), input({ shape: [4], name: 'q' })]
    const shared = new Dense({ units: 2, name: 'shared' })
    const model = new Model({ inputs: [p, q], outputs: [shared.apply(p), shared.apply(q)] })
    expect(model.weights).toHaveLength(2)
    const outputs = await model.predict({ q: x4, p: ops.negative(x4) })
    expect(outputs.map(({ shape }) => shape)).toEqual([
      [2, 2],
      [2, 2],
    ])
    const same = await model.predict([ops.negative(x4), x4])
    expect(await same[1]!.data()).toEqual(await outputs[1]!.data())
  })

  test('trains several outputs with a loss each, by name', async () => {
    const x = input({ shape: [4] })
    const model = new Model({
      inputs: x,
      outputs: [new Dense({ units: 1, name: 'u' }).apply(x), new Dense({ units: 1, name: 'v' }).apply(x)],
    })
    model.compile({ optimizer: 'sgd', loss: { u: 'mse', v: 'mae' }, lossWeights: { u: 2 }, metrics: { v: ['mse'] } })
    const y = [[1], [2]]
    const { history } = await model.fit(x4, { u: y, v: y }, quiet)
    expect(Object.keys(history)).toEqual(['loss', 'u_loss', 'v_loss', 'v_mse'])
    expect(history.loss![0]).toBeCloseTo(2 * history.u_loss![0]! + history.v_loss![0]!, 5)
  })

  test('names what is missing between inputs and outputs', () => {
    const [p, q] = [input({ shape: [4], name: 'p' }), input({ shape: [4], name: 'q' })]
    const both = new Add().apply([p, q])
    expect(() => new Model({ inputs: p, outputs: both })).toThrow(/all inputs that the outputs need, got no 'q'/)
    expect(() => new Model({ inputs: both, outputs: both })).toThrow(/what input\(\) returned/)
  })

  test('getLayer finds by name and by index, and says what there is', () => {
    expect(residual().getLayer({ index: 2 }).name).toBe('b')
    expect(residual().getLayer(2).name).toBe('b')
    expect(() => residual().getLayer(9)).toThrow(/one of x, a, b, sum, got 9/)
    expect(() => residual().getLayer('c')).toThrow(/one of x, a, b, sum, got 'c'/)
  })
})

describe('weights', () => {
  test('are copies, set all or not at all', () => {
    const model = residual()
    const weights = model.getWeights()
    model.setWeights(weights.map((weight) => ops.zeros(weight.shape)))
    expect(model.getWeights().every((weight) => weight.dataSync().every((value) => value === 0))).toBe(true)
    model.setWeights(weights)
    const before = model.getWeights().map((weight) => weight.dataSync())
    const wrong = [...weights.slice(0, 3), ops.zeros([5])]
    expect(() => model.setWeights(wrong)).toThrow(/shape \[4\], got \[5\]/)
    expect(() => model.setWeights(weights.slice(1))).toThrow(/4 arrays, got 3/)
    expect(model.getWeights().map((weight) => weight.dataSync())).toEqual(before)
  })
})

describe('summary', () => {
  test('is a table of layers, shapes and parameters', () => {
    const model = new Sequential([new Dense({ units: 10, inputShape: [784] }), new Dense({ units: 3 })])
    const text = model.summary({ print: false, width: 60 })
    expect(text).toContain('│ dense (Dense)   │ (batch, 10)  │  7,850 │')
    expect(text).toContain('Total params: 7,883 (30.79 KB)')
    expect(residual().summary({ print: false })).toMatch(/sum \(Add\) +│ \(batch, 4\) +│ +0 │ x, b/)
  })

  test.each([40, 60, 100])('fits %i columns', (width) => {
    const model = new Sequential([
      new Dense({ units: 10, inputShape: [784], name: 'a_name_that_is_much_too_long_for_a_narrow_terminal' }),
    ])
    const table = model
      .summary({ print: false, width })
      .split('\n')
      .filter((line) => /^[┏┃┡│├└]/.test(line))
    expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(width)
  })

  test('says what is not built', () => {
    expect(new Sequential([new Dense({ units: 10 })]).summary({ print: false })).toMatch(/\? +│ not built/)
  })

  test('fits a terminal of any width, down to forty columns', () => {
    const columns = process.stdout.columns
    try {
      for (const [has, most] of [
        [12, 40],
        [45, 45],
        [300, 98],
      ] as const) {
        process.stdout.columns = has
        const lines = residual().summary({ print: false, showTrainable: true }).split('\n')
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(most)
      }
    } finally {
      process.stdout.columns = columns
    }
    expect(() => residual().summary({ width: 39 })).toThrow('summary.width: expected an integer ≥ 40, got 39')
    expect(() => residual().summary({ widht: 60 } as never)).toThrow("unknown option 'widht'. Did you mean 'width'?")
  })

  test('lists the layers of models inside, and what is trained', () => {
    const inner = new Sequential([new Dense({ units: 3, trainable: false }), new Dense({ units: 2 })], {
      name: 'inner',
    })
    const x = input({ shape: [4] })
    const model = new Model({ inputs: x, outputs: new Flatten().apply(inner.apply(x)) })
    const text = model.summary({ print: false, expandNested: true, showTrainable: true, width: 90 })
    expect(text).toMatch(/inner \(Sequential\) +│ \(batch, 2\) +│ +23 │ some/)
    expect(text).toMatch(/› dense \(Dense\) +│ \(batch, 3\) +│ +15 │ none/)
    expect(text).toMatch(/› dense_1 \(Dense\) +│ \(batch, 2\) +│ +8 │ all/)
    expect(text).toMatch(/flatten \(Flatten\) +│ \(batch, 2\) +│ +0 │ -/)
  })
})

describe('configurations', () => {
  test.each([
    [
      'a stack',
      () =>
        new Sequential([
          new Dense({ units: 3, activation: 'relu', inputShape: [4] }),
          new Dropout({ rate: 0.25 }),
          new Dense({ units: 1 }),
        ]),
    ],
    ['a stack without a shape', () => new Sequential([new Dense({ units: 3 })])],
    ['a graph', residual],
    [
      'a compiled stack',
      () => {
        const model = new Sequential([new Dense({ units: 3, inputShape: [4] })])
        model.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrics: ['mae'] })
        return model
      },
    ],
    ['a model in a model', () => new Sequential([residual(), new Dense({ units: 2 })])],
  ])('%s survives the way there and back', (_, make) => {
    const json = make().toConfig()
    const again = modelFromConfig(JSON.parse(JSON.stringify(json)))
    expect(again.toConfig()).toEqual(json)
  })

  test('Sequential.fromConfig and Model.fromConfig make what they say', () => {
    const stack = new Sequential([new Dense({ units: 3, inputShape: [4] })])
    expect(Sequential.fromConfig(stack.getConfig())).toBeInstanceOf(Sequential)
    expect(Model.fromConfig(residual().toConfig()).layers).toHaveLength(4)
    expect(() => Sequential.fromConfig(residual().toConfig())).toThrow(/a Sequential model/)
  })

  test.each([
    [3, /an object of Keras's, got 3/],
    [{ class_name: 'Sequential', config: {} }, /a list of layers/],
    [{ class_name: 'Sequential', config: { layers: [{ class_name: 'Dence', config: {} }] } }, /did you mean 'Dense'/i],
    [
      { class_name: 'Functional', config: { layers: [], input_layers: [['a', 0, 0]], output_layers: [['a', 0, 0]] } },
      /a call that the layers have/,
    ],
  ])('refuses %j', (json, message) => {
    expect(() => modelFromConfig(json)).toThrow(message)
  })

  test('diagrams show layers and edges', () => {
    expect(residual().toMermaid()).toContain('n0 --> n3')
    expect(residual().toDot()).toContain('n3 [label="sum\\nAdd (batch, 4)"]')
  })
})

describe("a user's own", () => {
  class Scale extends Layer {
    scale!: Variable
    override build(inputShape: Shape): void {
      this.scale = this.addWeight({ name: 'scale', shape: [inputShape.at(-1)!], initializer: 'ones' })
    }
    override call(x: Tensor): Tensor {
      this.addLoss(ops.multiply(ops.sum(ops.square(this.scale.read())), 0.5))
      return ops.multiply(x, this.scale)
    }
  }

  test('layer trains, and what it adds to the loss counts', async () => {
    const model = new Sequential([new Scale({ inputShape: [4] })])
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    const { loss } = await model.evaluate(x4, x4)
    expect(loss).toBeCloseTo(2, 6)
    await model.fit(x4, x4, quiet)
    expect((await model.evaluate(x4, x4)).loss).toBeLessThan(2)
  })

  class Twins extends Model {
    readonly left: Dense = new Dense({ units: 2 })
    readonly right: Dense = new Dense({ units: 2, activation: 'tanh' })
    override call(x: Tensor): Tensor {
      return ops.subtract(this.left.apply(x), this.right.apply(x))
    }
  }

  test('model with its own call is built by its first data, and trains', async () => {
    config.setSeed(3)
    const model = new Twins()
    model.compile({ optimizer: 'adam', loss: 'mse' })
    const y = [
      [1, 2],
      [3, 4],
    ]
    const { history } = await model.fit(x4, y, { epochs: 50, ...quiet })
    expect(model.weights).toHaveLength(4)
    expect(history.loss!.at(-1)).toBeLessThan(history.loss![0]!)
    // The layers began with weights of their own, and not with the same numbers.
    expect(model.left.kernel.dataSync()).not.toEqual(model.right.kernel.dataSync())
  })

  test('trainStep decides what is minimised and what is logged', async () => {
    class Doubled extends Twins {
      override trainStep(batch: Batch): StepLogs {
        const logs = super.trainStep(batch)
        return { ...logs, twice: ops.multiply(logs.loss!, 2) }
      }
    }
    const model = new Doubled()
    model.compile({ optimizer: 'sgd', loss: 'mse', metrics: ['mae'] })
    const { history } = await model.fit(
      x4,
      [
        [1, 2],
        [3, 4],
      ],
      { epochs: 3, ...quiet },
    )
    expect(Object.keys(history)).toEqual(['loss', 'mae', 'twice'])
    history.twice!.forEach((value, i) => {
      expect(value).toBeCloseTo(2 * history.loss![i]!, 4)
    })
  })
})
