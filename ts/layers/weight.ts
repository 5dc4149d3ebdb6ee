/** How weights come into being, and what they may be set to. */

import { returnedTensor } from '../core/check-returned.js'
import { checkShape } from '../core/shapes.js'
import { type Tensor, tensor } from '../core/tensor.js'
import { type Variable, variable } from '../core/variable.js'
import { fail } from '../errors.js'
import type { Initializer } from '../initializers/initializer.js'
import type { OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import type { DType, Shape, TensorLike } from '../types.js'
import { layerKinds } from './kinds.js'

const fields = {
  /** How it is called within its layer. */
  name: { type: 'string' },
  /** Its lengths, all of them known. Default null. */
  shape: { type: 'given', default: null },
  /** Its first value. Default 'glorotUniform'. */
  initializer: { type: 'initializer', default: 'glorotUniform' },
  /** Whether an optimizer may change it. Default true. */
  trainable: { type: 'boolean', default: true },
  /** A penalty on it. Default null. */
  regularizer: { type: 'regularizer', default: null },
  /** What it may be. Default null. */
  constraint: { type: 'constraint', default: null },
  /** The element type; the layer's unless given. */
  dtype: { type: 'elementType', default: null },
} as const

const read = optionsReader('addWeight', fields, () => layerKinds)

/** What `addWeight` needs to know. */
export interface WeightOptions extends OptionsOf<typeof fields> {
  readonly shape: Shape
}

const ONE_INPUT = 'The layer was called with a list of tensors, and takes one: join them with Concatenate or Add first'

/** How many more numbers weights may have, while a file is read: no more than it can fill. */
let room = Number.POSITIVE_INFINITY

/** Runs `fn`, whose layers' weights may have so many numbers in all. */
export function withRoom<R>(numbers: number, fn: () => R): R {
  const before = room
  room = numbers
  try {
    return fn()
  } finally {
    room = before
  }
}

function takeRoom(where: string, shape: Shape): void {
  const numbers = shape.reduce((product, length) => product * length, 1)
  if (numbers > room)
    fail('ERR_FORMAT', where, `at most the ${room} numbers that the file has left for weights`, {
      text: `[${shape.join(', ')}]`,
    })
  room -= numbers
}

/** A variable with a first value, and with a penalty and a constraint where there are some; for the layer `owner`. */
export function makeWeight(owner: string, options: WeightOptions, layerDType: DType): Variable {
  const {
    name,
    initializer,
    trainable,
    constraint,
    regularizer,
    dtype = layerDType,
  } = read(options, `${owner}.addWeight`)
  const { shape } = options
  if (!Array.isArray(shape) || !shape.every((length) => Number.isInteger(length) && length > 0)) {
    const hint = Array.isArray(shape) && shape.some(Array.isArray) ? ONE_INPUT : 'Is a length of the input unknown?'
    fail('ERR_SHAPE', `${owner}.${name}`, 'known positive lengths', shape, hint)
  }
  takeRoom(`${owner}.${name}`, shape)
  const value = initialValue(initializer, shape, dtype)
  const weight = variable(value, { name, dtype, trainable })
  if (constraint !== undefined) weight.constraint = constraint
  if (regularizer !== undefined) weight.regularizer = regularizer
  return weight
}

/** What an initializer gives, of the shape that was asked for. */
function initialValue(initializer: Initializer, shape: Shape, dtype: DType): Tensor {
  const where = `${initializer.className}.call`
  const value = returnedTensor(initializer.call(shape, dtype), where)
  checkShape(where, value.shape, shape)
  return value
}

/** Sets all `weights` of the layer `owner`; nothing changes unless all values fit. */
export function setAll(owner: string, weights: readonly Variable[], values: unknown, built: boolean): void {
  if (!Array.isArray(values) || values.length !== weights.length) {
    fail(
      'ERR_SHAPE',
      `${owner}.setWeights`,
      `${weights.length} arrays`,
      Array.isArray(values) ? { text: `${values.length}` } : values,
      built ? undefined : 'The layer is not built yet',
    )
  }
  const checked = weights.map((weight, i) => valueFor(owner, weight, values[i] as TensorLike | undefined))
  for (const [i, weight] of weights.entries()) weight.set(checked[i]!.dataSync())
}

function valueFor(owner: string, weight: Variable, value: TensorLike | undefined): Tensor {
  const where = `${owner}.setWeights ${weight.name}`
  if (value === undefined || value === null)
    fail('ERR_DATA', where, `numbers of shape [${weight.shape.join(', ')}]`, value)
  const given = tensor(value, undefined, weight.dtype)
  if (given.shape.length !== weight.shape.length || given.shape.some((length, axis) => length !== weight.shape[axis])) {
    fail('ERR_SHAPE', where, `shape [${weight.shape.join(', ')}]`, given.shape)
  }
  return given
}
