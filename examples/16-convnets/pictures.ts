import { type Tensor, tensor } from 'ferrograd'
import { digits, type Labelled } from 'ferrograd/datasets'
import { drawImage, gallery } from '../terminal.js'

/** The side of a digit. */
export const SIDE = 8

/** Pictures (samples, 8, 8, 1) and what they show. */
export interface Pictures {
  readonly x: { readonly values: Float32Array; readonly shape: readonly number[] }
  readonly y: Int32Array
}

/** The handwritten digits that ship (UCI, CC BY 4.0), as pictures. */
export function digitPictures(): { readonly train: Pictures; readonly test: Pictures } {
  const { train, test } = digits({ testSplit: 0.2 })
  const asPictures = ({ x, y }: Labelled): Pictures => ({
    x: { values: Float32Array.from(x.values), shape: [y.length, SIDE, SIDE, 1] },
    y: Int32Array.from(y),
  })
  return { train: asPictures(train), test: asPictures(test) }
}

/** Rows of a tensor of pictures, drawn side by side. */
export async function draw(pictures: Tensor, caption: string, count = 6): Promise<void> {
  const values = Float32Array.from(await pictures.data())
  const size = SIDE * SIDE
  const shown = Array.from({ length: count }, (_, i) => ({
    lines: drawImage(values.subarray(i * size, (i + 1) * size), SIDE, SIDE),
    caption: i === 0 ? caption : '',
  }))
  console.log(`${gallery(shown)}\n`)
}

/** Some of the pictures. */
export function some({ x }: Pictures, count: number): Tensor {
  return tensor(x.values.subarray(0, count * SIDE * SIDE), [count, SIDE, SIDE, 1])
}
