/** Pictures beside and below each other. */

import type { Pixels } from './png.js'

/** How tiles are laid. */
export interface Layout {
  /** Tiles in a row. */
  readonly columns: number
  /** Pixels between two. */
  readonly gap: number
}

/** Dark grey: seen beside white and beside black. */
const GROUND = 64

/** Tiles of one size, row by row. */
export function laid(tiles: readonly Pixels[], { columns, gap }: Layout): Pixels {
  const [first] = tiles as readonly [Pixels]
  const [wide, high] = [first.width, first.height]
  const rows = Math.ceil(tiles.length / columns)
  const across = Math.min(columns, tiles.length)
  const [width, height] = [across * (wide + gap) - gap, rows * (high + gap) - gap]
  const rgb = new Uint8Array(3 * width * height).fill(GROUND)
  for (const [i, tile] of tiles.entries()) {
    const [left, top] = [(i % columns) * (wide + gap), Math.floor(i / columns) * (high + gap)]
    for (let y = 0; y < high; y += 1)
      rgb.set(tile.rgb.subarray(3 * wide * y, 3 * wide * (y + 1)), 3 * ((top + y) * width + left))
  }
  return { width, height, rgb }
}

/** About as many rows as columns. */
export function squarely(count: number): number {
  return Math.ceil(Math.sqrt(count))
}
