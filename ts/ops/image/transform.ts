/** Pictures turned, moved, stretched and seen from the side. */

import { type Op, op } from '../../core/operation.js'
import type { Tensor } from '../../core/tensor.js'
import { fail } from '../../errors.js'
import type { Named } from '../../options/fields.js'
import type { FunctionOptions } from '../../options/reader.js'
import { add, divide, multiply, subtract } from '../elementwise.js'
import { type Operand, toFloat } from '../operand.js'
import { opOptions } from '../options.js'
import { broadcastTo, cast, expandDims, reshape, slice } from '../shape.js'
import { formatFields } from '../windows.js'
import { asBatch, type Batch, checkPlaces } from './pictures.js'
import { grid, type Sampling, sample } from './sample.js'

const perspectiveOwn = {
  /** What lies between two places. Default 'bilinear'. */
  interpolation: { type: 'choice', of: ['nearest', 'bilinear'], default: 'bilinear' },
  /** What lies beyond the edge where that is a constant. Default 0. */
  fillValue: { type: 'number', default: 0 },
} as const
const fillFields = {
  /** What lies beyond the edge. Default 'constant'. */
  fillMode: { type: 'choice', of: ['constant', 'nearest', 'wrap', 'reflect', 'mirror'], default: 'constant' },
} as const
const perspectiveFields: typeof perspectiveOwn & typeof formatFields = { ...perspectiveOwn, ...formatFields }
const transformFields: typeof perspectiveFields & typeof fillFields = { ...perspectiveFields, ...fillFields }

/** How pictures are read between and beyond their places. */
export interface TransformOptions extends FunctionOptions<typeof transformFields>, Named {}

/** How pictures are seen from the side. */
export interface PerspectiveOptions extends FunctionOptions<typeof perspectiveFields>, Named {}

const readAffine = opOptions('image.affineTransform', transformFields)
const readPerspective = opOptions('image.perspectiveTransform', perspectiveFields)

/**
 * `y[i, j] = x[(b₀·j + b₁·i + b₂) / k, (a₀·j + a₁·i + a₂) / k]`, `k = c₀·j + c₁·i + 1`, for
 * `transform = [a₀, a₁, a₂, b₀, b₁, b₂, c₀, c₁]`: the place in the picture from which each place of the result is read,
 * column first. `images` (batch, height, width, channels), `transform` (8) or (batch, 8).
 *
 * Errors: ERR_SHAPE for pictures of other than three or four axes, or a transform of other than eight numbers each.
 *
 * @see keras.ops.image.affine_transform
 *
 * @example
 * import { ops, tensor } from 'ferrograd'
 *
 * // Each picture one place to the left.
 * const moved = ops.image.affineTransform(ops.ones([2, 4, 4, 1]), tensor([1, 0, 1, 0, 1, 0, 0, 0]))
 */
export const affineTransform: Op<[images: Operand, transform: Operand, options?: TransformOptions]> = op(
  'affineTransform',
  (images, transform, options) => {
    const where = 'image.affineTransform'
    const { dataFormat, ...sampling } = readAffine(options)
    const batch = asBatch(where, images, dataFormat)
    checkPlaces(where, batch, images)
    return projected(batch, transformsOf(where, transform, batch.x), sampling)
  },
)

/**
 * Pictures seen so that their places `startPoints` come to lie at `endPoints`: four places [column, row] each, (4, 2) or
 * (batch, 4, 2). (batch, height, width, channels) as they are.
 *
 * Errors: ERR_SHAPE for pictures of other than three or four axes or without a place, or other than four corners; ERR_DATA where
 * three corners lie on a line (told of plain numbers; of tensors, places are NaN).
 *
 * @see keras.ops.image.perspective_transform
 *
 * @example
 * import { ops, tensor } from 'ferrograd'
 *
 * const corners = tensor([[0, 0], [3, 0], [0, 3], [3, 3]])
 * const same = ops.image.perspectiveTransform(ops.ones([4, 4, 1]), corners, corners)
 */
export const perspectiveTransform: Op<
  [images: Operand, startPoints: Operand, endPoints: Operand, options?: PerspectiveOptions]
> = op('perspectiveTransform', (images, startPoints, endPoints, options) => {
  const where = 'image.perspectiveTransform'
  const { dataFormat, ...sampling } = readPerspective(options)
  const batch = asBatch(where, images, dataFormat)
  checkPlaces(where, batch, images)
  checkCorners(`${where} startPoints`, startPoints)
  checkCorners(`${where} endPoints`, endPoints)
  const [start, end] = [startPoints, endPoints].map((points) => pointsOf(where, points, batch.x)) as [Corners, Corners]
  return projected(batch, homography(end, start), { ...sampling, fillMode: 'constant' })
})

function projected({ x, back }: Batch, t: readonly Tensor[], sampling: Sampling): Tensor {
  const [batch = 0, height = 0, width = 0] = x.shape
  const [i, j] = grid(height, width, x.dtype)
  const along = (a: Tensor, b: Tensor, c: Tensor | number): Tensor => add(add(multiply(a, j), multiply(b, i)), c)
  const k = along(t[6]!, t[7]!, 1)
  const places = [along(t[3]!, t[4]!, t[5]!), along(t[0]!, t[1]!, t[2]!)].map((place) =>
    broadcastTo(divide(place, k), [batch, height, width]),
  )
  return back(sample(x, places[0]!, places[1]!, sampling))
}

