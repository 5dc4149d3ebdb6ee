/** The shapes of a model's outputs, before any step. */
import type { Column } from '../data/marshal.js'
import type { Model } from '../model/model.js'
import * as ops from '../ops.js'
import type { PartialShape } from '../types.js'
import { outputsOf } from './step.js'

/**
 * A functional model knows; any other is called on zeros of the data's shapes, which builds its layers too. Nothing is
 * computed: only the shapes are looked at.
 */
export function outputShapes(model: Model, x: readonly Column[]): readonly PartialShape[] {
  if (model.graph !== undefined) return model.graph.outputs.map(({ shape }) => shape)
  const inputs = x.map(({ shape, dtype }) => ops.zeros(shape, dtype))
  return outputsOf(model, inputs.length === 1 ? inputs[0]! : inputs, false).map(({ shape }) => shape)
}
