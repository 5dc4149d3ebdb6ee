/** Loads MNIST from its four IDX files. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ShapedArray } from '../data/shaped.js'
import { FerrogradError, fail, hintFor } from '../errors.js'
import { readIdx } from './idx.js'
import { checkOptions, type Labelled, scaled } from './labelled.js'

/** `train`: the 60,000 images of train-*; `test`: the 10,000 of t10k-*. */
export type MnistPart = 'train' | 'test'

export interface MnistOptions<P extends MnistPart = MnistPart> {
  /** The folder that holds the files, named as published, with or without `.gz`. */
  readonly dir: string
  /** Which parts to read; the files of the others need not be there. Default both. */
  readonly parts?: readonly P[]
  /** `true`: pixels from 0 to 1; `false`: from 0 to 255. Default true. */
  readonly scale?: boolean
  /** `flat`: rows of 784; `image`: 28×28; `channels`: 28×28×1, for convolutions. Default flat. */
  readonly layout?: 'flat' | 'image' | 'channels'
}

/** The parts that were asked for. */
export type Mnist<P extends MnistPart = MnistPart> = { readonly [K in P]: Labelled }

const stems: Readonly<Record<MnistPart, string>> = { train: 'train', test: 't10k' }
const layouts = ['flat', 'image', 'channels'] as const

/**
 * MNIST's handwritten digits: `x` is (n, 784), `y` holds 0 … 9.
 *
 * Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits". The files are not part of
 * this package: fetch `train-images-idx3-ubyte.gz`, `train-labels-idx1-ubyte.gz`, `t10k-images-idx3-ubyte.gz` and
 * `t10k-labels-idx1-ubyte.gz` into one folder.
 *
 * @example
 * ```ts
 * import { mnist } from 'ferrograd/datasets'
 *
 * const { train, test } = mnist({ dir: 'data/mnist' })
 * const onlyTest = mnist({ dir: 'data/mnist', parts: ['test'] }).test
 * ```
 */
export function mnist<P extends MnistPart = MnistPart>(options: MnistOptions<P>): Mnist<P> {
  checkMnistOptions(options)
  const { dir, parts = ['train', 'test'], scale = true, layout = 'flat' } = options
  const files = (parts as readonly P[]).map((part) => [part, filesOf(dir, part)] as const)
  const missing = files.flatMap(([, { images, labels }]) => [images, labels].filter((file) => file.path === undefined))
  if (missing.length > 0)
    refuseMissing(
      dir,
      missing.map((file) => file.name),
      parts,
    )
  const loaded = files.map(([part, { images, labels }]) => [part, load(images.path!, labels.path!, scale, layout)])
  return Object.fromEntries(loaded) as Mnist<P>
}

interface Found {
  readonly name: string
  readonly path: string | undefined
}

function filesOf(dir: string, part: MnistPart): { readonly images: Found; readonly labels: Found } {
  return {
    images: find(dir, `${stems[part]}-images-idx3-ubyte`),
    labels: find(dir, `${stems[part]}-labels-idx1-ubyte`),
  }
}

function find(dir: string, name: string): Found {
  return { name, path: [`${name}.gz`, name].map((file) => join(dir, file)).find((path) => existsSync(path)) }
}

function refuseMissing(dir: string, names: readonly string[], parts: readonly string[]): never {
  const other = parts.length > 1 ? ` To read one half alone, pass parts: ['train'] or parts: ['test'].` : ''
  throw new FerrogradError(
    'ERR_DATA',
    `mnist.dir: ${dir} holds no ${names.join(', no ')} (with or without .gz). ` +
      `Fetch the four files of MNIST into that folder.${other}`,
  )
}

function load(imagesPath: string, labelsPath: string, scale: boolean, layout: (typeof layouts)[number]): Labelled {
  const images = readIdx(imagesPath, 3)
  const labels = readIdx(labelsPath, 1)
  if (images.shape[0] !== labels.shape[0]) {
    fail('ERR_FORMAT', labelsPath, `${images.shape[0]} labels, one an image`, labels.shape[0])
  }
  const worst = labels.values.reduce((most, label) => Math.max(most, label), 0)
  if (worst > 9) fail('ERR_FORMAT', labelsPath, 'labels from 0 to 9', worst)
  const x = { values: scaled(images.values, scale ? 255 : 1), shape: laidOut(images, layout) }
  return { x, y: Int32Array.from(labels.values) }
}

function laidOut(images: ShapedArray, layout: (typeof layouts)[number]): readonly number[] {
  const [count = 0, height = 0, width = 0] = images.shape
  switch (layout) {
    case 'flat':
      return [count, height * width]
    case 'image':
      return [count, height, width]
    case 'channels':
      return [count, height, width, 1]
  }
}

function checkMnistOptions({ dir, parts, layout, ...rest }: MnistOptions): void {
  checkOptions('mnist', rest, ['scale'])
  if (typeof dir !== 'string' || dir === '') fail('ERR_CONFIG', 'mnist.dir', 'the path of a folder', dir)
  for (const part of parts ?? []) {
    if (!Object.hasOwn(stems, part))
      fail('ERR_CONFIG', 'mnist.parts', `'train' or 'test'`, part, hintFor(part, Object.keys(stems)))
  }
  if (layout !== undefined && !layouts.includes(layout)) {
    fail('ERR_CONFIG', 'mnist.layout', `one of ${layouts.join(', ')}`, layout, hintFor(layout, layouts))
  }
}
