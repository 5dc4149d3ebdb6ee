/** What is used inside a layer has to be part of it: else nobody would train it, nor save it. */

import { orderOf, type Variable, variablesMade } from '../core/variable.js'
import { FerrogradError } from '../errors.js'
import { runningLayers } from './context.js'
import type { Layer } from './layer.js'

/** Pairs that were found to belong together. */
const known = new WeakMap<Layer, WeakSet<Layer | Variable>>()

/** Throws where `layer` has weights and is called inside layers of which none owns it. */
export function checkOwned(layer: Layer): void {
  const callers = runningLayers()
  const caller = callers.at(-1)
  if (caller === undefined || caller === layer || known.get(caller)?.has(layer)) return
  if (layer.weights.length > 0 && !callers.some((one) => one === layer || reaches(one, layer))) refuse(caller, layer)
  remember(caller, layer)
}

/** How many variables there were when a layer was made: those in its #private fields come later. */
const before = new WeakMap<Layer, number>()

/** Notes that a layer is being made. */
export function noteMade(layer: Layer): void {
  before.set(layer, variablesMade())
}

/**
 * Throws for a variable that an optimizer may change, made since the layer was that reads it, and owned by none that runs:
 * it is in a #private field. Weights of other layers may be read, and what was there before the layer.
 */
export function checkRead(variable: Variable): void {
  if (weights.has(variable)) return
  const callers = runningLayers()
  const caller = callers.at(-1)
  if (caller === undefined || known.get(caller)?.has(variable)) return
  const hidden =
    orderOf(variable) >= (before.get(caller) ?? 0) && !callers.some((one) => one.weights.includes(variable))
  if (hidden && variable.trainable && variable.dtype.startsWith('float')) refuseRead(caller, variable)
  remember(caller, variable)
}

/** What `addWeight` has made. */
const weights = new WeakSet<Variable>()

/** Notes that a variable is a weight of some layer. */
export function isWeight(variable: Variable): Variable {
  weights.add(variable)
  return variable
}

/** Whether a variable is a weight that a layer has made. */
export const isMade = (variable: Variable): boolean => weights.has(variable)

function remember(caller: Layer, owned: Layer | Variable): void {
  known.set(caller, (known.get(caller) ?? new WeakSet()).add(owned))
}

function reaches(owner: Layer, layer: Layer): boolean {
  return owner.sublayers.some((inside) => inside === layer || reaches(inside, layer))
}

function refuse(caller: Layer, layer: Layer): never {
  const name = layer.named ? `${layer.className} '${layer.name}'` : layer.className
  throw new FerrogradError(
    'ERR_STATE',
    `${caller.className}.call: it calls ${name}, which it does not own, so nobody would train or save it. Keep the layer in a property, a list or a map there; for a #private field write #field = this.track(new ${layer.className}(…))`,
  )
}

function refuseRead(caller: Layer, { name }: Variable): never {
  throw new FerrogradError(
    'ERR_STATE',
    `${caller.className}.call: it reads the variable '${name}', which no layer owns, so nobody would train or save it. Keep it in a property, a list or a map of the layer; for a #private field write #field = this.track(variable(…)); what nothing should train is made with trainable: false`,
  )
}
