import { generate, input, Model } from 'ferrograd'
import { textWindows } from 'ferrograd/data'
import { RandomNormal } from 'ferrograd/initializers'
import {
  Add,
  LayerNormalization,
  ReversibleEmbedding,
  SinePositionEncoding,
  TransformerDecoder,
} from 'ferrograd/layers'
import { SparseCategoricalCrossentropy } from 'ferrograd/losses'
import { Perplexity } from 'ferrograd/metrics'
import { AdamW } from 'ferrograd/optimizers'
import { bold } from '../terminal.js'
import { sonnets } from './sonnets.js'

/** Letters of a window. */
const STEPS = 48

/** A small GPT learns two sonnets by heart, letter by letter, and says how one goes on. */
export async function gpt(): Promise<void> {
  const alphabet = [...new Set(sonnets)].sort()
  const encode = (text: string): number[] => Array.from(text, (letter) => alphabet.indexOf(letter))
  const windows = textWindows(sonnets, { length: STEPS, stride: 5, encode })

  const ids = input({ shape: [null], dtype: 'int32' })
  const first = new RandomNormal({ stddev: 0.3, seed: 1 })
  const table = new ReversibleEmbedding({ inputDim: alphabet.length, outputDim: 64, embeddingsInitializer: first })
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
    metrics: [new Perplexity({ fromLogits: true })],
  })
  await model.fit(windows.shuffle({ seed: 1 }).batch(16), { epochs: 40, verbose: 0 })
  const { loss = 0, perplexity = 0 } = await model.evaluate(windows.batch(64), { verbose: 0 })
  const bits = loss / Math.LN2
  console.log(`  ${bold(bits.toFixed(2))} bits a letter; at random ${Math.log2(alphabet.length).toFixed(2)}`)
  console.log(`  as if it had to choose among ${perplexity.toFixed(2)} letters, and not among ${alphabet.length}`)

  let said = 'Shall I compare '
  for await (const token of generate(model, encode(said), { maxLength: STEPS, temperature: 0 })) said += alphabet[token]
  console.log(`  ${said.replaceAll('\n', '\n  ')}`)
  if (bits > 0.6) throw new Error(`${bits} bits a letter: at most 0.6 was expected`)
  if (!sonnets.startsWith(said)) throw new Error(`'${said}' is not how the sonnet goes`)
}
