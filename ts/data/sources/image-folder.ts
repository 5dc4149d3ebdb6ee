/** Pictures in folders: one folder a class. */

import { warnOnce } from '../../core/warn.js'
import { checkMaker, type FerrogradError, fail } from '../../errors.js'
import type { OptionsOf } from '../../options/fields.js'
import { optionsReader } from '../../options/reader.js'
import type { ShapedArray } from '../../types.js'
import { Rows } from '../chunk.js'
import { type ColumnTree, NumberColumn } from '../column.js'
import { Dataset } from '../dataset.js'
import { atLeastOne, type Demand, dropped, type Flow, type Identity, type Random, randomFlow } from '../flow.js'
import { checksumOf, sourceOf } from '../identity.js'
import { type ImagePlan, imageFields, imagePlan, type Picture, readImages, saidOfImage } from '../images.js'
import { KeyedPermutation, permutation } from '../permutation.js'
import type { Sharp } from '../sharp.js'
import { shuffled } from '../shuffle.js'
import { measured } from '../stage-times.js'
import { checkedLabels, type Files, filesOf, type LabelMode, labelledBy } from './image-files.js'

const ownFields = {
  /** Height and width of all pictures, or one number for both. Default [256, 256]. */
  size: { type: 'perAxis', axes: 2, default: [256, 256] },
  /** Another order each pass: of all pictures, but for the validation ones of a pair. Default true. */
  shuffle: { type: 'boolean', default: true },
  /** Decides the orders, and which pictures are for validation. Default 0. */
  seed: { type: 'seed', default: 0 },
  /** The share of pictures set aside, of which `subset` says who has them. Default null. */
  validationSplit: { type: 'number', above: 0, below: 1, default: null },
  /** Which side of `validationSplit`; 'both' gives a pair. Default null. */
  subset: { type: 'choice', of: ['training', 'validation', 'both'], default: null },
  /** Whether folders that are links are gone into. Default false. */
  followLinks: { type: 'boolean', default: false },
  /**
   * What a file that is no whole picture does: 'skip' warns and leaves it out, and is told by `skipped`. Default
   * 'throw'.
   */
  onError: { type: 'choice', of: ['throw', 'skip'], default: 'throw' },
  /** The classes that are read, in this order; all, in the order of their names, unless given. */
  classNames: { type: 'strings', default: null },
} as const
/** What null means something to: there are none. */
const labelFields = {
  /** By the folders, a class for each picture in the order of the paths, or null: none. Default 'inferred'. */
  labels: { type: 'given', default: 'inferred' },
  /** Class numbers (int32), one-hot rows, 0 and 1 of two classes as float32, or null: none. Default 'int'. */
  labelMode: { type: 'choice', of: ['int', 'categorical', 'binary'], default: 'int' },
} as const
const folderFields: typeof imageFields & typeof ownFields & typeof labelFields = {
  ...imageFields,
  ...ownFields,
  ...labelFields,
}

const readFolder = optionsReader('imageFolder', folderFields)

/** Options of {@link imageFolder}. */
export interface ImageFolderOptions extends Omit<OptionsOf<typeof folderFields>, keyof typeof labelFields> {
  /** By the folders, a class for each picture in the order of the paths, or none. Default 'inferred'. */
  readonly labels?: 'inferred' | readonly number[] | null
  /** Class numbers (int32), one-hot rows, 0 and 1 of two classes as float32, or none. Default 'int'. */
  readonly labelMode?: (typeof labelFields.labelMode.of)[number] | null
  readonly sharp?: Sharp
}

/** A row: the picture and its class. */
export interface LabelledPicture<Y> {
  readonly x: Picture
  readonly y: Y
}

/** The rows that options give. */
export type PictureRow<O> = O extends { readonly labels: null } | { readonly labelMode: null }
  ? { readonly x: Picture }
  : O extends { readonly labelMode: 'categorical' | 'binary' }
    ? LabelledPicture<ShapedArray<Float32Array>>
    : LabelledPicture<number>

/** What {@link imageFolder} gives. */
export type FolderOf<O> = O extends { readonly subset: 'both' }
  ? readonly [training: ImageFolder<PictureRow<O>>, validation: ImageFolder<PictureRow<O>>]
  : ImageFolder<PictureRow<O>>

/** A data set of pictures in files. */
export class ImageFolder<T> extends Dataset<T> {
  /** The classes in the order of their numbers; none without labels. */
  readonly classNames: readonly string[]
  /** The files, in the order of their names. */
  readonly files: readonly string[]
  readonly #skipped: ReadonlyMap<string, FerrogradError>

