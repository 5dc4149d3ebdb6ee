/** The shapes of a model's outputs, before any step. */
import type { Column } from '../data/marshal.js'
import type { Model } from '../model/model.js'
import { placeholder, trace } from '../trace.js'
import type { PartialShape } from '../types.js'
import { outputsOf } from './step.js'

/** A functional model knows; any other is called on placeholders of the data's shapes, which builds its layers too. */
export function outputShapes(model: Model, x: readonly Column[]): readonly PartialShape[] {
  if (model.graph !== undefined) return model.graph.outputs.map(({ shape }) => shape)
  const { result } = trace(() => {
    const inputs = x.map(({ shape, dtype }) => placeholder(shape, dtype))
    return outputsOf(model, inputs.length === 1 ? inputs[0]! : inputs, false)
  })
  return result.map(({ shape }) => shape)
}
