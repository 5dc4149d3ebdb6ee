/** What a model is given besides the tokens that it continues. */

import { type Tensor, tensor } from '../core/tensor.js'
import { fail, hintFor } from '../errors.js'
import { isOptional } from '../model/input.js'
import type { Model } from '../model/model.js'
import { inputColumn } from '../training/batch-data.js'

/** Data for all inputs but the one that takes the tokens. */
export interface Context {
  /** In the order of the inputs. */
  readonly data: readonly Tensor[]
  /** What the model is called with: tokens alone, or its inputs in order. */
  around(tokens: Tensor, data: readonly Tensor[]): unknown
}

/** The context of `rows` prompts, checked and copied. */
export function contextOf(model: Model, given: Readonly<Record<string, unknown>> | undefined, rows: number): Context {
  const names = model.inputNames
  for (const name of Object.keys(given ?? {}))
    if (!names.includes(name))
      fail('ERR_CONFIG', 'generate.context', `names of inputs (${names.join(', ')})`, name, hintFor(name, names))
  if (names.length < 2) {
    if (given === undefined) return { data: [], around: (tokens) => tokens }
    fail('ERR_CONFIG', 'generate.context', 'none: the model has one input', Object.keys(given))
  }
  const isGiven = (name: string): boolean => given?.[name] !== undefined && given[name] !== null
  const open = names.filter((name, i) => !isGiven(name) && !isOptional(model.graph!.inputs[i]!))
  if (open.length !== 1)
    fail('ERR_CONFIG', 'generate.context', `data for all inputs of ${names.join(', ')} but one`, {
      text: `none for ${open.join(', ') || 'no input'}`,
    })
  const places = names.map((name) => (isGiven(name) ? name : undefined))
  const data = places.flatMap((name, i) => (name === undefined ? [] : [rowsFor(model, name, i, given![name], rows)]))
  const around = (tokens: Tensor, list: readonly Tensor[]): (Tensor | undefined)[] => {
    const rest = [...list]
    return names.map((name, i) => (places[i] !== undefined ? rest.shift() : name === open[0] ? tokens : undefined))
  }
  return { data, around }
}

function rowsFor(model: Model, name: string, i: number, given: unknown, rows: number): Tensor {
  const where = `generate.context.${name}`
  const { values, shape, dtype } = inputColumn(model, where, given, i)
  if (shape[0] !== rows) fail('ERR_DATA', where, `${rows} rows, one a prompt`, shape)
  return tensor(values, shape, dtype)
}
