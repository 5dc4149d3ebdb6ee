import { input, jit, Model, ops, type Tensor, tensor } from 'ferrograd'
import { textWindows } from 'ferrograd/data'
import { Dense, Embedding, LSTM } from 'ferrograd/layers'
import { SparseCategoricalCrossentropy } from 'ferrograd/losses'
import { Adam } from 'ferrograd/optimizers'
import { sonnets } from '../11-attention/sonnets.js'

/** Letters of a window. */
const STEPS = 48
const UNITS = 96

/** Learns two sonnets by heart, letter by letter, and says how one goes on: a step a call, the state handed from one to the next. */
export async function letters(): Promise<void> {
  const alphabet = [...new Set(sonnets)].sort()
  const encode = (text: string): number[] => Array.from(text, (letter) => alphabet.indexOf(letter))
  const windows = textWindows(sonnets, { length: STEPS, stride: 5, encode })

  const ids = input({ shape: [null], dtype: 'int32' })
  const table = new Embedding({ inputDim: alphabet.length, outputDim: 24 })
  const memory = new LSTM({ units: UNITS, returnSequences: true, returnState: true })
  const scores = new Dense({ units: alphabet.length })
  const [all] = memory.apply(table.apply(ids))
  const model = new Model({ inputs: ids, outputs: scores.apply(all) })
  model.compile({
    optimizer: new Adam({ learningRate: 0.01 }),
    loss: new SparseCategoricalCrossentropy({ fromLogits: true }),
  })
  await model.fit(windows.shuffle({ seed: 1 }).batch(16), { epochs: 30, verbose: 0 })
  const { loss = 0 } = await model.evaluate(windows.batch(64), { verbose: 0 })
  const [bits, chance] = [loss / Math.LN2, Math.log2(alphabet.length)]
  console.log(`  ${bits.toFixed(2)} bits a letter; at random ${chance.toFixed(2)}`)

  const step = jit((letter: Tensor, h: Tensor, c: Tensor) => {
    const [shown, next, kept] = memory.apply(table.apply(letter), { initialState: [h, c] })
    return [ops.argmax(ops.reshape(scores.apply(shown), [-1])), next, kept] as const
  })
  let said = 'Shall I compare '
  let [h, c] = [ops.zeros([1, UNITS]), ops.zeros([1, UNITS])]
  let guess = 0
  for (let at = 0; said.length < 39; at++) {
    const [next, ...states] = await step(tensor([encode(said[at]!)], [1, 1], 'int32'), h, c)
    ;[h, c] = states
    guess = await next.item()
    if (at === said.length - 1) said += alphabet[guess]
  }
  console.log(`  ${said}`)
  if (bits > 1) throw new Error(`${bits} bits a letter: at most 1 was expected`)
  if (!sonnets.startsWith(said)) throw new Error(`'${said}' is not how the sonnet goes`)
}
