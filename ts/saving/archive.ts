/** Files of named arrays: what the core's readers and writers give and take, in JavaScript's types. */

import { evaluateNow } from '../core/evaluation.js'
import { BindingArchive } from '../core/native.js'
import { isRecording } from '../core/recording.js'
import { job, native, runtime } from '../core/runtime.js'
import { frozen } from '../core/shapes.js'
import { handleOf, Tensor } from '../core/tensor.js'
import { saidOf } from '../errors.js'
import type { Shape } from '../types.js'

/** The typed array in which each element type of a file comes, as NumPy calls it; half precision comes as its bits. */
interface Elements {
  bool: Uint8Array
  uint8: Uint8Array
  int8: Int8Array
  uint16: Uint16Array
  int16: Int16Array
  float16: Uint16Array
  bfloat16: Uint16Array
  uint32: Uint32Array
  int32: Int32Array
  float32: Float32Array
  uint64: BigUint64Array
  int64: BigInt64Array
  float64: Float64Array
}

/** The element types of files. */
export type FileDType = keyof Elements

/** Elements of any type of a file. */
export type FileValues = Elements[FileDType]

/** A class of typed arrays. */
interface View<T> {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, start: number, length: number): T
}

const views: { readonly [D in FileDType]: View<Elements[D]> } = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float64: Float64Array,
}

/** An array of a file. */
export interface FileArray<D extends FileDType = FileDType> {
  readonly dtype: D
  readonly shape: Shape
  readonly values: Elements[D]
}

/** Arrays by their names, as they are in a file. */
export type Arrays = ReadonlyMap<string, FileArray>

/** Tensors by their names: of a type that the core lacks, a file's numbers become float32 or int32. */
export type Tensors = ReadonlyMap<string, Tensor>

/** What is written under a name: an array, or the numbers that a tensor has now, which are not copied. */
export type Sources = ReadonlyMap<string, FileArray | Tensor>

/** Formats of arrays and a text beside them. */
export type FileFormat = 'hdf5' | 'zip' | 'safetensors' | 'npy' | 'npz' | 'idx' | 'checkpoint'

/** Attributes of an HDF5 file: by the path of a group or array (the root's is empty) and by name. */
export type Attributes = Readonly<Record<string, Readonly<Record<string, Attribute>>>>

/** The value of an attribute; of numbers, those that JSON has not are null. */
export type Attribute = string | number | boolean | null | readonly (string | number | boolean | null)[]

/** What an HDF5 file holds: arrays by their paths, `group/group/name`. */
export interface Hdf5<A = Tensors> {
  readonly arrays: A
  readonly attributes: Attributes
}

/** What a safetensors file holds. */
export interface Safetensors<A = Tensors> {
  readonly arrays: A
  readonly metadata: Readonly<Record<string, string>>
}

/** What a checkpoint holds. */
export interface Checkpoint<A = Tensors> {
  readonly arrays: A
  /** Any text, most often JSON. */
  readonly text: string
}

/** A whole checkpoint that was found in a directory, and the newer ones that were not whole. */
export interface NewestCheckpoint {
  readonly found: (Checkpoint & { readonly path: string }) | undefined
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
}

/** Reads an HDF5 file; its arrays become float32, float64, int32 or bool. */
export async function readHdf5(path: string): Promise<Hdf5> {
  return hdf5Of(await opened('hdf5', path))
}

/** Writes an HDF5 file, whole or not at all. Attributes make groups that have no arrays. */
export async function writeHdf5(path: string, contents: Hdf5<Sources>): Promise<void> {
  await written('hdf5', path, hdf5Archive(contents))
}

/** Reads a safetensors file; its arrays become float32, float64, int32 or bool. */
export async function readSafetensors(path: string): Promise<Safetensors> {
  const archive = await opened('safetensors', path)
  return { arrays: tensorsOf(archive), metadata: JSON.parse(archive.text) }
}

/** Writes a safetensors file, whole or not at all. */
export async function writeSafetensors(path: string, { arrays, metadata }: Safetensors<Sources>): Promise<void> {
  await written('safetensors', path, archiveOf(arrays, JSON.stringify(metadata)))
}

