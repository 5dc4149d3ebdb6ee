/** What is drawn: a picture for a file and for a terminal. */

import { writeFile } from 'node:fs/promises'
import { inspectWith } from '../core/inspect.js'
import { FerrogradError, fail } from '../errors.js'
import { checkInteger } from '../options/kinds.js'
import { encodePng, enlarged, type Pixels } from './png.js'
import { type ColorDepth, colorDepth, drawInTerminal, lineLength } from './terminal.js'

/** How large a PNG is. */
export interface PngOptions {
  /** Sides of the square that a pixel becomes; by default small pictures are enlarged to about 400 pixels. */
  readonly scale?: number
}

/** How a drawing is written in characters. */
export interface TextOptions {
  /** Bits of a colour: 24, 8 (256 colours), or fewer for shades of grey without colours. By default what the terminal has. */
  readonly depth?: ColorDepth
  /** Characters of a line; wider drawings are made smaller. By default those of the terminal, or 80. */
  readonly columns?: number
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
    this.width = pixels.width
    this.height = pixels.height
    this.rgb = pixels.rgb
    this.#inCharacters = inCharacters
  }

  /** The bytes of a PNG file. */
  png({ scale }: PngOptions = {}): Uint8Array {
    const times = scale ?? Math.max(1, Math.round(LARGE / Math.max(this.width, this.height)))
    return encodePng(enlarged(this, checkInteger(times, 'Drawing.png.scale', { type: 'integer', min: 1, max: 256 })))
  }

  /**
   * Writes a PNG file.
   *
   * @throws `ERR_CONFIG` for a path that does not end in `.png`, `ERR_IO` where the system refuses.
   */
  async save(path: string, options: PngOptions = {}): Promise<void> {
    if (typeof path !== 'string' || !path.toLowerCase().endsWith('.png'))
      fail('ERR_CONFIG', 'Drawing.save', 'a path that ends in .png', path)
    try {
      await writeFile(path, this.png(options))
    } catch (error) {
      if (error instanceof FerrogradError) throw error
      throw new FerrogradError('ERR_IO', `${path}: cannot write: ${(error as Error).message}`, { cause: error })
    }
  }

  /** The picture in characters. */
  toString({ depth = colorDepth(), columns = lineLength() }: TextOptions = {}): string {
    if (![1, 4, 8, 24].includes(depth)) fail('ERR_CONFIG', 'Drawing.toString.depth', 'one of 1, 4, 8, 24', depth)
    return this.#inCharacters(depth, checkInteger(columns, 'Drawing.toString.columns', { type: 'integer', min: 1 }))
  }
}

inspectWith(Drawing, String)
