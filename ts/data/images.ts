/** Pictures of files and of other libraries as numbers: decoded by Rust, many at a time, off the event loop. */

import { BindingImages, type ImageSource } from '../core/native.js'
import { job, native, runtime } from '../core/runtime.js'
import { sizeOf } from '../core/shapes.js'
import { type ErrorCode, FerrogradError, fail } from '../errors.js'
import type { OptionsOf, SettledOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { isShaped } from './marshal.js'
import type { ShapedArray } from './shaped.js'
import { type DecodedImage, decodedBySharp, type Sharp } from './sharp.js'

/** Of pictures of `colorMode`. */
const channelsOf = { grayscale: 1, rgb: 3, rgba: 4 } as const

/** What pictures are made to be: the fields of all that read some. */
export const imageFields = {
  /** One channel, three, or four with alpha. Default 'rgb'. */
  colorMode: { type: 'choice', of: ['rgb', 'rgba', 'grayscale'], default: 'rgb' },
  /** Which pixels count how much in another size. Default 'bilinear'. */
  interpolation: {
    type: 'choice',
    of: ['bilinear', 'nearest', 'bicubic', 'lanczos3', 'mitchellcubic'],
    default: 'bilinear',
  },
  /**
   * Whether smaller pictures have the mean of what each pixel stands for, as Pillow's have, and not samples of it.
   * Default false.
   */
  antialias: { type: 'boolean', default: false },
  /** Takes the largest part with the ratio of `size`, from the middle. Default false. */
  cropToAspectRatio: { type: 'boolean', default: false },
  /** Keeps the ratio, with black at two sides. Default false. */
  padToAspectRatio: { type: 'boolean', default: false },
  /** A file of more pixels is refused by its header. Default 67_108_864. */
  maxPixels: { type: 'integer', default: 67_108_864, min: 1 },
  /** The package `sharp`, for formats other than JPEG and PNG; what `import('sharp')` finds unless given. */
  sharp: { type: 'given', default: null },
} as const

const sizeFields = {
  /** Height and width, or one number for both; without it the picture keeps its own. Default null. */
  size: { type: 'perAxis', axes: 2, default: null },
} as const
const decodeFields: typeof imageFields & typeof sizeFields = { ...imageFields, ...sizeFields }

const readOne = optionsReader('decodeImage', decodeFields)
const readMany = optionsReader('decodeImages', decodeFields)

/** Options of {@link decodeImage} and {@link decodeImages}. */
export interface DecodeImageOptions extends OptionsOf<typeof decodeFields> {
  readonly sharp?: Sharp
}

/** The path of a file, the bytes of one, or a picture that is decoded: sharp's raw output, or `{ values, shape }` of bytes. */
export type ImageLike = string | Uint8Array | ArrayBuffer | DecodedImage | ShapedArray<Uint8Array>

/** A picture: bytes of shape (height, width, channels). */
export type Picture = ShapedArray<Uint8Array>

/** What pictures are made to be, checked. */
export interface ImagePlan {
  /** (height, width); nothing keeps a picture's own. */
  readonly size: readonly [height: number, width: number] | undefined
  readonly channels: 1 | 3 | 4
  readonly frame: 'stretch' | 'crop' | 'pad'
  readonly interpolation: string
  readonly antialias: boolean
  readonly maxPixels: number
  readonly sharp: Sharp | undefined
}

/** Pictures of one size, and which sources gave none: there are zeros in their places. */
export interface ReadImages {
  readonly values: Uint8Array
  readonly shape: readonly number[]
  readonly refused: ReadonlyMap<number, FerrogradError>
}

/**
 * One picture as numbers: bytes 0 … 255 of shape (height, width, channels), out of a file by its path, the bytes of one, or what
 * sharp or another decoder made. JPEG and PNG are decoded by Rust off the event loop, by their first bytes and not by their name; other
 * formats by `sharp` where that is installed.
 *
 * Of sixteen bits the upper eight are kept, of an animation the first picture; grey is `0.299 r + 0.587 g + 0.114 b`. Which way up a
 * camera was held (EXIF) and colour profiles are not looked at, as Keras does not.
 *
 * @throws `ERR_FORMAT` where it is no picture, or is cut off or damaged; `ERR_DATA` where it has more than `maxPixels`; `ERR_IO` where
 * the file cannot be read; `ERR_CONFIG` where it takes `sharp`, which is not installed.
 *
 * @example
 * ```ts
 * import { decodeImage } from 'ferrograd/data'
 *
 * const { values, shape } = await decodeImage('cat.jpg', { size: [224, 224], cropToAspectRatio: true })
 * console.log(shape, values[0]) // [224, 224, 3], the red of the first pixel
 * ```
 */
export async function decodeImage(image: ImageLike, options?: DecodeImageOptions): Promise<Picture> {
  const plan = imagePlan('decodeImage', readOne(options))
  const { values, shape } = settled(await readImages([sourceOf('decodeImage', image)], plan), () => 'decodeImage')
  return { values, shape: shape.slice(1) }
}

/**
 * Many pictures as one array of shape (pictures, height, width, channels), several at a time: {@link decodeImage} of each. They need
 * a `size`.
 *
 * @example
 * ```ts
 * import { decodeImages } from 'ferrograd/data'
 *
 * declare const uploads: Buffer[]
 * const x = await decodeImages(uploads, { size: 32, colorMode: 'grayscale' })
 * console.log(x.shape) // [uploads.length, 32, 32, 1]
 * ```
 */
export async function decodeImages(
  images: readonly ImageLike[],
  options: DecodeImageOptions & { readonly size: number | readonly number[] },
): Promise<Picture> {
  if (!Array.isArray(images)) fail('ERR_DATA', 'decodeImages', 'a list of pictures', images)
  const plan = imagePlan('decodeImages', readMany(options))
  if (plan.size === undefined) fail('ERR_CONFIG', 'decodeImages.size', 'a height and a width', plan.size)
  const sources = images.map((image, i) => sourceOf(`decodeImages[${i}]`, image))
  const { values, shape } = settled(await readImages(sources, plan), (i) => `decodeImages[${i}]`)
  return { values, shape }
}

/** A side is no longer than JPEG can have it. */
const LONGEST = 65_535

/** Checks what pictures are to be. */
export function imagePlan(
  where: string,
  options: SettledOf<typeof imageFields> & { readonly size: readonly number[] | undefined },
): ImagePlan {
  const { size, colorMode, cropToAspectRatio: crop, padToAspectRatio: pad, sharp, ...rest } = options
  if (crop && pad)
    fail('ERR_CONFIG', `${where}.cropToAspectRatio`, 'one of cropToAspectRatio and padToAspectRatio', { text: 'both' })
  if ((crop || pad) && size === undefined) {
    const option = crop ? 'cropToAspectRatio' : 'padToAspectRatio'
    fail('ERR_CONFIG', `${where}.size`, `a height and a width beside ${option}`, size)
  }
  if (size?.some((side) => side > LONGEST)) fail('ERR_CONFIG', `${where}.size`, `sides of at most ${LONGEST}`, size)
  if (sharp !== undefined && typeof sharp !== 'function')
    fail('ERR_CONFIG', `${where}.sharp`, "what import('sharp') has by default", sharp)
  return {
    size: size as ImagePlan['size'],
    channels: channelsOf[colorMode],
    frame: crop ? 'crop' : pad ? 'pad' : 'stretch',
    interpolation: rest.interpolation,
    antialias: rest.antialias,
    maxPixels: rest.maxPixels,
    sharp: sharp as Sharp | undefined,
  }
}

/** All pictures, or the error of the first that is refused. */
function settled(read: ReadImages, where: (index: number) => string): ReadImages {
  for (const [index, error] of read.refused) throw saidOfImage(error, where(index))
  return read
}

/** Says of an error which picture it is about. */
export function saidOfImage(error: FerrogradError, where: string): FerrogradError {
  return new FerrogradError(error.code, `${where}: ${error.message}`, { where, hint: error.hint, cause: error.cause })
}

/** A picture as the core takes it. */
export function sourceOf(where: string, image: unknown): ImageSource {
  if (typeof image === 'string') return { path: image }
  if (image instanceof Uint8Array) return { bytes: image }
  if (image instanceof ArrayBuffer) return { bytes: new Uint8Array(image) }
  const { values, shape } = isDecoded(image)
    ? { values: image.data, shape: [image.info.height, image.info.width, image.info.channels] }
    : isShaped(image)
      ? image
      : fail('ERR_DATA', where, "a path, bytes, sharp's raw output or { values, shape }", image)
  if (!(values instanceof Uint8Array)) fail('ERR_DATA', where, 'bytes (a Uint8Array)', values)
  const fits = shape.length === 3 && shape.every((length) => Number.isInteger(length) && length > 0)
  if (!fits || shape[2]! > 4 || sizeOf(shape) !== values.length)
    fail('ERR_SHAPE', where, `[height, width, 1 to 4 channels] of ${values.length} bytes`, shape)
  return { bytes: values as Uint8Array, shape: [...shape] }
}

function isDecoded(image: unknown): image is DecodedImage {
  return typeof image === 'object' && image !== null && 'data' in image && 'info' in image
}

/** What the core says of a picture, as a code. */
const codes: Readonly<Record<string, ErrorCode>> = {
  unknown: 'ERR_FORMAT',
  damaged: 'ERR_FORMAT',
  tooLarge: 'ERR_DATA',
  tooLong: 'ERR_DATA',
  io: 'ERR_IO',
  memory: 'ERR_MEMORY',
}

/** Reads pictures; those in formats that the core does not know are decoded by sharp, and then go the same way. */
export async function readImages(sources: readonly ImageSource[], plan: ImagePlan): Promise<ReadImages> {
  const [height, width] = plan.size ?? [0, 0]
  const { maxPixels: mostPixels, channels, frame, interpolation, antialias } = plan
  const images = native(
    () => new BindingImages({ height, width, channels, frame, interpolation, antialias, mostPixels }),
  )
  await job((ticket) => images.read(runtime(), [...sources], ticket))
  const { values, shape, refused } = native(() => images.take())
  const errors = new Map<number, FerrogradError>()
  let own: Pick<ReadImages, 'values' | 'shape'> = { values, shape }
  for (const { index, kind, message } of refused) {
    if (kind !== 'foreign') {
      errors.set(index, refusedOf(kind, message))
      continue
    }
    const decoded = await decodedBySharp(sources[index]!, message, plan)
    if (decoded instanceof FerrogradError) {
      errors.set(index, decoded)
      continue
    }
    const one = await readImages([sourceOf('sharp', decoded)], plan)
    if (plan.size === undefined) own = one
    else values.set(one.values, index * one.values.length)
  }
  return { ...own, refused: errors }
}

function refusedOf(kind: string, message: string): FerrogradError {
  const code = codes[kind] ?? 'ERR_INTERNAL'
  const hints: Readonly<Record<string, string>> = { tooLarge: 'Allow more by maxPixels' }
  const hint = hints[kind]
  const said = kind === 'unknown' ? `expected a picture (JPEG, PNG), got ${message}` : message
  return new FerrogradError(code, hint === undefined ? said : `${said}. ${hint}`, { hint })
}
