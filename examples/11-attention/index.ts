/** A small GPT that learns two sonnets by heart, letter by letter, and says them. */
import { config, generate, input, Model, tensor } from 'ferrograd'
import { RandomNormal } from 'ferrograd/initializers'
import {
  Add,
  LayerNormalization,
  ReversibleEmbedding,
  SinePositionEncoding,
  TransformerDecoder,
} from 'ferrograd/layers'
import { SparseCategoricalCrossentropy } from 'ferrograd/losses'
import { AdamW } from 'ferrograd/optimizers'
import { bold, heading } from '../terminal.js'
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