  constructor(
    flow: Flow<T>,
    classNames: readonly string[],
    files: readonly string[],
    skipped: ReadonlyMap<string, FerrogradError>,
  ) {
    checkMaker('ImageFolder', Array.isArray(files), 'imageFolder')
    super(measured('imageFolder', flow))
    this.classNames = classNames
    this.files = files
    this.#skipped = skipped
  }

  /** The files that were left out so far (`onError: 'skip'`), and why. */
  get skipped(): ReadonlyMap<string, FerrogradError> {
    return this.#skipped
  }
}

/**
 * The pictures of a folder as rows `{ x, y }`: `x` bytes 0 … 255 of shape (height, width, channels), `y` the number of the class, which
 * is a folder in it (with any folders inside). Files are those called `.jpg`, `.jpeg`, `.png`, `.gif`, `.webp`, `.bmp`, `.tif`, `.avif`
 * and the like; which format one has, its first bytes say. JPEG and PNG are read and decoded by Rust, as many at a time as there are
 * threads, off the event loop, while the batches before are used; other formats by `sharp` where that is installed.
 *
 * Pictures are had by number: `shuffle` mixes all of them, `split`, `shard` and `take` read nothing, and a training that goes on reads
 * nothing twice. With `onError: 'skip'` this holds of the order alone, since nobody knows which files are whole.
 *
 * Differences from Keras: bytes and not float32 (a quarter of the memory, and within 1 of Keras's numbers: put a `Rescaling` into
 * the model, as there), batches by `.batch`, `validationSplit` at random whatever `shuffle` says.
 *
 * @throws `ERR_IO` where the folder cannot be read, `ERR_DATA` where there are no pictures in it, `ERR_CONFIG` for options that do not go
 * together; of a picture as `decodeImage`, with the name of the file.
 *
 * @see keras.utils.image_dataset_from_directory
 *
 * @example
 * ```ts
 * import { imageFolder } from 'ferrograd/data'
 *
 * const [training, validation] = await imageFolder('flowers', { size: [96, 96], validationSplit: 0.2, subset: 'both', seed: 1 })
 * console.log(training.classNames, training.count, validation.count)
 * const batches = training.batch(32) // { x: [32, 96, 96, 3], y: Int32Array }
 * ```
 */
export async function imageFolder<const O extends ImageFolderOptions = Readonly<Record<never, never>>>(
  dir: string,
  options?: O,
): Promise<FolderOf<O>> {
  const where = 'imageFolder'
  if (typeof dir !== 'string' || dir === '') fail('ERR_CONFIG', `${where}.dir`, 'the path of a folder', dir)
  const settled = readFolder(options)
  const { classNames } = settled
  const given = checkedLabels(options?.labels === null ? null : settled.labels, classNames)
  const mode = given === null || options?.labelMode === null ? null : settled.labelMode
  checkSubset(settled.validationSplit, settled.subset)
  const plan = imagePlan(where, settled)
  const found = await filesOf(dir, given, classNames, settled.followLinks)
  const labelled = labelledBy(dir, found, given, mode)
  const folder = (numbers: Uint32Array, how: FolderPlan = settled): ImageFolder<unknown> =>
    folderOf(labelled, numbers, plan, mode, how)
  const { training, validation } = sides(labelled.files.length, settled.validationSplit, settled.seed)
  const both = settled.subset === 'both' && validation !== undefined
  if (both) return [folder(training), folder(validation, { ...settled, shuffle: false })] as unknown as FolderOf<O>
  return folder(settled.subset === 'validation' ? validation! : training) as unknown as FolderOf<O>
}

function checkSubset(validationSplit: number | undefined, subset: string | undefined): void {
  if ((validationSplit === undefined) === (subset === undefined)) return
  const [there, missing] = subset === undefined ? ['validationSplit', 'subset'] : ['subset', 'validationSplit']
  fail('ERR_CONFIG', `imageFolder.${missing}`, `a value, as ${there} has one`, undefined)
}

/** Which pictures are for training and which for validation: the same whatever else is asked. */
function sides(
  count: number,
  share: number | undefined,
  seed: number,
): { readonly training: Uint32Array; readonly validation: Uint32Array | undefined } {
  if (share === undefined) return { training: Uint32Array.from({ length: count }, (_, i) => i), validation: undefined }
  const aside = Math.floor(share * count)
  if (aside === 0 || aside === count)
    fail('ERR_DATA', 'imageFolder.validationSplit', 'at least one picture on either side', {
      text: `${aside} of ${count}`,
    })
  const order = permutation(count, seed)
  return { training: order.slice(0, count - aside).sort(), validation: order.slice(count - aside).sort() }
}