/** Reads an npz file; its arrays become float32, float64, int32 or bool. */
export async function readNpz(path: string): Promise<Tensors> {
  return tensorsOf(await opened('npz', path))
}

/** Writes an npz file, whole or not at all. */
export async function writeNpz(path: string, arrays: Sources): Promise<void> {
  await written('npz', path, archiveOf(arrays))
}

/** Reads an npy file; its elements become float32, float64, int32 or bool. */
export async function readNpy(path: string): Promise<Tensor> {
  return tensorsOf(await opened('npy', path)).get('')!
}

/** Writes an npy file, whole or not at all. */
export async function writeNpy(path: string, array: FileArray | Tensor): Promise<void> {
  await written('npy', path, archiveOf(new Map([['', array]])))
}

/** Reads a checkpoint; a file of which one bit is not as it was written is refused. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  return checkpointOf(await opened('checkpoint', path))
}

/** Writes a checkpoint, whole or not at all. */
export async function writeCheckpoint(path: string, { arrays, text }: Checkpoint<Sources>): Promise<void> {
  await written('checkpoint', path, archiveOf(arrays, text))
}

/** The bytes of a checkpoint: what they were copied from may change and go. */
export interface CopiedCheckpoint {
  /**
   * Writes them as checkpoint `number` of a directory, whole or not at all, then removes all but the last `keep` up to it. The
   * numbers grow. Once. Returns the path.
   */
  save(directory: string, number: number, keep: number): Promise<string>
}

/** Copies what a checkpoint holds, by all threads, off the event loop. */
export async function copyCheckpoint({ arrays, text }: Checkpoint<Sources>): Promise<CopiedCheckpoint> {
  const archive = archiveOf(arrays, text)
  await job((ticket) => archive.copy(runtime(), ticket))
  return {
    async save(directory, number, keep) {
      await job((ticket) => archive.save(runtime(), directory, number, keep, ticket))
      return archive.path!
    },
  }
}

/** The whole checkpoint of the greatest number in a directory; none where there is none, or no directory. */
export async function newestCheckpoint(directory: string): Promise<NewestCheckpoint> {
  const archive = await job((ticket) => BindingArchive.newest(runtime(), directory, ticket))
  const path = archive.path ?? undefined
  const found = path === undefined ? undefined : { ...checkpointOf(archive), path }
  return { found, skipped: archive.skipped() }
}

/** A zip archive that was read: every checksum was right, and no name leads out of it. */
export class Zip {
  readonly #path: string
  readonly #archive: BindingArchive
  readonly #places: ReadonlyMap<string, number>
  readonly #taken = new Map<string, Uint8Array>()

  constructor(path: string, archive: BindingArchive) {
    this.#path = path
    this.#archive = archive
    this.#places = new Map(archive.entries().map(({ name }, index) => [name, index]))
  }

