/** A small GPT that learns two sonnets by heart, letter by letter, and says them; and attention along the ties of a club. */
import { config, generate, input, Model, ops, tensor } from 'ferrograd'
import { RandomNormal } from 'ferrograd/initializers'
import {
  Add,
  Dense,
  LayerNormalization,
  ReversibleEmbedding,
  SinePositionEncoding,
  TransformerDecoder,
} from 'ferrograd/layers'
import { SparseCategoricalCrossentropy } from 'ferrograd/losses'
import { AdamW } from 'ferrograd/optimizers'
import { bold, heading } from '../terminal.js'
import { karateClub } from './karate-club.js'
import { sonnets } from './sonnets.js'

config.setSeed(3)

heading('1. Letters as numbers')
const letters = [...new Set(sonnets)].sort()
const text = Int32Array.from(sonnets, (letter) => letters.indexOf(letter))
const steps = 48
console.log(`${text.length} letters of ${letters.length} kinds, in windows of ${steps}`)

/** Windows of the text, one every fifth letter, and beside each the letters that follow. */
const starts = Array.from({ length: Math.floor((text.length - steps - 1) / 5) }, (_, i) => 5 * i)
const windows = (shift: number): Int32Array =>
  Int32Array.from(starts.flatMap((start) => [...text.subarray(start + shift, start + shift + steps)]))
const shape = [starts.length, steps]
const [x, y] = [tensor(windows(0), shape), tensor(windows(1), shape)]

heading('2. The model')
const ids = input({ shape: [null], dtype: 'int32' })
const first = new RandomNormal({ stddev: 0.3, seed: 1 })
const table = new ReversibleEmbedding({ inputDim: letters.length, outputDim: 64, embeddingsInitializer: first })
const words = table.apply(ids)
let h = new Add().apply([words, new SinePositionEncoding().apply(words)])
for (let i = 0; i < 2; i += 1)
  h = new TransformerDecoder({ intermediateDim: 128, numHeads: 4, normalizeFirst: true }).apply(h)
// The table that letters go in by is the one that they come out by.
const logits = table.apply(new LayerNormalization().apply(h), { reverse: true })
const model = new Model({ inputs: ids, outputs: logits })
model.compile({
  optimizer: new AdamW({ learningRate: 3e-3 }),
  loss: new SparseCategoricalCrossentropy({ fromLogits: true }),
})
model.summary()

heading('3. Training')
await model.fit(x, y, { epochs: 24, batchSize: 16 })
const { loss = 0 } = await model.evaluate(x, y)
console.log(`${bold((loss / Math.LN2).toFixed(2))} bits a letter; at random ${Math.log2(letters.length).toFixed(2)}`)

heading('4. What it says')
const prompt = 'Shall I compare '
let said = prompt
const tokens = Int32Array.from(prompt, (letter) => letters.indexOf(letter))
for await (const token of generate(model, tokens, { maxLength: steps, temperature: 0 })) said += letters[token]
console.log(said)

heading('5. A club that splits')
// Each member attends to those that it has ties with, and to itself; two of them say which side they took.
const { ties, members, sides } = karateClub
const friends = tensor(
  Int32Array.from({ length: members * members }, (_, i) => {
    const [a, b] = [Math.floor(i / members), i % members]
    return Number(a === b || ties.some(([c, d]) => (a === c && b === d) || (a === d && b === c)))
  }),
  [1, 1, members, members],
)
const who = input({ batchShape: [1, members, members] })
const heads = (units: number): Dense => new Dense({ units, activation: 'tanh' })
/** (1, members, features) → the mean of the ties, weighted by how well they agree. */
const attend = (features: typeof who): typeof who => {
  const [q, v] = [heads(8).apply(features), heads(8).apply(features)]
  const one = (part: typeof who): typeof who => ops.expandDims(part, 2)
  return ops.squeeze(ops.dotProductAttention(one(q), one(q), one(v), { mask: friends }), 2)
}
const club = new Model({
  inputs: who,
  outputs: new Dense({ units: 2, activation: 'softmax' }).apply(attend(attend(who))),
})
club.compile({ optimizer: new AdamW({ learningRate: 0.02 }), loss: 'sparseCategoricalCrossentropy' })
const known = ops.expandDims(
  tensor(Float32Array.from(sides, (_, member) => Number(member === 0 || member === members - 1))),
  0,
)
const everyone = ops.expandDims(ops.eye(members), 0)
await club.fit(everyone, ops.expandDims(tensor(Int32Array.from(sides)), 0), {
  epochs: 60,
  sampleWeight: known,
  verbose: 0,
})
const guessed = ops.argmax((await club.predict(everyone)) as never, { axis: -1 }).dataSync()
const right = sides.filter((side, member) => guessed[member] === side).length
console.log(`Told the side of two, it is right about ${bold(`${right}`)} of ${members} members.`)
