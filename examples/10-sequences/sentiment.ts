import { Sequential } from 'ferrograd'
import { type ShapedArray, type Split, trainTestSplit } from 'ferrograd/data'
import { Bidirectional, Dense, Embedding, GRU, TextVectorization } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'

/** Words of the longest sentence. */
export const LENGTH = 14
const good = ['good', 'great', 'moving', 'funny', 'brilliant']
const bad = ['bad', 'dull', 'boring', 'weak', 'awful']
const openings = ['', 'I thought', 'Honestly,', 'They say', 'My friends and I found']
const subjects = ['the film', 'the story', 'the music', 'this sequel', 'the acting of the lead']
const verbs = ['was', 'is', 'seemed', 'was really', 'was not', 'is never', 'was not really']

/** Tells praise from blame in sentences of different lengths: padding is masked, and "not" turns a word round. */
export async function sentiment(): Promise<void> {
  const { vectorize, train, test } = reviews()
  const model = new Sequential([
    new Embedding({
      inputDim: vectorize.vocabularySize(),
      outputDim: 8,
      maskZero: true,
      inputShape: [LENGTH],
    }),
    new Bidirectional({ layer: new GRU({ units: 8 }) }),
    new Dense({ units: 1, activation: 'sigmoid' }),
  ])
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] })
  await model.fit(train.x, train.y, { epochs: 12, batchSize: 32, verbose: 0 })

  const { accuracy = 0 } = await model.evaluate(test.x, test.y, { verbose: 0 })
  const own = ['The music was brilliant', 'Honestly, this sequel is never boring', 'I thought the film was not good']
  const said = await model.predict(vectorize.vectorize(own), { verbose: 0 })
  const odds = await said.data()
  for (const [i, text] of own.entries()) console.log(`  ${(100 * odds[i]!).toFixed(0).padStart(3)} % praise: ${text}`)
  console.log(`  right on ${(100 * accuracy).toFixed(1)} % of ${test.y.length} sentences it has not seen`)
  if (accuracy < 0.97) throw new Error(`The accuracy is ${accuracy}: at least 0.97 was expected`)
}

/** The sentences as numbers of words, a quarter of them kept for the test, and what makes numbers of words. */
export function reviews(): Split<{ x: ShapedArray; y: Float32Array }> & { readonly vectorize: TextVectorization } {
  const { texts, labels } = sentences()
  const vectorize = new TextVectorization({ outputSequenceLength: LENGTH })
  vectorize.adapt(texts)
  const numbers = vectorize.vectorize(texts)
  const x = { values: numbers.dataSync(), shape: numbers.shape }
  return { vectorize, ...trainTestSplit({ x, y: labels }, { testSplit: 0.25, seed: 2 }) }
}

/** Sentences of every kind, and 1 for praise. */
function sentences(): { readonly texts: string[]; readonly labels: Float32Array } {
  const all = openings.flatMap((opening) =>
    subjects.flatMap((subject) =>
      verbs.flatMap((verb) =>
        [...good, ...bad].map((word) => ({
          text: `${opening} ${subject} ${verb} ${word}.`.trim(),
          label: Number(good.includes(word) !== /not|never/.test(verb)),
        })),
      ),
    ),
  )
  return { texts: all.map(({ text }) => text), labels: Float32Array.from(all, ({ label }) => label) }
}
