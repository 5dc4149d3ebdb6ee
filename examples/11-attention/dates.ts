import { generate, input, Model, type Tensor, tensor } from 'ferrograd'
import { Dense, TokenAndPositionEmbedding, TransformerDecoder, TransformerEncoder } from 'ferrograd/layers'
import { SparseCategoricalCrossentropy } from 'ferrograd/losses'
import { Adam } from 'ferrograd/optimizers'
import { CosineDecay } from 'ferrograd/schedules'
import { bold } from '../terminal.js'

const months = 'January February March April May June July August September October November December'.split(' ')
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')
/** Signs of the longest date as people write it, and of one like 1987-03-03. */
const [LONG, SHORT] = [30, 10] as const
/** Number 0 is padding, 1 what stands before the first sign that is written. */
const signs = [...' ,./-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz']
const BEGIN = 1
const [EPOCHS, BATCH] = [16, 64] as const
const encode = (text: string, length: number): number[] => [
  ...Array.from(text, (sign) => signs.indexOf(sign) + 2),
  ...new Array<number>(length - text.length).fill(0),
]

/** An encoder reads `Tuesday, 3 March 1987`; a decoder, which looks back at it, writes `1987-03-03`. */
export async function dates(): Promise<void> {
  const [train, test] = [pairs(4000, 1), pairs(400, 2)]
  const given = input({ shape: [LONG], dtype: 'int32', name: 'given' })
  const written = input({ shape: [null], dtype: 'int32', name: 'written' })
  const table = (sequenceLength: number): TokenAndPositionEmbedding =>
    new TokenAndPositionEmbedding({
      vocabularySize: signs.length + 2,
      sequenceLength,
      embeddingDim: 48,
      maskZero: true,
    })
  const block = { intermediateDim: 96, numHeads: 4, normalizeFirst: true }
  const encoderSequence = new TransformerEncoder(block).apply(table(LONG).apply(given))
  const decoded = new TransformerDecoder(block).apply({ decoderSequence: table(SHORT).apply(written), encoderSequence })
  const model = new Model({ inputs: [given, written], outputs: new Dense({ units: signs.length + 2 }).apply(decoded) })
  model.compile({
    optimizer: new Adam({ learningRate: warmedUp(EPOCHS * Math.ceil(train.texts.length / BATCH)) }),
    loss: new SparseCategoricalCrossentropy({ fromLogits: true }),
  })
  await model.fit([train.given, train.written], train.target, { epochs: EPOCHS, batchSize: BATCH, verbose: 0 })

  const said = await translate(model, test.given)
  const right = said.filter((text, i) => text === test.texts[i]![1]).length
  const own = ['9 November 1989', 'Fri, Mar 1, 2024', '31.12.1999']
  const answers = await translate(model, rows(own.map((text) => encode(text, LONG))))
  for (const [i, text] of own.entries()) console.log(`  ${text.padEnd(20)} ${answers[i]}`)
  console.log(
    `  right about ${bold(((100 * right) / said.length).toFixed(1))} % of ${said.length} dates it has not seen`,
  )
  if (right < 0.97 * said.length) throw new Error(`${right} dates are right: 97 % were expected`)
}

/** The rate rises for a tenth of the steps and then falls to 0. */
function warmedUp(steps: number): CosineDecay {
  const warmupSteps = Math.round(steps / 10)
  return new CosineDecay({ initialLearningRate: 0, warmupTarget: 4e-3, warmupSteps, decaySteps: steps - warmupSteps })
}

/** The likeliest signs, one after another; what is given is read once. */
async function translate(model: Model, given: Tensor): Promise<string[]> {
  const texts = new Array<string>(given.shape[0]!).fill('')
  const begun = texts.map(() => [BEGIN])
  const how = { maxLength: 1 + SHORT, temperature: 0, seed: 0, context: { given } }
  for await (const turn of generate(model, begun, how))
    for (const [row, sign] of turn.entries()) texts[row] += signs[sign! - 2] ?? '?'
  return texts
}

interface Pairs {
  readonly texts: readonly (readonly [given: string, target: string])[]
  readonly given: Tensor
  /** What the decoder has written before each sign, and the sign. */
  readonly written: Tensor
  readonly target: Tensor
}

/** Dates of two centuries, each written in one of many ways. */
function pairs(count: number, seed: number): Pairs {
  const random = randomNumbers(seed)
  const texts = Array.from({ length: count }, () => {
    const date = new Date(Date.UTC(1900, 0, 1 + Math.floor(random() * 73_000)))
    const ways = waysOf(date)
    return [ways[Math.floor(random() * ways.length)]!, date.toISOString().slice(0, SHORT)] as const
  })
  const targets = texts.map(([, target]) => encode(target, SHORT))
  return {
    texts,
    given: rows(texts.map(([text]) => encode(text, LONG))),
    written: rows(targets.map((target) => [BEGIN, ...target.slice(0, -1)])),
    target: rows(targets),
  }
}

function waysOf(date: Date): string[] {
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  const [name, weekday, two] = [months[month]!, days[date.getUTCDay()]!, String(month + 1).padStart(2, '0')]
  const [short, on] = [name.slice(0, 3), weekday.slice(0, 3)]
  return [
    `${day} ${name} ${year}`,
    `${name} ${day}, ${year}`,
    `${weekday}, ${day} ${name} ${year}`,
    `${day} ${short} ${year}`,
    `${on}, ${short} ${day}, ${year}`,
    `${day}.${month + 1}.${year}`,
    `${year}/${two}/${String(day).padStart(2, '0')}`,
  ]
}

function rows(lists: readonly (readonly number[])[]): Tensor {
  return tensor(Int32Array.from(lists.flat()), [lists.length, lists[0]!.length])
}

/** Numbers in [0, 1) that the seed alone decides (a linear congruential generator). */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
