import { input, Model } from 'ferrograd'
import { digits } from 'ferrograd/datasets'
import {
  Add,
  Conv2D,
  Dense,
  GlobalAveragePooling1D,
  LayerNormalization,
  PositionEmbedding,
  Reshape,
  TransformerEncoder,
} from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { bold } from '../terminal.js'

/** Sides of a picture and of a patch, and numbers that a patch becomes. */
const [SIDE, PATCH, WIDTH] = [8, 2, 32] as const
const COUNT = (SIDE / PATCH) ** 2

/** A vision transformer (Dosovitskiy et al., 2021) on the handwritten digits that ship (UCI, CC BY 4.0): patches are its words. */
export async function patches(): Promise<void> {
  const { train, test, classes } = digits({ testSplit: 0.2 })
  const block = { intermediateDim: 2 * WIDTH, numHeads: 4, normalizeFirst: true, dropout: 0.05 }
  const picture = input({ shape: [SIDE, SIDE, 1] })
  const cut = new Conv2D({ filters: WIDTH, kernelSize: PATCH, strides: PATCH }).apply(picture)
  const words = new Reshape({ targetShape: [COUNT, WIDTH] }).apply(cut)
  let h = new Add().apply([words, new PositionEmbedding({ sequenceLength: COUNT }).apply(words)])
  for (let i = 0; i < 2; i += 1) h = new TransformerEncoder(block).apply(h)
  const whole = new GlobalAveragePooling1D().apply(new LayerNormalization().apply(h))
  const model = new Model({
    inputs: picture,
    outputs: new Dense({ units: classes, activation: 'softmax' }).apply(whole),
  })
  model.compile({
    optimizer: new Adam({ learningRate: 3e-3 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  })
  const pictures = (x: { readonly values: Float32Array }): { values: Float32Array; shape: number[] } => ({
    values: x.values,
    shape: [x.values.length / SIDE ** 2, SIDE, SIDE, 1],
  })
  await model.fit(pictures(train.x), train.y, { epochs: 40, batchSize: 32, verbose: 0 })
  const { accuracy = 0 } = await model.evaluate(pictures(test.x), test.y, { verbose: 0 })
  console.log(`  right on ${bold((100 * accuracy).toFixed(1))} % of ${test.y.length} digits it has not seen`)
  if (accuracy < 0.95) throw new Error(`The accuracy is ${accuracy}: at least 0.95 was expected`)
}
