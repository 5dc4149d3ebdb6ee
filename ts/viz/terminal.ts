/** Pictures in characters. */

import { WriteStream } from 'node:tty'
import type { Pixels } from './png.js'

export const depths = [1, 4, 8, 24] as const

/** Bits of a colour that the terminal shows: 24, 8, 4 or, where there are no colours, 1. */
export type ColorDepth = (typeof depths)[number]

const CSI = '\u001b['

/** What the standard output shows: NO_COLOR, FORCE_COLOR and TERM count, and whether it is a terminal at all. */
export function colorDepth(): ColorDepth {
  const { isTTY } = process.stdout
  if (isTTY !== true && process.env.FORCE_COLOR === undefined) return 1
  return WriteStream.prototype.getColorDepth.call(process.stdout) as ColorDepth
}

/** How many characters a line of the standard output has. */
export function lineLength(): number {
  // Of a terminal that does not know its size it is 0.
  return process.stdout.columns || 80
}

/** Half blocks, two pixels above each other in each; shades of grey where there are no colours. */
export function drawInTerminal(pixels: Pixels, depth: ColorDepth, columns: number): string {
  const shown = pixels.width > columns ? shrunk(pixels, columns) : pixels
  const rows = Array.from({ length: Math.ceil(shown.height / 2) }, (_, i) => lineOf(shown, 2 * i, depth))
  return rows.join('\n')
}

/** Red, green, blue. */
export type Color = readonly [number, number, number]

function lineOf(pixels: Pixels, y: number, depth: ColorDepth): string {
  const cells = Array.from({ length: pixels.width }, (_, x) => {
    const upper = at(pixels, x, y)
    const lower = y + 1 < pixels.height ? at(pixels, x, y + 1) : undefined
    return depth < 8 ? shade(upper, lower) : block(upper, lower, depth)
  })
  return depth < 8 ? cells.join('').trimEnd() : `${cells.join('')}${CSI}0m`
}

function at({ width, rgb }: Pixels, x: number, y: number): Color {
  const place = 3 * (y * width + x)
  return [rgb[place]!, rgb[place + 1]!, rgb[place + 2]!]
}

/** The upper half in one colour, the lower in that of the ground, which is left as it is below the last row. */
function block(upper: Color, lower: Color | undefined, depth: ColorDepth): string {
  const ground = lower === undefined ? '49' : `48;${code(lower, depth)}`
  return `${CSI}38;${code(upper, depth)};${ground}m▀`
}

/** Text in one colour on another; without colours the text. */
export function painted(text: string, color: Color, ground: Color, depth: ColorDepth): string {
  return depth < 8 ? text : `${CSI}38;${code(color, depth)};48;${code(ground, depth)}m${text}${CSI}0m`
}

function code(color: Color, depth: ColorDepth): string {
  return depth === 24 ? `2;${color.join(';')}` : `5;${inPalette(color)}`
}

const LEVELS = [0, 95, 135, 175, 215, 255]

/** The nearest of the 216 colours and 24 greys of a terminal. */
function inPalette(color: Color): number {
  const steps = color.map((value) =>
    LEVELS.reduce((best, level, i) => (nearer(level, LEVELS[best]!, value) ? i : best), 0),
  )
  const grey = Math.min(23, Math.max(0, Math.round(((color[0] + color[1] + color[2]) / 3 - 8) / 10)))
  const inCube = distance(
    color,
    steps.map((step) => LEVELS[step]!),
  )
  const inGreys = distance(color, [8 + 10 * grey, 8 + 10 * grey, 8 + 10 * grey])
  return inGreys < inCube ? 232 + grey : 16 + 36 * steps[0]! + 6 * steps[1]! + steps[2]!
}

function nearer(a: number, b: number, value: number): boolean {
  return Math.abs(a - value) < Math.abs(b - value)
}

function distance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0)
}

const RAMP = ' ░▒▓█'

function shade(upper: Color, lower: Color | undefined): string {
  const light = (lower === undefined ? luma(upper) : (luma(upper) + luma(lower)) / 2) / 255
  return RAMP[Math.min(4, Math.round(light * 4))]!
}

/** How light a colour is to the eye (ITU-R BT.601). */
export function luma([red, green, blue]: Color): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue
}

/** Means over as many pixels as become one. */
function shrunk(pixels: Pixels, width: number): Pixels {
  const height = Math.max(1, Math.round((pixels.height * width) / pixels.width))
  const rgb = new Uint8Array(3 * width * height)
  const cut = (i: number, count: number, length: number): number => Math.floor((i * length) / count)
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const rows = [cut(y, height, pixels.height), cut(y + 1, height, pixels.height)] as const
      const columns = [cut(x, width, pixels.width), cut(x + 1, width, pixels.width)] as const
      rgb.set(meanOf(pixels, rows, columns), 3 * (y * width + x))
    }
  return { width, height, rgb }
}

type Stretch = readonly [from: number, to: number]

function meanOf(pixels: Pixels, [top, bottom]: Stretch, [left, right]: Stretch): Color {
  const sums = [0, 0, 0] as [number, number, number]
  for (let y = top; y < bottom; y += 1)
    for (let x = left; x < right; x += 1) for (const [i, value] of at(pixels, x, y).entries()) sums[i]! += value
  const count = Math.max(1, (bottom - top) * (right - left))
  return [Math.round(sums[0] / count), Math.round(sums[1] / count), Math.round(sums[2] / count)]
}