/** The eight numbers of each picture's transform, each (batch or 1, 1, 1). */
function transformsOf(where: string, transform: Operand, x: Tensor): readonly Tensor[] {
  const given = cast(toFloat(transform), x.dtype)
  const t = given.rank === 1 ? expandDims(given, 0) : given
  const [count = 0, numbers] = t.shape
  if (t.rank !== 2 || numbers !== 8 || (count !== 1 && count !== x.shape[0]))
    fail('ERR_SHAPE', `${where} transform`, `[8] or [${x.shape[0]}, 8]`, given.shape)
  return Array.from({ length: 8 }, (_, i) => reshape(slice(t, { begin: [0, i], size: [count, 1] }), [count, 1, 1]))
}

/** Four corners, [column, row] each: (batch or 1, 1, 1). */
type Corners = readonly (readonly [Tensor, Tensor])[]

function pointsOf(where: string, points: Operand, x: Tensor): Corners {
  const given = cast(toFloat(points), x.dtype)
  const p = given.rank === 2 ? expandDims(given, 0) : given
  const [count = 0, corners, numbers] = p.shape
  if (p.rank !== 3 || corners !== 4 || numbers !== 2 || (count !== 1 && count !== x.shape[0]))
    fail('ERR_SHAPE', `${where} points`, `[4, 2] or [${x.shape[0]}, 4, 2]`, given.shape)
  const at = (i: number, j: number): Tensor =>
    reshape(slice(p, { begin: [0, i, j], size: [count, 1, 1] }), [count, 1, 1])
  return [0, 1, 2, 3].map((i) => [at(i, 0), at(i, 1)] as const)
}

/** Refuses corners of which three lie on a line, where they are plain numbers: no picture has such, and places would be NaN. */
function checkCorners(where: string, points: Operand): void {
  if (!Array.isArray(points)) return
  const each = (Array.isArray((points as unknown[][])[0]?.[0]) ? points : [points]) as readonly (readonly number[])[][]
  const triples = [
    [0, 1, 2],
    [0, 1, 3],
    [0, 2, 3],
    [1, 2, 3],
  ] as const
  const flat = ([a, b, c]: readonly (readonly number[] | undefined)[]): boolean =>
    (b![0]! - a![0]!) * (c![1]! - a![1]!) === (b![1]! - a![1]!) * (c![0]! - a![0]!)
  for (const corners of each)
    if (corners.length === 4 && triples.some((three) => flat(three.map((i) => corners[i]))))
      fail('ERR_DATA', where, 'four corners of which no three lie on a line', corners)
}

/** A 3×3 matrix by rows. */
type Matrix = readonly Tensor[]

/** The eight numbers of the projective map that takes four places to four others (Heckbert, 1989: by way of the square). */
function homography(from: Corners, to: Corners): readonly Tensor[] {
  const map = product(fromSquare(to), adjugate(fromSquare(from)))
  return map.slice(0, 8).map((one) => divide(one, map[8]!))
}

/** The map of the square's corners (0, 0), (1, 0), (0, 1), (1, 1) to four places. */
function fromSquare(corners: Corners): Matrix {
  const [x, y] = [0, 1].map((i) => corners.map((corner) => corner[i]!)) as [Tensor[], Tensor[]]
  const sides = ([p0, p1, p2, p3]: Tensor[]): readonly [Tensor, Tensor, Tensor] => [
    subtract(p1!, p3!),
    subtract(p2!, p3!),
    add(subtract(subtract(p0!, p1!), p2!), p3!),
  ]
  const [dx1, dx2, dx3] = sides(x)
  const [dy1, dy2, dy3] = sides(y)
  const cross = (a: Tensor, b: Tensor, c: Tensor, d: Tensor): Tensor => subtract(multiply(a, d), multiply(b, c))
  const whole = cross(dx1, dx2, dy1, dy2)
  const g = divide(cross(dx3, dx2, dy3, dy2), whole)
  const h = divide(cross(dx1, dx3, dy1, dy3), whole)
  const row = (p: Tensor[]): Matrix => [
    add(subtract(p[1]!, p[0]!), multiply(g, p[1]!)),
    add(subtract(p[2]!, p[0]!), multiply(h, p[2]!)),
    p[0]!,
  ]
  return [...row(x), ...row(y), g, h, divide(whole, whole)]
}

/** The inverse times the determinant: as a projective map, the inverse. */
function adjugate(m: Matrix): Matrix {
  const minor = (a: number, b: number, c: number, d: number): Tensor =>
    subtract(multiply(m[a]!, m[d]!), multiply(m[b]!, m[c]!))
  return [
    minor(4, 5, 7, 8),
    minor(2, 1, 8, 7),
    minor(1, 2, 4, 5),
    minor(5, 3, 8, 6),
    minor(0, 2, 6, 8),
    minor(2, 0, 5, 3),
    minor(3, 4, 6, 7),
    minor(1, 0, 7, 6),
    minor(0, 1, 3, 4),
  ]
}

function product(a: Matrix, b: Matrix): Matrix {
  return Array.from({ length: 9 }, (_, at) => {
    const [i, j] = [Math.floor(at / 3), at % 3]
    return [0, 1, 2].map((k) => multiply(a[3 * i + k]!, b[3 * k + j]!)).reduce((sum, one) => add(sum, one))
  })
}
