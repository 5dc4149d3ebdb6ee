/** How much a score changes with what goes into a model, or with what one of its layers gives. */

import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { GradientTape } from '../gradient.js'
import type { Layer } from '../layers/layer.js'
import * as ops from '../ops.js'
import type { Asked, Key, Part } from './asked.js'
import { numberOf } from './layer.js'
import { type Aim, aimOf, classCount, classesOf, totalOf } from './target.js'

/** What the scores of some samples change with. */
export interface Slopes {
  /** The gradient for each input, or for the layer's results alone. */
  readonly slopes: readonly (Tensor | undefined)[]
  /** What the layer gave. */
  readonly inside: Tensor | undefined
}

/** The target as it was given; without one the class that each sample is most likely of. */
export async function aimFor(asked: Asked, target: unknown): Promise<Aim> {
  const where = `${asked.where}.target`
  if (target !== undefined) return aimOf(where, target, asked.outputs, asked.rows)
  classCount(where, asked.outputs)
  const [found] = await asked.over((part) =>
    asked.run({ name: 'classes' }, part, [], (x) => [ops.argmax(asked.pass(x).outputs[0]!, { axis: 1 })]),
  )
  return { classes: await found!.data('int32') }
}

/** What is drawn for an aim: a score of the user's own for this question alone. */
export function keyOf(name: string, aim: Aim, layer?: Layer): Key {
  return { name: `${name} ${layer === undefined ? '' : numberOf(layer)}`, own: 'score' in aim }
}

/** The classes of some samples, if there are such, as further inputs of what is drawn. */
export function furtherOf(aim: Aim, first: number, count: number): Tensor[] {
  const classes = classesOf(aim, first, count)
  return classes === undefined ? [] : [classes]
}

/** Draws the gradients of the scores by the inputs that are floats, or by what `layer` gives, with `instead` in its place. */
export function slopesOf(
  asked: Asked,
  x: Part,
  aim: Aim,
  classes: Tensor | undefined,
  { layer, instead }: { readonly layer?: Layer | undefined; readonly instead?: Tensor | undefined } = {},
): Slopes {
  const tape = new GradientTape()
  let inside: Tensor | undefined
  const total = tape.record(() => {
    const seen = asked.pass(x, layer, instead)
    inside = seen.inside
    return totalOf(`${asked.where}.target`, seen.outputs, aim, classes)
  })
  if (inside !== undefined && !isFloat(inside))
    fail('ERR_DTYPE', `${asked.where}.layer`, 'a layer that gives floats', { text: inside.dtype })
  const wanted = inside === undefined ? x : [inside]
  const floats = wanted.filter((one) => one !== undefined && isFloat(one)) as Tensor[]
  const found = tape.gradient(total, floats, { unconnectedGradients: 'zero' })
  return { slopes: wanted.map((one) => one && found[floats.indexOf(one)]), inside }
}

function isFloat({ dtype }: Tensor): boolean {
  return dtype.startsWith('float')
}

/** Whole numbers have no gradient: what they are turned into has. */
export function checkFloats(asked: Asked, layer: Layer | undefined): void {
  if (layer !== undefined) return
  const whole = asked.inputTypes.findIndex((dtype) => dtype === 'int32' || dtype === 'bool')
  if (whole < 0) return
  const hint = 'Pass layer: the one that turns them into numbers, as an Embedding does'
  fail('ERR_DTYPE', `${asked.where}.x`, 'inputs of floats', { text: `${asked.inputTypes[whole]}` }, hint)
}
