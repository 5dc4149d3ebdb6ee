/** Explanations against the same formulas on real Keras's gradients in float64. */
import { config, explain, type Model, type Tensor } from 'ferrograd'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modelFromConfig } from '../../ts/model/from-config.js'
import type { Config } from '../../ts/types.js'
import { expectClose, fixture, floats, type Numbers, toTensor } from '../oracle.js'

interface Case {
  readonly name: string
  readonly model: Config
  readonly weights: readonly Numbers[]
  readonly x: readonly Numbers[]
  readonly best: Numbers
  readonly classes: Numbers
  readonly steps: number
  readonly layer?: string
  readonly baseline?: readonly Numbers[]
  readonly cam?: { readonly map: Numbers; readonly normalized: Numbers; readonly drawn: Numbers }
  readonly cam_of_best?: Numbers
  readonly saliency: readonly Numbers[]
  readonly saliency_of_best?: readonly Numbers[]
  readonly integrated: readonly Numbers[]
}

const { cases } = fixture<Case>('explain')

beforeAll(() => config.setFloatx('float64'))
afterAll(() => config.setFloatx('float32'))

function build(given: Case): Model {
  const model = modelFromConfig(given.model)
  model.setWeights(given.weights.map((weight) => toTensor(weight)))
  return model
}

/** Alone where there is one, as the models are called. */
function inputs(numbers: readonly Numbers[]): Tensor | Tensor[] {
  const all = numbers.map((one) => toTensor(one))
  return all.length === 1 ? all[0]! : all
}

const classesOf = ({ classes }: Case): Int32Array => Int32Array.from(floats(classes))

async function expectParts(found: unknown, wanted: readonly Numbers[], what: string): Promise<void> {
  const parts = (Array.isArray(found) ? found : [found]) as Tensor[]
  expect(parts).toHaveLength(wanted.length)
  for (const [i, part] of parts.entries()) {
    expect(part.shape).toEqual(wanted[i]!.shape)
    expectClose(await part.data(), wanted[i]!, 1e-10, `${what} ${i}`)
  }
}

describe('Grad-CAM', () => {
  test.each(cases.filter(({ cam }) => cam !== undefined))('$name', async (given) => {
    const [model, x, layer] = [build(given), inputs(given.x), given.layer!]
    const of = async (options: explain.GradCamOptions, wanted: Numbers): Promise<void> =>
      // Batches that do not divide the samples: each has its own maximum and its own class.
      expectParts(
        await explain.gradCam(model, x, { layer, batchSize: 2, ...options }),
        [wanted],
        JSON.stringify(options),
      )
    const target = classesOf(given)
    const { map, normalized, drawn } = given.cam!
    await of({ target, resize: false, normalize: false }, map)
    await of({ target, resize: false }, normalized)
    await of({ target }, drawn)
    await of({ resize: false, normalize: false }, given.cam_of_best!)
  })

  test('the last convolution stands in for a layer', async () => {
    const given = cases.find(({ name }) => name === 'convnet')!
    const found = await explain.gradCam(build(given), inputs(given.x), { target: classesOf(given) })
    expectClose(await found.data(), given.cam!.drawn)
  })
})

describe('saliency', () => {
  test.each(cases)('$name', async (given) => {
    const [model, x] = [build(given), inputs(given.x)]
    const layer = given.baseline === undefined ? { layer: given.layer! } : {}
    const target = classesOf(given)
    const found = await explain.saliency(model, x, { target, signed: true, batchSize: 2, ...layer })
    await expectParts(found, given.saliency, 'signed')
    if (given.saliency_of_best === undefined) return
    await expectParts(await explain.saliency(model, x, { signed: true }), given.saliency_of_best, 'of the best')
  })

  test('how large the gradient is, of several channels the largest', async () => {
    const given = cases.find(({ name }) => name === 'convnet')!
    const [signed] = given.saliency
    const [samples, height, width, channels] = signed!.shape as [number, number, number, number]
    const slopes = floats(signed!)
    const largest = Float64Array.from({ length: samples * height * width }, (_, place) =>
      Math.max(...slopes.subarray(place * channels, (place + 1) * channels).map(Math.abs)),
    )
    const found = await explain.saliency(build(given), inputs(given.x), { target: classesOf(given) })
    expect((found as Tensor).shape).toEqual([samples, height, width])
    expectClose(await (found as Tensor).data(), { shape: [], data: [...largest] })
  })
})

describe('integrated gradients', () => {
  test.each(cases)('$name', async (given) => {
    const { steps, baseline } = given
    const target = classesOf(given)
    const rest = baseline === undefined ? { layer: given.layer! } : { baseline: inputs(baseline) }
    const options = { target, steps, batchSize: 2, ...rest } as explain.IntegratedGradientsOptions
    await expectParts(await explain.integratedGradients(build(given), inputs(given.x), options), given.integrated, '')
  })
})
