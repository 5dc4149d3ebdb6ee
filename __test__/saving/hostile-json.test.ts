/** JSON of `.keras` files that somebody changed: a model or a typed error, never a crash. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { config, FerrogradError, input, loadModel, Model, ops, Sequential } from 'ferrograd'
import { Dense, Dropout, LSTM } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Member, readZip, writeZip } from '../../ts/saving/archive.js'
import { jsonIn } from '../../ts/saving/paths.js'
import { mulberry } from '../reliability/extremes.js'

let folder: string
const at = (name: string): string => join(folder, name)
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ferrograd-hostile-'))
  config.setSeed(1)
  const x = input({ shape: [4, 3], name: 'x' })
  const stack = new Sequential([
    new Dense({ units: 2, inputShape: [2], activation: 'relu' }),
    new Dropout({ rate: 0.1 }),
  ])
  const model = new Model({ inputs: x, outputs: ops.add(stack.apply(new LSTM({ units: 2 }).apply(x) as never), 1) })
  model.compile({ optimizer: new Adam({ clipnorm: 1 }), loss: 'mse', metrics: ['mae'] })
  await model.save(at('m.keras'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function changed(member: string, text: string): Promise<string> {
  const zip = await readZip(at('m.keras'))
  const members = new Map<string, Member>(zip.names.map((one) => [one, zip.bytes(one)!]))
  await writeZip(at('changed.keras'), members.set(member, text))
  return at('changed.keras')
}
const textOf = async (member: string): Promise<string> => (await readZip(at('m.keras'))).text(member)!

test.each(['config.json', 'metadata.json'])('%s with a name twice is refused', async (member) => {
  const text = await textOf(member)
  const first = text.replace('{', `{"a":{"b":[{"b":1,"c":"b"}],"\\u0061":1},`)
  if (member === 'config.json') await expect(loadModel(await changed(member, first))).resolves.toBeInstanceOf(Model)
  for (const twice of ['"d":1,"e":2,"d":3', '"d":1,"\\u0064":3', '"x":[{"d":1,"y":{},"d":1}]'])
    await expect(loadModel(await changed(member, text.replace('{', `{${twice},`)))).rejects.toMatchObject({
      code: 'ERR_FORMAT',
      message: expect.stringMatching(/JSON with each name once, got ".*" twice/),
    })
})

const values = [
  'null',
  '0',
  '-1',
  '1e400',
  '1e9',
  'true',
  '""',
  '"Dense"',
  '[]',
  '{}',
  '[null]',
  '{"class_name":"Dense"}',
  '"__proto__"',
]

test('config.json with one value or name changed at random is a model or a typed error', async () => {
  const text = await textOf('config.json')
  // Values are tokens behind a colon, a comma or a bracket; names stand before a colon.
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:e-?\d+)?|true|false|null|\[\]|\{\}/g)]
  const random = mulberry(Number(process.env.FERROGRAD_SEED ?? 5))
  const draw = (count: number): number => Math.floor(random() * count)
  const wrong: string[] = []
  let refused = 0
  for (let i = 0; i < 100; i++) {
    const token = tokens[draw(tokens.length)]!
    const value = values[draw(values.length)]!
    const mutated = text.slice(0, token.index) + value + text.slice(token.index + token[0].length)
    try {
      await loadModel(await changed('config.json', mutated))
    } catch (error) {
      refused += 1
      if (!(error instanceof FerrogradError) || error.code === 'ERR_INTERNAL')
        wrong.push(
          `${text.slice(Math.max(0, token.index - 60), token.index)}>>${value}<<: ${(error as Error).stack?.split('\n').slice(0, 3).join(' ')}`,
        )
    }
  }
  expect(wrong).toEqual([])
  expect(refused).toBeGreaterThan(20)
}, 120_000)

test('configurations of the corpus with bytes changed are a model or a typed error', () => {
  const corpus = fileURLToPath(new URL('../../crates/formats/fuzz/corpus/json/', import.meta.url))
  const random = mulberry(Number(process.env.FERROGRAD_SEED ?? 6))
  const draw = (count: number): number => Math.floor(random() * count)
  const files = readdirSync(corpus).sort()
  let [read, refused] = [0, 0]
  for (const file of files) {
    const whole = readFileSync(join(corpus, file))
    for (let i = 0; i < 30; i++) {
      const bytes = Buffer.from(whole)
      // The first time as it is.
      for (let j = 0; j < i % 3; j++) bytes[draw(bytes.length)] = whole[draw(whole.length)]!
      try {
        Model.fromConfig(
          jsonIn(file, i % 7 === 6 ? bytes.toString().slice(0, draw(bytes.length)) : bytes.toString()) as never,
        )
        read += 1
      } catch (error) {
        if (!(error instanceof FerrogradError) || error.code === 'ERR_INTERNAL') throw error
        refused += 1
      }
    }
  }
  expect(files.length).toBeGreaterThan(4)
  expect(read).toBeGreaterThan(files.length)
  expect(refused).toBeGreaterThan(files.length)
})
