// Transformers of our side of the bench, of the layers that a user has.
import { GradientTape, generate, input, jit, Model, ops, tensor } from 'ferrograd'
import {
  Add,
  Conv2D,
  Dense,
  GlobalAveragePooling1D,
  PositionEmbedding,
  Reshape,
  TokenAndPositionEmbedding,
  TransformerDecoder,
  TransformerEncoder,
} from 'ferrograd/layers'
import { attentionInputs, PATCH, SIDE, transformerMatrices } from './numbers.mjs'
import { repeat } from './serve.mjs'

/** A model with logits, its weights those that every side begins with. */
export function transformer(workload) {
  const { layers, transformer: how } = workload
  const [first, width, outputs] = [layers[0], layers[1], layers.at(-1)]
  const embedding = how.kind === 'vit' ? patches(width, how.steps) : words(first, width, how.steps)
  const Block = how.kind === 'gpt' ? TransformerDecoder : TransformerEncoder
  const blocks = Array.from(
    { length: how.blocks },
    () => new Block({ intermediateDim: 4 * width, numHeads: how.heads, normalizeFirst: true }),
  )
  const head = new Dense({ units: outputs })
  const h = blocks.reduce((x, block) => block.apply(x), embedding.outputs)
  const seen = how.kind === 'vit' ? new GlobalAveragePooling1D().apply(h) : h
  const model = new Model({ inputs: embedding.inputs, outputs: head.apply(seen) })
  fill(workload, embedding.tables, blocks, head)
  return model
}

function words(vocabularySize, embeddingDim, sequenceLength) {
  const inputs = input({ shape: [null], dtype: 'int32' })
  const table = new TokenAndPositionEmbedding({ vocabularySize, sequenceLength, embeddingDim })
  return { inputs, outputs: table.apply(inputs), tables: () => table.weights }
}

function patches(width, count) {
  const inputs = input({ shape: [SIDE, SIDE, 3] })
  const cut = new Conv2D({ filters: width, kernelSize: PATCH, strides: PATCH })
  const rows = new Reshape({ targetShape: [count, width] }).apply(cut.apply(inputs))
  const places = new PositionEmbedding({ sequenceLength: count })
  const outputs = new Add().apply([rows, places.apply(rows)])
  return { inputs, outputs, tables: () => [cut.kernel, places.positionEmbeddings] }
}

function fill(workload, tables, blocks, head) {
  const matrices = transformerMatrices(workload)
  const set = (variable, { values }) => variable.set(values)
  for (const [i, variable] of tables().entries()) set(variable, [matrices.tokens, matrices.places][i])
  for (const [i, block] of blocks.entries()) {
    const { queryDense, keyDense, valueDense, outputDense } = block.selfAttentionLayer
    const feeding = [block.feedforwardIntermediateDense, block.feedforwardOutputDense]
    const dense = [queryDense, keyDense, valueDense, outputDense, ...feeding]
    for (const [j, layer] of dense.entries()) set(layer.kernel, matrices.blocks[i][j])
  }
  set(head.kernel, matrices.head)
}

/** The mean square of what attention gives, and its gradients. */
export function attention(workload) {
  const [q, k, v] = attentionInputs(workload).map(({ values, shape }) => tensor(values, shape))
  const step = jit((q, k, v) => {
    const tape = new GradientTape()
    const loss = tape.record(() => ops.mean(ops.square(ops.dotProductAttention(q, k, v))))
    return [loss, ...tape.gradient(loss, [q, k, v])]
  })
  const run = async () => {
    const results = await step(q, k, v)
    await results[1].data()
    return 1
  }
  return {
    agree: async () => {
      const [loss, ...slopes] = await step(q, k, v)
      return [loss, ...slopes.map((slope) => ops.sum(ops.abs(slope)))].map((one) => one.itemSync())
    },
    chunk: async (seconds, least) => ({ microseconds: await repeat(run, seconds, least) }),
  }
}

/** The likeliest token, again and again, after a prompt of the first ones. */
export function generation(workload, { tokens, prompt }) {
  const model = transformer(workload)
  const run = async (count) => {
    const said = []
    const first = Int32Array.from({ length: prompt }, (_, i) => i)
    for await (const token of generate(model, first, { maxLength: prompt + count, temperature: 0 })) said.push(token)
    return said
  }
  return {
    // A token is compared as the number after it, which is never 0.
    agree: async () => (await run(40)).map((token) => token + 1),
    chunk: async (seconds) => ({
      microseconds: await repeat(async () => (await run(tokens)).length / tokens, seconds, 1),
    }),
  }
}
