// What TensorFlow.js calls it, and what we call it: one table, of which docs/tensorflow-js.md shows the code. Both sides are
// run. `node tools/docs/tensorflow-js.mjs FOLDER`, with @tensorflow/tfjs installed in FOLDER (`npm run bench:setup` does so
// in bench/peers), writes what its side gives to __test__/fixtures/tensorflow-js.json, and the table into the document;
// the tests hold ours to that.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Each row: TensorFlow.js, ours. Both are expressions, of the names below; what they give is the same. */
export const sections = [
  {
    title: 'Tensors and ops',
    rows: [
      ['tf.tensor([[1, 2], [3, 4]])', 'tensor([[1, 2], [3, 4]])'],
      ['tf.tensor(values, [2, 3])', 'tensor(values, [2, 3])'],
      ['tf.zeros([2, 3])', 'ops.zeros([2, 3])'],
      ['tf.fill([2], 7)', 'ops.full([2], 7)'],
      ['tf.range(0, 5)', 'ops.arange(5)'],
      ['tf.eye(3)', 'ops.eye(3)'],
      ["tf.oneHot(tf.tensor1d([0, 2], 'int32'), 3)", 'ops.oneHot([0, 2], 3)'],
      ['a.add(b), tf.add(a, b)', 'a.add(b), ops.add(a, b)'],
      ['a.sub(1).mul(2).div(b)', 'a.sub(1).mul(2).div(b)'],
      ['tf.matMul(a, b, false, true)', 'ops.matmul(a, b, { transposeB: true })'],
      ['a.dot(b)', 'a.dot(b)'],
      ['a.sum(), a.sum(1)', 'a.sum(), a.sum({ axis: 1 })'],
      ['a.mean(0, true)', 'a.mean({ axis: 0, keepdims: true })'],
      ['a.argMax(1)', 'a.argmax({ axis: 1 })'],
      ['a.softmax()', 'a.softmax()'],
      ['tf.concat([a, b], 1)', 'ops.concatenate([a, b], { axis: 1 })'],
      ['tf.stack([a, b])', 'ops.stack([a, b])'],
      ['a.reshape([4])', 'a.reshape([4])'],
      ['a.transpose()', 'a.transpose()'],
      ['a.expandDims(0)', 'ops.expandDims(a, 0)'],
      ["tf.gather(a, tf.tensor1d([1, 0], 'int32'))", 'ops.take(a, [1, 0], { axis: 0 })'],
      ['tf.where(a.greater(2), a, b)', 'ops.where(ops.greater(a, 2), a, b)'],
      ['a.clipByValue(2, 3)', 'ops.clip(a, 2, 3)'],
      ['a.cumsum(1)', 'ops.cumsum(a, { axis: 1 })'],
      ['tf.moments(a, 0).variance', 'ops.variance(a, { axis: 0 })'],
    ],
  },
  {
    title: 'Numbers out, variables, gradients',
    rows: [
      ['await a.data()', 'await a.data()'],
      ['a.arraySync()', 'a.arraySync()'],
      ['tf.tidy(() => a.square())', 'a.square()'],
      ['tf.variable(a)', 'variable(a)'],
      ['v.assign(b); v', 'v.assign(b); v.read()'],
      ['tf.grad((x) => x.square().sum())(a)', 'grad((x) => x.square().sum())(a)'],
      ['tf.variableGrads(() => tf.square(v).sum()).value', 'valueAndGrad(() => ops.square(v).sum())[0]'],
      ['tf.losses.meanSquaredError(a, b)', 'new MeanSquaredError().apply(a, b)'],
    ],
  },
  {
    title: 'Models',
    rows: [
      [
        "tf.layers.dense({ units: 2, activation: 'relu', inputShape: [3] })",
        "new Dense({ units: 2, activation: 'relu', inputShape: [3] })",
        (layer) => layer.getConfig().units,
      ],
      ['tf.layers.dropout({ rate: 0.5 })', 'new Dropout({ rate: 0.5 })', (layer) => layer.getConfig().rate],
      ['tf.layers.batchNormalization({ axis: -1 })', 'new BatchNormalization()', (layer) => layer.getConfig().momentum],
      [
        'tf.layers.embedding({ inputDim: 5, outputDim: 2 })',
        'new Embedding({ inputDim: 5, outputDim: 2 })',
        (layer) => layer.getConfig().output_dim ?? layer.getConfig().outputDim,
      ],
      [
        'tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] })',
        'new Sequential([new Dense({ units: 2, inputShape: [3] })])',
        (model) => model.countParams(),
      ],
      ['tf.input({ shape: [3] })', 'input({ shape: [3] })', (symbol) => symbol.shape.slice(1)],
      [
        'tf.model({ inputs: entry, outputs: layer.apply(entry) })',
        'new Model({ inputs: entry, outputs: layer.apply(entry) })',
        (model) => model.countParams(),
      ],
      ['tf.train.adam(0.01)', 'new Adam({ learningRate: 0.01 })', (optimizer) => optimizer.learningRate],
      [
        "model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })",
        "model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })",
        () => 'nothing',
      ],
      [
        'await model.fit(x, y, { epochs: 2, batchSize: 2, shuffle: false })',
        'await model.fit(x, y, { epochs: 2, batchSize: 2, shuffle: false })',
        ({ history }) => history.loss,
      ],
      ['model.evaluate(x, y)', '(await model.evaluate(x, y)).loss'],
      ['model.predict(x)', 'await model.predict(x)'],
      ['await model.trainOnBatch(x, y)', '(await model.trainOnBatch(x, y)).loss'],
      ['model.getWeights()[0]', 'model.getWeights()[0]'],
      ['model.setWeights(weights); model.predict(x)', 'model.setWeights(weights); await model.predict(x)'],
    ],
  },
  {
    title: 'Data',
    rows: [
      [
        'await tf.data.array([1, 2, 3, 4, 5]).map((n) => n * 2).skip(1).take(3).toArray()',
        'await Dataset.from([1, 2, 3, 4, 5]).map((n) => n * 2).skip(1).take(3).toArray()',
      ],
      [
        'await tf.data.array([1, 2, 3]).batch(2).toArray()',
        'await Dataset.from([1, 2, 3]).batch(2).toArray()',
        (batches) => batches.map((batch) => batch.values ?? batch),
      ],
    ],
  },
]

