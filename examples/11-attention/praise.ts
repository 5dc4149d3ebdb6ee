import { input, Model } from 'ferrograd'
import { Dense, GlobalAveragePooling1D, TokenAndPositionEmbedding, TransformerEncoder } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { LENGTH, reviews } from '../10-sequences/sentiment.js'
import { bold } from '../terminal.js'

/** Tells praise from blame as a recurrent layer does in 10-sequences, all words at once: each looks at "not", wherever that is. */
export async function praise(): Promise<void> {
  const { vectorize, train, test } = reviews()
  const ids = input({ shape: [LENGTH], dtype: 'int32' })
  const words = new TokenAndPositionEmbedding({
    vocabularySize: vectorize.vocabularySize(),
    sequenceLength: LENGTH,
    embeddingDim: 16,
    maskZero: true,
  }).apply(ids)
  const h = new TransformerEncoder({ intermediateDim: 32, numHeads: 2, dropout: 0.1 }).apply(words)
  const outputs = new Dense({ units: 1, activation: 'sigmoid' }).apply(new GlobalAveragePooling1D().apply(h))
  const model = new Model({ inputs: ids, outputs })
  model.compile({ optimizer: new Adam({ learningRate: 0.005 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] })
  await model.fit(train.x, train.y, { epochs: 16, batchSize: 32, verbose: 0 })

  const { accuracy = 0 } = await model.evaluate(test.x, test.y, { verbose: 0 })
  console.log(`  right on ${bold((100 * accuracy).toFixed(1))} % of ${test.y.length} sentences it has not seen`)
  if (accuracy < 0.97) throw new Error(`The accuracy is ${accuracy}: at least 0.97 was expected`)
}
