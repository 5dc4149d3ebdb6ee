import { Sequential, type Tensor } from 'ferrograd'
import { trainTestSplit } from 'ferrograd/data'
import { Dense, GRU, RepeatVector, TextVectorization, TimeDistributed } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'

const [SIGNS, ANSWER] = ['0123456789+ ', 3] as const

/** Reads '48+37' sign by sign, its end first, into a state, and writes '85 ' out of it: an encoder and a decoder. */
export async function adder(): Promise<void> {
  const sums = everySum()
  const x = signs(sums.map(({ question }) => [...question].reverse().join('')))
  const y = signs(sums.map(({ answer }) => answer))
  const { train, test } = trainTestSplit({ x: rows(oneHot(x)), y: rows(y) }, { testSplit: 0.2, seed: 1 })

  const model = new Sequential([
    new GRU({ units: 64, inputShape: [5, SIGNS.length] }),
    new RepeatVector({ n: ANSWER }),
    new GRU({ units: 64, returnSequences: true }),
    new TimeDistributed({ layer: new Dense({ units: SIGNS.length, activation: 'softmax' }) }),
  ])
  model.compile({
    optimizer: new Adam({ learningRate: 0.01 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  })
  await model.fit(train.x, train.y, { epochs: 24, batchSize: 64, verbose: 0 })

  const { accuracy = 0 } = await model.evaluate(test.x, test.y, { verbose: 0 })
  console.log(await answers(model, ['7+8', '12+30', '48+37', '64+9']))
  console.log(`  right on ${(100 * accuracy).toFixed(1)} % of the digits of ${test.y.shape[0]} sums it has not seen`)
  if (accuracy < 0.95) throw new Error(`The accuracy is ${accuracy}: at least 0.95 was expected`)
}

/** All sums of two numbers from 0 to 65, as text of one length. */
function everySum(): { readonly question: string; readonly answer: string }[] {
  return Array.from({ length: 66 * 66 }, (_, i) => {
    const [a, b] = [Math.floor(i / 66), i % 66]
    return { question: `${a}+${b}`.padEnd(5), answer: String(a + b).padEnd(ANSWER) }
  })
}

/** Texts as numbers, one a sign: numbers 0 and 1 are those of padding and the unknown. */
function signs(texts: readonly string[]): { readonly numbers: Int32Array; readonly length: number } {
  const vectorize = new TextVectorization({ split: 'character', standardize: null, vocabulary: [...SIGNS] })
  const numbers = vectorize.vectorize(texts)
  return { numbers: Int32Array.from(numbers.dataSync(), (number) => number - 2), length: numbers.shape[1]! }
}

function oneHot({
  numbers,
  length,
}: ReturnType<typeof signs>): ReturnType<typeof signs> & { readonly wide: Float32Array } {
  const wide = new Float32Array(numbers.length * SIGNS.length)
  for (const [i, number] of numbers.entries()) wide[i * SIGNS.length + number] = 1
  return { numbers, length, wide }
}

/** Numbers as an array with a row for each text. */
function rows(given: ReturnType<typeof signs> & { readonly wide?: Float32Array }): {
  readonly values: Float32Array
  readonly shape: number[]
} {
  const { numbers, length, wide } = given
  const count = numbers.length / length
  return wide === undefined
    ? { values: Float32Array.from(numbers), shape: [count, length] }
    : { values: wide, shape: [count, length, SIGNS.length] }
}

async function answers(model: Sequential, questions: readonly string[]): Promise<string> {
  const x = rows(oneHot(signs(questions.map((question) => [...question.padEnd(5)].reverse().join('')))))
  const predicted = (await model.predict(x, { verbose: 0 })) as Tensor
  const digits = await predicted.array(3)
  const written = digits.map((sum) => sum.map((odds) => SIGNS[odds.indexOf(Math.max(...odds))]).join(''))
  return questions.map((question, i) => `  ${question.padStart(5)} = ${written[i]}`).join('\n')
}