interface FolderPlan {
  readonly shuffle: boolean
  readonly seed: number
  readonly onError: 'throw' | 'skip'
}

/** The data set of some of the files. */
function folderOf(
  all: Files,
  numbers: Uint32Array,
  plan: ImagePlan,
  mode: LabelMode,
  { shuffle, seed, onError }: FolderPlan,
): ImageFolder<unknown> {
  const files = Array.from(numbers, (number) => all.files[number]!)
  const labels = Int32Array.from(numbers, (number) => all.labels[number]!)
  const skipped = new Map<string, FerrogradError>()
  const classNames = mode === null ? [] : all.classNames
  const read = async (indices: Uint32Array): Promise<Rows> => {
    const sources = Array.from(indices, (index) => ({ path: files[index]! }))
    const { values, shape, refused } = await readImages(sources, plan)
    const x = new NumberColumn(values, shape.slice(1))
    const y = labelColumn(mode, labels, indices, classNames.length)
    const rows = new Rows({ x, ...(y !== undefined && { y }) } as ColumnTree, indices.length)
    return refused.size === 0 ? rows : without(rows, sources, refused, onError, skipped)
  }
  const flow = onError === 'skip' ? skippingFlow(files.length, read) : randomFlow(randomOf(files.length, read))
  const ordered = shuffle ? shuffled(flow, files.length, seed) : flow
  const identity: Identity = async () => ({
    files: files.length,
    // By the folder of the class: wherever all lie.
    names: await checksumOf(files.map((path) => path.split(/[\\/]/).slice(-2))),
    labels: await checksumOf(labels),
    size: plan.size === undefined ? null : String(plan.size),
    order: shuffle ? seed : null,
  })
  return new ImageFolder({ ...ordered, stages: sourceOf('imageFolder', identity) }, classNames, files, skipped)
}

function labelColumn(
  mode: LabelMode,
  labels: Int32Array,
  indices: Uint32Array,
  classes: number,
): NumberColumn | undefined {
  if (mode === null) return undefined
  const own = Int32Array.from(indices, (index) => labels[index]!)
  if (mode === 'int') return new NumberColumn(own)
  if (mode === 'binary') return new NumberColumn(Float32Array.from(own), [1])
  const hot = new Float32Array(own.length * classes)
  for (let row = 0; row < own.length; row++) hot[row * classes + own[row]!] = 1
  return new NumberColumn(hot, [classes])
}

/** The rows that are there. What no file is to blame for, no file is skipped for. */
function without(
  rows: Rows,
  sources: readonly { readonly path: string }[],
  refused: ReadonlyMap<number, FerrogradError>,
  onError: 'throw' | 'skip',
  skipped: Map<string, FerrogradError>,
): Rows {
  for (const [index, error] of refused) {
    const { path } = sources[index]!
    const said = saidOfImage(error, path)
    if (onError === 'throw' || error.code === 'ERR_MEMORY') throw said
    skipped.set(path, said)
    warnOnce('FERROGRAD_IMAGE', `${said.message}. It is skipped`)
  }
  const kept = Uint32Array.from({ length: rows.length }, (_, i) => i).filter((index) => !refused.has(index))
  return rows.gather(kept)
}

type Read = (indices: Uint32Array) => Promise<Rows>

function randomOf(count: number, read: Read): Random {
  return {
    count,
    slice: (_, first, length) => read(Uint32Array.from({ length }, (_, i) => first + i)),
    gather: (_, indices) => read(indices),
  }
}

/** Files of which some give nothing: how many there are, nobody knows before. */
function skippingFlow(count: number, read: Read): Flow {
  const inOrder =
    (orderOf: (pass: number) => { range(first: number, length: number): Uint32Array }): Flow['open'] =>
    (pass, from, demand) =>
      dropped(wholeOnes(count, orderOf(pass), read, demand), from)
  const asTheyAre = { range: (first: number, length: number) => Uint32Array.from({ length }, (_, i) => first + i) }
  return {
    isWide: true,
    mixed: (_, seed) => inOrder((pass) => new KeyedPermutation(count, seed, pass)),
    open: inOrder(() => asTheyAre),
  }
}

async function* wholeOnes(
  count: number,
  order: { range(first: number, length: number): Uint32Array },
  read: Read,
  demand: Demand,
): AsyncGenerator<Rows> {
  for (let at = 0; at < count; ) {
    const length = Math.min(atLeastOne(demand), count - at)
    const rows = await read(order.range(at, length))
    if (rows.length > 0) yield rows
    at += length
  }
}
