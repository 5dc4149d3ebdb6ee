import { config, explain, input, jit, Model, ops, random, Sequential, type Tensor, tensor } from 'ferrograd'
import {
  Concatenate,
  Conv2D,
  Dense,
  Dropout,
  Embedding,
  Flatten,
  GlobalAveragePooling1D,
  Layer,
} from 'ferrograd/layers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { legendre } from '../../ts/explain/legendre.js'

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

const net = (): Sequential =>
  new Sequential([
    new Dense({ units: 6, activation: 'tanh', inputShape: [4] }),
    new Dropout({ rate: 0.5 }),
    new Dense({ units: 3, activation: 'softmax' }),
  ])
const x = tensor([
  [0.3, -1, 0.5, 2],
  [1.5, 0.2, -0.7, 0.1],
])

async function sums(parts: Tensor): Promise<number[]> {
  return (await ops.sum(ops.reshape(parts, [parts.shape[0]!, -1]), { axis: 1 }).array(1)) as number[]
}

describe('integrated gradients add up to the difference of the scores', () => {
  it.each([undefined, tensor([[0.5, 0.5, -1, 0.2]]), random.normal([2, 4], { seed: 3 })])(
    'baseline %#',
    async (given) => {
      const model = net()
      const parts = await explain.integratedGradients(model, x, given === undefined ? {} : { baseline: given })
      const from = given === undefined ? ops.zeros([2, 4]) : ops.broadcastTo(given, [2, 4])
      const [there, here] = [await model.predict(x), await model.predict(from)]
      const classes = ops.reshape(ops.argmax(there, { axis: 1 }), [2, 1])
      const score = (y: Tensor): Tensor => ops.takeAlongAxis(y, classes, { axis: 1 })
      const wanted = ops.subtract(score(there), score(here)).dataSync()
      for (const [i, sum] of (await sums(parts)).entries()) expect(sum).toBeCloseTo(wanted[i]!, 12)
    },
  )

  it('through an embedding, and with a score of one’s own', async () => {
    const ids = input({ shape: [5], dtype: 'int32' })
    const h = new Embedding({ inputDim: 7, outputDim: 3, name: 'words' }).apply(ids)
    const y = new Dense({ units: 2, activation: 'tanh' }).apply(new GlobalAveragePooling1D().apply(h))
    const model = new Model({ inputs: ids, outputs: y })
    const [from, to] = [
      ops.zeros([2, 5], 'int32'),
      tensor(
        [
          [1, 2, 3, 4, 5],
          [6, 6, 1, 0, 2],
        ],
        undefined,
        'int32',
      ),
    ]
    const target = (out: Tensor): Tensor => ops.sum(ops.square(out), { axis: 1 })
    const parts = await explain.integratedGradients(model, to, { layer: 'words', target })
    expect(parts.shape).toEqual([2, 5, 3])
    const wanted = ops.subtract(target(await model.predict(to)), target(await model.predict(from))).dataSync()
    for (const [i, sum] of (await sums(parts)).entries()) expect(sum).toBeCloseTo(wanted[i]!, 12)
  })

  it('of a network with bends, the nearer the more places there are', async () => {
    const model = new Sequential([
      new Dense({ units: 16, activation: 'relu', inputShape: [4] }),
      new Dense({ units: 1 }),
    ])
    const wanted = ops.subtract(model.apply(x), model.apply(ops.zeros([2, 4]))).dataSync()
    const off = async (steps: number): Promise<number> => {
      const found = await sums(await explain.integratedGradients(model, x, { steps }))
      return Math.max(...found.map((sum, i) => Math.abs(sum - wanted[i]!)))
    }
    expect(await off(400)).toBeLessThan(1e-2)
  })
})

it('the nodes integrate every polynomial of their degree', () => {
  for (const count of [1, 2, 7, 50, 200])
    for (const degree of [0, 1, 2 * count - 1]) {
      const found = legendre(count).reduce((sum, { at, weight }) => sum + weight * at ** degree, 0)
      expect(found).toBeCloseTo(1 / (degree + 1), 13)
    }
})

describe('activations', () => {
  it('are what the layer gives, also inside another model, in batches', async () => {
    const inner = new Sequential([
      new Conv2D({ filters: 3, kernelSize: 2, inputShape: [4, 4, 1], name: 'seen' }),
      new Flatten(),
    ])
    const model = new Sequential([inner, new Dense({ units: 2 })])
    const pictures = random.normal([5, 4, 4, 1], { seed: 1 })
    const found = await explain.activations(model, pictures, { layer: 'seen', batchSize: 2 })
    expect(found.arraySync()).toEqual((inner.layers[0]!.apply(pictures) as Tensor).arraySync())
  })

  it('are those of the weights at the call', async () => {
    const model = new Sequential([new Dense({ units: 1, useBias: false, inputShape: [1], name: 'w' })])
    model.setWeights([[[2]]])
    const found = explain.activations(model, [[3], [4]], { layer: 'w', batchSize: 1 })
    model.setWeights([[[100]]])
    expect((await found).arraySync()).toEqual([[6], [8]])
  })
})