  /** The members, without folders. */
  get names(): readonly string[] {
    return [...this.#places.keys()]
  }

  /** The content of a member; undefined where there is none of that name. */
  bytes(name: string): Uint8Array | undefined {
    const place = this.#places.get(name)
    if (place === undefined) return undefined
    const bytes = this.#taken.get(name) ?? native(() => this.#archive.take(place))
    this.#taken.set(name, bytes)
    return bytes
  }

  /** The content of a member in UTF-8; undefined where there is none of that name. */
  text(name: string): string | undefined {
    const bytes = this.bytes(name)
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
  }

  /** An HDF5 file inside, read off the event loop, once; undefined where there is no member of that name. */
  async hdf5(name: string): Promise<Hdf5 | undefined> {
    const place = this.#places.get(name)
    if (place === undefined) return undefined
    const opened = job<BindingArchive>((ticket) => this.#archive.open(runtime(), place, 'hdf5', ticket))
    return hdf5Of(
      await opened.catch((error: unknown) => {
        throw saidOf(error, (message) => `${this.#path} ${name}: ${message}`)
      }),
    )
  }
}

/** What becomes a member of a zip archive: text, bytes, or an HDF5 file that is made off the event loop. */
export type Member = string | Uint8Array | Hdf5<Sources>

/** Reads a zip archive. */
export async function readZip(path: string): Promise<Zip> {
  return new Zip(path, await opened('zip', path))
}

/** Writes a zip archive of stored members, whole or not at all. */
export async function writeZip(path: string, members: ReadonlyMap<string, Member>): Promise<void> {
  await written('zip', path, zipArchive(members))
}

/** Writes a text, whole or not at all. */
export async function writeText(path: string, text: string): Promise<void> {
  const archive = new BindingArchive()
  archive.text = text
  await job((ticket) => archive.writeText(runtime(), path, ticket))
}

/** What the bytes of a file hold, now: the arrays as they are in it, and the text beside them. */
export function decode(format: FileFormat, bytes: Uint8Array): Checkpoint<Arrays> {
  const archive = native(() => BindingArchive.decode(runtime(), format, bytes))
  return { arrays: arraysOf(archive), text: archive.text }
}

/** The bytes of a file, now. */
export function encode(format: FileFormat, arrays: Sources, text = ''): Uint8Array {
  return native(() => archiveOf(arrays, text).encode(runtime(), format))
}

function opened(format: FileFormat, path: string): Promise<BindingArchive> {
  return job((ticket) => BindingArchive.read(runtime(), format, path, ticket))
}

async function written(format: FileFormat, path: string, archive: BindingArchive): Promise<void> {
  await job((ticket) => archive.write(runtime(), format, path, ticket))
}

/** An archive of arrays: tensors as they are now, copies of all else. */
function archiveOf(arrays: Sources, text = ''): BindingArchive {
  const archive = new BindingArchive()
  archive.text = text
  const tensors = [...arrays.values()].filter((source) => source instanceof Tensor)
  if (tensors.length > 0) evaluateNow(tensors.map(handleOf), isRecording())
  for (const [name, source] of arrays) native(() => add(archive, name, source))
  return archive
}

function add(archive: BindingArchive, name: string, source: FileArray | Tensor): void {
  if (source instanceof Tensor) archive.addTensor(name, handleOf(source))
  else archive.add(name, source.dtype, [...source.shape], bytesOf(source.values))
}

function hdf5Archive({ arrays, attributes }: Hdf5<Sources>): BindingArchive {
  return archiveOf(arrays, JSON.stringify(attributes))
}

function zipArchive(members: ReadonlyMap<string, Member>): BindingArchive {
  const archive = new BindingArchive()
  for (const [name, member] of members) native(() => addMember(archive, name, member))
  return archive
}

function addMember(archive: BindingArchive, name: string, member: Member): void {
  if (typeof member !== 'string' && !(member instanceof Uint8Array)) {
    archive.addFile(name, 'hdf5', hdf5Archive(member))
    return
  }
  const bytes = typeof member === 'string' ? new TextEncoder().encode(member) : member
  archive.add(name, 'uint8', [bytes.length], bytes)
}

function hdf5Of(archive: BindingArchive): Hdf5 {
  return { arrays: tensorsOf(archive), attributes: JSON.parse(archive.text) }
}

function checkpointOf(archive: BindingArchive): Checkpoint {
  return { arrays: tensorsOf(archive), text: archive.text }
}

/** The arrays of an archive as tensors, handed over without a copy. */
function tensorsOf(archive: BindingArchive): Tensors {
  const tensor = (index: number): Tensor => Tensor.of(native(() => archive.tensor(index)))
  return new Map(archive.entries().map(({ name }, index) => [name, tensor(index)]))
}

/** The arrays of an archive, handed over without a copy. */
function arraysOf(archive: BindingArchive): Arrays {
  const values = (dtype: FileDType, index: number): FileValues =>
    viewOf(
      dtype,
      native(() => archive.take(index)),
    )
  const array = ({ dtype, shape }: { dtype: string; shape: number[] }, index: number): FileArray => ({
    dtype: dtype as FileDType,
    shape: frozen(shape),
    values: values(dtype as FileDType, index),
  })
  return new Map(archive.entries().map((entry, index) => [entry.name, array(entry, index)]))
}

function viewOf<D extends FileDType>(dtype: D, bytes: Uint8Array): Elements[D] {
  const view = views[dtype]
  return new view(bytes.buffer, bytes.byteOffset, bytes.byteLength / view.BYTES_PER_ELEMENT)
}

function bytesOf(values: FileValues): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
