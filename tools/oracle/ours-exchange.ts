/** State dicts and sharded weights of ferrograd's for PyTorch and Keras to read: see `exchange.py`. */

import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Model, NestedArray } from 'ferrograd'
import {
  blocksModel,
  channelsModel,
  phrasesModel,
  picturesModel,
  readExchange,
  shardedModel,
  stackModel,
  stepsModel,
  wordsModel,
} from '../../__test__/saving/exchange-models.js'

const [, , dir = 'ours-exchange'] = process.argv
mkdirSync(join(dir, 'first'), { recursive: true })
const told = readExchange()

// Modules of `torch.nn.Sequential` are called by their numbers.
const models = {
  words: [wordsModel(), told.words.x],
  pictures: [picturesModel(), told.pictures.x],
  channels: [channelsModel(), told.channels.x],
  steps: [stepsModel(), told.steps.x],
  phrases: [phrasesModel(), told.phrases.x],
  named: [stackModel(['0', '2', '4.0']), told.numbered.x],
  blocks: [blocksModel(['0', '2']), told.blocks.x],
} as const
for (const [name, [model]] of Object.entries(models))
  await model.saveWeights(join(dir, `${name}.safetensors`), { naming: 'torch' })

const sharded = shardedModel()
await sharded.saveWeights(join(dir, 'first', 'w.weights.json'), { maxShardSize: 300 / 2 ** 30 })
cpSync(join(dir, 'first'), join(dir, 'second'), { recursive: true })
await sharded.saveWeights(join(dir, 'second', 'w.weights.json'), { maxShardSize: 300 / 2 ** 30 })

const predict = async (one: Model, x: NestedArray): Promise<unknown> =>
  ((await one.predict(x as never)) as unknown as { arraySync(): unknown }).arraySync()
const said: Record<string, unknown> = { shards: await predict(sharded, told.shards.x) }
for (const [name, [model, x]] of Object.entries(models)) said[name] = await predict(model, x)
writeFileSync(join(dir, 'said.json'), JSON.stringify(said))
