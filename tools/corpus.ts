/**
 * The small files that fuzzing and the mutations of `crates/formats/tests` begin with, a folder a format:
 * `npx tsx tools/corpus.ts` takes those of the fixtures that are small (of other writers, refused ones too), and writes the arrays of
 * one of them in every format of ours.
 */

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  readSafetensors,
  type Sources,
  saveCheckpoint,
  writeHdf5,
  writeNpy,
  writeNpz,
  writeSafetensors,
  writeZip,
} from '../ts/saving/archive.js'

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
const corpus = at('crates/formats/fuzz/corpus')
const fixtures = at('__test__/fixtures/files')

/** Most bytes of a file: mutations of small ones reach more. */
const SMALL = 8 << 10

/** The targets that read files of an ending. */
const readers: Readonly<Record<string, string>> = {
  '.h5': 'hdf5',
  '.npz': 'npz',
  '.npy': 'npy',
  '.safetensors': 'safetensors',
  '.zip': 'zip',
  '.keras': 'zip',
}

const folder = (format: string): string => {
  const path = join(corpus, format)
  mkdirSync(path, { recursive: true })
  return path
}

rmSync(corpus, { recursive: true, force: true })
for (const from of [fixtures, join(fixtures, 'ours')]) {
  for (const name of readdirSync(from)) {
    const [path, format] = [join(from, name), readers[extname(name)]]
    if (format !== undefined && statSync(path).size <= SMALL) cpSync(path, join(folder(format), name))
  }
}

const { arrays } = await readSafetensors(join(fixtures, 'torch.safetensors'))
const some = new Map([...arrays].slice(0, 3)) as Sources
const attributes = { '': { keras_version: '3.15.1' }, group: { names: ['a', 'b'], count: 2 } }
await writeHdf5(join(folder('hdf5'), 'small.h5'), { arrays: some, attributes })
await writeNpz(join(folder('npz'), 'small.npz'), some)
await writeNpy(join(folder('npy'), 'small.npy'), [...arrays.values()][0]!)
await writeSafetensors(join(folder('safetensors'), 'small.safetensors'), { arrays: some, metadata: { format: 'pt' } })
await writeZip(
  join(folder('zip'), 'small.zip'),
  new Map<string, string>([
    ['config.json', '{"class_name":"Sequential"}'],
    ['assets/a.txt', 'a\nb'],
  ]),
)
await saveCheckpoint(folder('checkpoint'), 1, { arrays: some as never, text: '{"epoch":1}' }, 1)

// As LeCun's files are: a magic number of type and rank, lengths, numbers, all big-endian.
const idx = [0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]
writeFileSync(join(folder('idx'), 'bytes.idx'), Uint8Array.from(idx))
writeFileSync(join(folder('idx'), 'floats.idx'), Uint8Array.from([0, 0, 0x0d, 1, 0, 0, 0, 1, 0x3f, 0x80, 0, 0]))

const events = readFileSync(at('crates/formats/tests/fixtures/run.tfevents'))
writeFileSync(join(folder('events'), 'beginning.tfevents'), wholeFrames(events, 2048))

const configs = JSON.parse(readFileSync(at('__test__/fixtures/graphs.json'), 'utf8')) as {
  readonly cases: readonly { readonly name: string; readonly model: unknown }[]
}
const texts = configs.cases.map(({ name, model }) => [name, JSON.stringify(model)] as const)
for (const [name, text] of texts.filter(([, { length }]) => length <= SMALL / 2).slice(0, 8))
  writeFileSync(join(folder('json'), `${name}.json`), text)

/** As many frames as begin before `most`: a length, its checksum, so many bytes, theirs. */
function wholeFrames(bytes: Buffer, most: number): Buffer {
  let end = 0
  while (end < most && end < bytes.length) end += 16 + Number(bytes.readBigUInt64LE(end))
  return bytes.subarray(0, end)
}
