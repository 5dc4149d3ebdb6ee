/** What is drawn: a picture for a file and for a terminal. */

import { writeFile } from 'node:fs/promises'
import { inspectWith } from '../core/inspect.js'
import { checkMaker, FerrogradError, fail } from '../errors.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { encodePng, enlarged, type Pixels } from './png.js'
import { type ColorDepth, colorDepth, depths, drawInTerminal, lineLength } from './terminal.js'

const pngFields = {
  /** Sides of the square that a pixel becomes; by default small pictures are enlarged to about 400 pixels. */
  scale: { type: 'integer', default: null, min: 1, max: 256 },
} as const

const textFields = {
  /**
   * Bits of a colour: 24, 8 (256 colours), or 4 or 1 for shades of grey without colours. By default what the terminal
   * has. Default null.
   */
  depth: { type: 'given', default: null },
  /** Characters of a line; wider drawings are made smaller. By default those of the terminal, or 80. Default null. */
  columns: { type: 'integer', default: null, min: 1 },
} as const

const readPng = optionsReader('Drawing.png', pngFields)
const readText = optionsReader('Drawing.toString', textFields)

/** How large a PNG is. */
export interface PngOptions extends OptionsOf<typeof pngFields>, Named {}

/** How a drawing is written in characters. */
export interface TextOptions extends OptionsOf<typeof textFields> {
  readonly depth?: ColorDepth
}

/** How it looks in a terminal. */
export type InCharacters = (depth: ColorDepth, columns: number) => string

/** The side that small pictures are enlarged to, about. */
const LARGE = 400

/**
 * A picture: `png()` gives the bytes of a file, `save` writes it, and printed (`console.log`, a template string) it is drawn in
 * the terminal, in half blocks of 24-bit colours, of 256, or in shades where there are none (`NO_COLOR`, a pipe).
 *
 * @example
 * ```ts
 * import { viz } from 'ferrograd'
 * import { digits } from 'ferrograd/datasets'
 *
 * const { x } = digits()
 * const drawing = viz.pictures({ values: x.values.subarray(0, 12 * 64), shape: [12, 8, 8] }, { columns: 6 })
 * console.log(drawing)
 * await drawing.save('digits.png')
 * ```
 */
export class Drawing {
  readonly width: number
  readonly height: number
  /** Rows of pixels, three bytes each: red, green, blue. */
  readonly rgb: Uint8Array

  readonly #inCharacters: InCharacters

  constructor(pixels: Pixels, inCharacters: InCharacters = (depth, columns) => drawInTerminal(pixels, depth, columns)) {
    checkMaker('Drawing', pixels?.rgb instanceof Uint8Array, 'a function of viz')
    this.width = pixels.width
    this.height = pixels.height
    this.rgb = pixels.rgb
    this.#inCharacters = inCharacters
  }

  /** The bytes of a PNG file. */
  png(options?: PngOptions): Uint8Array {
    const { scale } = readPng(options)
    return encodePng(enlarged(this, scale ?? Math.max(1, Math.round(LARGE / Math.max(this.width, this.height)))))
  }

  /**
   * Writes a PNG file.
   *
   * @throws `ERR_CONFIG` for a path that does not end in `.png`, `ERR_IO` where the system refuses.
   */
  async save(path: string, options?: PngOptions): Promise<void> {
    if (typeof path !== 'string' || !path.toLowerCase().endsWith('.png'))
      fail('ERR_CONFIG', 'Drawing.save', 'a path that ends in .png', path)
    const bytes = this.png(options)
    try {
      await writeFile(path, bytes)
    } catch (cause) {
      throw new FerrogradError('ERR_IO', `${path}: cannot write: ${(cause as Error).message}`, { cause, where: path })
    }
  }

  /** The picture in characters. */
  toString(options?: TextOptions): string {
    const { depth = colorDepth(), columns = lineLength() } = readText(options)
    if (!isDepth(depth)) fail('ERR_CONFIG', 'Drawing.toString.depth', `one of ${depths.join(', ')}`, depth)
    return this.#inCharacters(depth, columns)
  }
}

inspectWith(Drawing, String)

function isDepth(depth: unknown): depth is ColorDepth {
  return depths.includes(depth as ColorDepth)
}