it('a model of several inputs gives a tensor for each, by their names', async () => {
  const [a, b] = [input({ shape: [2], name: 'a' }), input({ shape: [3], name: 'b' })]
  const y = new Dense({ units: 2 }).apply(new Concatenate().apply([a, b]))
  const model = new Model({ inputs: { a, b }, outputs: y })
  const found = await explain.saliency(model, { a: ops.ones([1, 2]), b: ops.ones([1, 3]) }, { target: 1, signed: true })
  const kernel = model.getWeights()[0]!.arraySync(2)
  expect([...found.a.arraySync(2)[0]!, ...found.b.arraySync(2)[0]!]).toEqual(kernel.map((row) => row[1]))
})

it('what was drawn is drawn once for a kind of batch', async () => {
  let calls = 0
  class Counted extends Layer {
    override call(given: Tensor): Tensor {
      calls += 1
      return ops.tanh(given)
    }
  }
  const model = new Sequential([new Dense({ units: 3, inputShape: [4] }), new Counted()])
  await explain.saliency(model, x, { target: 1 })
  const once = calls
  await explain.saliency(model, x, { target: [2, 0] })
  expect(calls).toBe(once)
})

it('a score of one’s own is drawn once a call, and each time anew', async () => {
  const model = net()
  let calls = 0
  const scored = (times: number) => (y: Tensor) => {
    calls += 1
    return ops.multiply(times, ops.sum(ops.square(y), { axis: 1 }))
  }
  const [once, twice] = [scored(1), scored(2)]
  const of = (target: (y: Tensor) => Tensor): Promise<Tensor> =>
    explain.integratedGradients(model, x, { target, batchSize: 1 }) as Promise<Tensor>
  const parts = await of(once)
  expect(calls).toBe(1)
  const doubled = await of(twice)
  expect(ops.max(ops.abs(ops.subtract(ops.multiply(2, parts), doubled))).itemSync()).toBeLessThan(1e-14)
})

it('a stack that got a layer more is drawn anew', async () => {
  const model = new Sequential([new Dense({ units: 3, inputShape: [4], kernelInitializer: 'ones' })])
  const before = (await explain.saliency(model, x, { target: 0 })) as Tensor
  model.add(new Dense({ units: 3, kernelInitializer: 'ones' }))
  const after = (await explain.saliency(model, x, { target: 0 })) as Tensor
  expect(after.arraySync()).toEqual(ops.multiply(3, before).arraySync())
})

it('layers of one name inside different models are not mixed up', async () => {
  const part = (units: number): Sequential =>
    new Sequential([new Dense({ units, inputShape: [4], name: 'same' }), new Dense({ units: 4 })])
  const model = new Sequential([part(3), part(5)])
  const layers = model.layers.map((one) => (one as Sequential).layers[0]!)
  const shapes = []
  for (const layer of layers) shapes.push((await explain.activations(model, x, { layer })).shape)
  expect(shapes).toEqual([
    [2, 3],
    [2, 5],
  ])
})

