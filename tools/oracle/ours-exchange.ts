/** State dicts and sharded weights of ferrograd's for PyTorch and Keras to read: see `exchange.py`. */

import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NestedArray } from 'ferrograd'
import {
  picturesModel,
  readExchange,
  shardedModel,
  stackModel,
  stepsModel,
  wordsModel,
} from '../../__test__/saving/exchange-models.js'

const [, , dir = 'ours-exchange'] = process.argv
mkdirSync(join(dir, 'first'), { recursive: true })
const { words, pictures, steps, numbered, shards } = readExchange()

const model = wordsModel()
await model.saveWeights(join(dir, 'words.safetensors'), { naming: 'torch' })
const plane = picturesModel()
await plane.saveWeights(join(dir, 'pictures.safetensors'), { naming: 'torch' })
const series = stepsModel()
await series.saveWeights(join(dir, 'steps.safetensors'), { naming: 'torch' })
// Modules of `torch.nn.Sequential` are called by their numbers.
const stack = stackModel(['0', '2', '4.0'])
await stack.saveWeights(join(dir, 'named.safetensors'), { naming: 'torch' })

const sharded = shardedModel()
await sharded.saveWeights(join(dir, 'first', 'w.weights.json'), { maxShardSize: 300 / 2 ** 30 })
cpSync(join(dir, 'first'), join(dir, 'second'), { recursive: true })
await sharded.saveWeights(join(dir, 'second', 'w.weights.json'), { maxShardSize: 300 / 2 ** 30 })

const predict = async (one: typeof model, x: NestedArray): Promise<unknown> =>
  ((await one.predict(x as never)) as unknown as { arraySync(): unknown }).arraySync()
const said = {
  words: await predict(model, words.x),
  pictures: await predict(plane, pictures.x),
  steps: await predict(series, steps.x),
  named: await predict(stack, numbered.x),
  shards: await predict(sharded, shards.x),
}
writeFileSync(join(dir, 'said.json'), JSON.stringify(said))
