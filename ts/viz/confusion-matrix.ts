/** A confusion matrix in colours. */

import { fail } from '../errors.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { ConfusionMatrix } from '../report/confusion-matrix.js'
import { type ColorMap, colorMaps, colorOf } from './color-maps.js'
import { Drawing } from './drawing.js'
import { LETTER_HEIGHT, plain, textWidth, writeText } from './font.js'
import type { Pixels } from './png.js'
import { type Color, type ColorDepth, luma, painted } from './terminal.js'
import { endsOf } from './values.js'

const fields = {
  /**
   * What a colour tells: which share of the samples of the row, or how many against the largest count. Default 'rows'.
   */
  share: { type: 'choice', of: ['rows', 'counts'], default: 'rows' },
  /** The colours of the cells. Default 'viridis'. */
  colors: { type: 'choice', of: colorMaps as typeof colorMaps, default: 'viridis' },
} as const

const read = optionsReader('viz.confusionMatrix', fields)

/** Options of {@link confusionMatrix}. */
export interface ConfusionMatrixOptions extends OptionsOf<typeof fields>, Named {}

/** More classes have no room for their names and numbers. */
const CLASSES = 256

/** Pixels around a text. */
const MARGIN = 2

/** A class is called by so many letters at most. */
const LETTERS = 12

/**
 * A confusion matrix of `report.confusionMatrix`: true classes below each other, predicted ones beside each other, counts in
 * colours that tell which share of the true class they are. In a terminal it is a table in colours.
 *
 * Errors: ERR_DATA for anything but a confusion matrix; ERR_SHAPE for more than 256 classes; ERR_CONFIG for options that there are not.
 *
 * @example
 * ```ts
 * import { report, viz } from 'ferrograd'
 *
 * const matrix = report.confusionMatrix(['cat', 'dog', 'dog'], ['cat', 'cat', 'dog'])
 * await viz.confusionMatrix(matrix).save('confusion.png')
 * ```
 */
export function confusionMatrix(matrix: ConfusionMatrix, options: ConfusionMatrixOptions = {}): Drawing {
  const where = 'viz.confusionMatrix'
  const { share, colors } = read(options)
  if (!(matrix instanceof ConfusionMatrix)) fail('ERR_DATA', where, 'what report.confusionMatrix gives', matrix)
  const classes = matrix.labels.length
  const hint = 'Draw the counts alone: viz.pictures(matrix.matrix)'
  if (classes > CLASSES) fail('ERR_SHAPE', where, `at most ${CLASSES} classes`, classes, hint)
  const cells = cellsOf(matrix, colors, share)
  return new Drawing(draw(matrix.labels, cells), (depth) => table(matrix, cells, depth))
}

/** A count, and the colour beneath it. */
interface Cell {
  readonly count: number
  readonly color: Color
}

function cellsOf({ matrix }: ConfusionMatrix, colors: ColorMap, share: 'rows' | 'counts'): Cell[][] {
  const largest = Math.max(1, endsOf(matrix.flat())[1])
  return matrix.map((row) => {
    const whole = share === 'rows' ? Math.max(1, sum(row)) : largest
    return row.map((count) => ({ count, color: colorOf(colors, count / whole) }))
  })
}

function draw(labels: readonly string[], cells: readonly (readonly Cell[])[]): Pixels {
  const names = labels.map((label) => shortened(plain(label)))
  const left = Math.max(...names.map(textWidth)) + 2 * MARGIN
  const cell = Math.max(left, ...cells.flat().map(({ count }) => textWidth(String(count)) + 2 * MARGIN))
  const high = LETTER_HEIGHT + 2 * MARGIN
  const page = new Page(left + cell * names.length, high * (names.length + 1))
  for (const [i, name] of names.entries()) {
    page.write(name, left - MARGIN - textWidth(name), high * (i + 1) + MARGIN, WHITE)
    page.write(name, left + cell * i + Math.floor((cell - textWidth(name)) / 2), MARGIN, WHITE)
    for (const [j, { count, color }] of cells[i]!.entries()) {
      const [x, y, text] = [left + cell * j, high * (i + 1), String(count)]
      page.fill(x, y, cell - 1, high - 1, color)
      if (count > 0) page.write(text, x + Math.floor((cell - textWidth(text)) / 2), y + MARGIN, contrast(color))
    }
  }
  return page
}

function table({ labels }: ConfusionMatrix, cells: readonly (readonly Cell[])[], depth: ColorDepth): string {
  const names = labels.map(shortened)
  const width = Math.max(...[...names, ...cells.flat().map(({ count }) => String(count))].map((text) => text.length))
  const padded = (text: string): string => ` ${text.padStart(width)} `
  const rows = cells.map((row, i) => {
    const counts = row.map(({ count, color }) => painted(padded(String(count)), contrast(color), color, depth))
    return padded(names[i]!) + counts.join('')
  })
  return [padded('') + names.map(padded).join(''), ...rows].map((line) => line.trimEnd()).join('\n')
}

function shortened(label: string): string {
  return [...label].slice(0, LETTERS).join('')
}

const WHITE: Color = [255, 255, 255]
const BLACK: Color = [0, 0, 0]

function contrast(color: Color): Color {
  return luma(color) > 128 ? BLACK : WHITE
}

function sum(row: readonly number[]): number {
  return row.reduce((total, count) => total + count, 0)
}

/** Pixels, black at first. */
class Page implements Pixels {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.rgb = new Uint8Array(3 * width * height)
  }

  fill(left: number, top: number, width: number, height: number, color: Color): void {
    for (let y = top; y < top + height; y += 1) for (let x = left; x < left + width; x += 1) this.#put(x, y, color)
  }

  write(text: string, left: number, top: number, color: Color): void {
    writeText(text, (x, y) => this.#put(left + x, top + y, color))
  }

  #put(x: number, y: number, color: Color): void {
    this.rgb.set(color, 3 * (y * this.width + x))
  }
}