describe('refuses', () => {
  const model = net()
  const shared = new Dense({ units: 4, name: 'twice' })
  const twice = new Sequential([new Dense({ units: 4, inputShape: [4] }), shared])
  const again = input({ shape: [4] })
  const calledTwice = new Model({ inputs: again, outputs: shared.apply(shared.apply(again)) })
  const conv = new Sequential([new Conv2D({ filters: 2, kernelSize: 2, inputShape: [4, 4, 1] }), new Flatten()])
  const ids = new Sequential([new Embedding({ inputDim: 5, outputDim: 2, inputShape: [3] }), new Flatten()])
  const picture = ops.ones([1, 4, 4, 1])
  class Whole extends Layer {
    override call(given: Tensor): Tensor {
      return ops.cast(given, 'int32')
    }
  }
  const whole = new Sequential([new Dense({ units: 4, inputShape: [4] }), new Whole({ name: 'whole' })])
  const two = new Model({
    inputs: again,
    outputs: [new Dense({ units: 2 }).apply(again), new Dense({ units: 2 }).apply(again)],
  })

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    [
      'a class out of range',
      () => explain.saliency(model, x, { target: 3 }),
      'ERR_CONFIG',
      /target: expected a class below 3, got 3/,
    ],
    [
      'one of several classes',
      () => explain.saliency(model, x, { target: [0, -1] }),
      'ERR_CONFIG',
      /target\[1\]: expected a class below 3, got -1/,
    ],
    [
      'another number of classes',
      () => explain.saliency(model, x, { target: [0] }),
      'ERR_SHAPE',
      /2 classes, one a sample, got 1/,
    ],
    [
      'no class',
      () => explain.saliency(model, x, { target: 'cat' as never }),
      'ERR_CONFIG',
      /a class, a list of classes, or a function/,
    ],
    [
      'a score that is none',
      () => explain.saliency(model, x, { target: () => 3 as never }),
      'ERR_DATA',
      /a function that returns a tensor/,
    ],
    [
      'several numbers a sample',
      () => explain.saliency(model, x, { target: (y) => ops.log(y) }),
      'ERR_SHAPE',
      /target: expected a function that returns one number a sample, got \[2, 3\]\. Choose a class/,
    ],
    [
      'one number for all samples',
      () => explain.saliency(model, x, { target: (y) => ops.sum(y) }),
      'ERR_SHAPE',
      /one number a sample, got \[\]/,
    ],
    [
      'a layer of whole numbers',
      () => explain.saliency(whole, x, { layer: 'whole', target: (y) => ops.sum(y, { axis: 1 }) }),
      'ERR_DTYPE',
      /explain\.saliency\.layer: expected a layer that gives floats, got int32/,
    ],
    [
      'a switch that is text',
      () => explain.gradCam(conv, picture, { resize: 'no' as never }),
      'ERR_CONFIG',
      /explain\.gradCam\.resize: expected true or false, got 'no'/,
    ],
    [
      'no layer',
      () => explain.activations(model, x, {} as never),
      'ERR_CONFIG',
      /explain\.activations\.layer: is required/,
    ],
    [
      'options that are null',
      () => explain.saliency(model, x, null as never),
      'ERR_CONFIG',
      /an options object, got null/,
    ],
    [
      'several outputs',
      () => explain.saliency(two, x),
      'ERR_SHAPE',
      /one output \[samples, classes\], got \[\?, 2\], \[\?, 2\]/,
    ],
    [
      'whole numbers',
      () => explain.saliency(ids, [[1, 2, 3]], { target: 0 }),
      'ERR_DTYPE',
      /inputs of floats, got int32.*Pass layer/,
    ],
    [
      'a layer of another',
      () => explain.saliency(model, x, { layer: shared }),
      'ERR_CONFIG',
      /layer: expected a layer of the model or its name/,
    ],
    ['a misspelt layer', () => explain.activations(twice, x, { layer: 'twise' }), 'ERR_CONFIG', /did you mean 'twice'/],
    [
      'a layer called twice',
      () => explain.activations(calledTwice, x, { layer: 'twice' }),
      'ERR_CONFIG',
      /'twice', one that is called several times/,
    ],
    ['no convolution', () => explain.gradCam(model, x), 'ERR_CONFIG', /a model with a convolution/],
    [
      'a layer without pictures',
      () => explain.gradCam(conv, picture, { layer: conv.layers[1]!, target: 0 }),
      'ERR_SHAPE',
      /a layer that gives \[samples, height, width, channels\], got \[1, 18\]/,
    ],
    [
      'a baseline of another count',
      () => explain.integratedGradients(model, x, { baseline: ops.zeros([3, 4]) }),
      'ERR_SHAPE',
      /one sample, or 2 as x has, got 3/,
    ],
    [
      'a baseline of another shape',
      () => explain.integratedGradients(model, x, { baseline: ops.zeros([2, 5]) }),
      'ERR_SHAPE',
      /baseline/,
    ],
    [
      'no steps',
      () => explain.integratedGradients(model, x, { steps: 0 }),
      'ERR_CONFIG',
      /steps: expected an integer ≥ 1, got 0/,
    ],
    [
      'a misspelt option',
      () => explain.gradCam(conv, picture, { taget: 1 } as never),
      'ERR_CONFIG',
      /unknown option 'taget'.*target/,
    ],
    ['no model', () => explain.saliency({} as never, x), 'ERR_CONFIG', /a model/],
    ['other data', () => explain.saliency(model, ops.ones([2, 5])), 'ERR_SHAPE', /explain\.saliency\.x/],
  ])('%s', async (_, call, code, message) => {
    const error: unknown = await call().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as unknown })
  })
})

it('works while another function is compiled', async () => {
  const model = net()
  const step = jit((given: Tensor) => model.apply(given))
  const [found, same] = await Promise.all([explain.saliency(model, x, { target: 0 }), step(x)])
  expect([found.shape, same.shape]).toEqual([
    [2, 4],
    [2, 3],
  ])
})
