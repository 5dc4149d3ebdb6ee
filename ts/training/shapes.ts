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
export function outputShapes(model: Model, x: unknown): readonly PartialShape[] {
  if (model.graph !== undefined) return model.graph.outputs.map(({ shape }) => shape)
  const zeros = mapColumns(x, ({ shape, dtype }) => ops.zeros(shape, dtype))
  return outputsOf(model, zeros, false).map(({ shape }) => shape)
}

/** What `change` makes of columns that are alone, in a list or by name. */
export function mapColumns(x: unknown, change: (column: Column) => unknown): unknown {
  if (Array.isArray(x)) return x.map((one: Column) => change(one))
  if (isColumn(x)) return change(x)
  return Object.fromEntries(
    Object.entries(x as Readonly<Record<string, Column>>).map(([name, one]) => [name, change(one)]),
  )
}

function isColumn(x: unknown): x is Column {
  return ArrayBuffer.isView((x as Partial<Column>).values)
}