const KERNEL = [[0.5], [-0.25], [0.125]]
const X = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 10],
  [0, 1, 0],
]
const Y = [[1], [2], [3], [4]]

/** A number, or nested arrays of numbers, of whatever a side gives. */
async function plain(value) {
  if (Array.isArray(value)) return Promise.all(value.map(plain))
  if (ArrayBuffer.isView(value)) return Array.from(value)
  if (typeof value?.array === 'function') return value.array()
  return typeof value?.toJSON === 'function' ? value.toJSON() : value
}

/** Runs one side's expression, its statements before the last `;` first; several values, with commas, are all kept. */
async function run(code, scope, show = (value) => value) {
  const at = code.lastIndexOf(';')
  const AsyncFunction = (async () => undefined).constructor
  const names = Object.keys(scope)
  const body = `${code.slice(0, at + 1)}\nreturn [${code.slice(at + 1)}]`
  const values = await new AsyncFunction(...names, body)(...Object.values(scope))
  return Promise.all(values.map(async (value) => plain(await show(value))))
}

const DATA = { values: new Float32Array([1, 2, 3, 4, 5, 6]) }

/** The names that our expressions use: what one imports, and some things to work on. */
export function ourScope(ferrograd) {
  const { tensor, variable, layers, losses, optimizers, data, Sequential } = ferrograd
  const a = tensor([
    [1, 2],
    [3, 4],
  ])
  const b = tensor([
    [5, 6],
    [7, 8],
  ])
  const layer = new layers.Dense({ units: 1 })
  const model = new Sequential([new layers.Dense({ units: 1, inputShape: [3] })])
  const weights = [tensor(KERNEL), tensor([0])]
  model.setWeights(weights)
  return {
    ...ferrograd,
    ...layers,
    ...losses,
    ...optimizers,
    ...data,
    ...DATA,
    a,
    b,
    v: variable(a),
    layer,
    entry: ferrograd.input({ shape: [3] }),
    model,
    weights,
    x: X,
    y: Y,
  }
}

function theirScope(tf) {
  const a = tf.tensor([
    [1, 2],
    [3, 4],
  ])
  const layer = tf.layers.dense({ units: 1 })
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [3] })] })
  const weights = [tf.tensor(KERNEL), tf.tensor([0])]
  model.setWeights(weights)
  const [x, y] = [tf.tensor(X), tf.tensor(Y)]
  return {
    tf,
    ...DATA,
    a,
    b: tf.tensor([
      [5, 6],
      [7, 8],
    ]),
    v: tf.variable(a),
    layer,
    entry: tf.input({ shape: [3] }),
    model,
    weights,
    x,
    y,
  }
}

/** What a side (0: TensorFlow.js, 1: ours) gives, row by row. */
export async function results(side, scope) {
  const given = []
  for (const [theirs, ours, show] of sections.flatMap(({ rows }) => rows)) {
    const code = [theirs, ours][side]
    given.push({ code, values: await run(code, scope, show) })
  }
  return given
}

const BEGIN = '<!-- written by tools/docs/tensorflow-js.mjs from here on -->'
const cell = (code) => `\`${code.replaceAll('|', '\\|')}\``

/** The document with its tables written anew. */
export function withTables(text) {
  const tables = sections.map(({ title, rows }) => {
    const lines = rows.map(([theirs, ours]) => `| ${cell(theirs)} | ${cell(ours)} |`)
    return `## ${title}\n\n| TensorFlow.js | ferrograd |\n|---|---|\n${lines.join('\n')}\n`
  })
  return `${text.slice(0, text.indexOf(BEGIN) + BEGIN.length)}\n\n${tables.join('\n')}`
}

const here = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
export const DOCUMENT = here('docs/tensorflow-js.md')

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tf = createRequire(join(resolve(process.argv[2] ?? here('bench/peers')), 'package.json'))('@tensorflow/tfjs')
  await tf.setBackend('cpu')
  const cases = await results(0, theirScope(tf))
  const text = JSON.stringify({ source: `@tensorflow/tfjs ${tf.version.tfjs}`, cases }, undefined, 1)
  writeFileSync(here('__test__/fixtures/tensorflow-js.json'), `${text}\n`)
  writeFileSync(DOCUMENT, withTables(readFileSync(DOCUMENT, 'utf8')))
}
