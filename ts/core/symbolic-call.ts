/** A call on symbolic tensors: what comes out is found by making the call on placeholders. */

import { FerrogradError } from '../errors.js'
import type { PartialShape, Shape } from '../types.js'
import { isShape } from './shapes.js'
import { isNamed, leavesOf, mapStructure } from './structure.js'
import { type GraphCall, isSymbolic, SymbolicTensor, type Target } from './symbolic-tensor.js'
import { Tensor } from './tensor.js'
import { placeholder, trace } from './trace.js'

/** Two lengths for every unknown one: a length that differs between two calls is unknown. */
const probes = [1009, 1013] as const
/** By how much the length of each further unknown axis is larger than that of the one before it. */
const further = 12

type Kwargs = Readonly<Record<string, unknown>>

/** Records a call of `target` as a node of the functional graph; `run` makes the call with tensors for its symbols. */
export function recordCall(
  target: Target,
  args: readonly unknown[],
  kwargs: Kwargs,
  runOf: (kwargs: Kwargs) => (...args: readonly unknown[]) => unknown,
): unknown {
  const sources = leavesOf([args, kwargs], isSymbolic)
  const probed = (length: number): unknown => probe(sources, args, kwargs, runOf, length)
  const [first, second] = [probed(probes[0]), leavesOf(probed(probes[1]), isTensor)]
  return giveOutputs({ target, args, kwargs, sources }, first, (output, index) =>
    agreed(output.shape, second[index]!.shape),
  )
}

/** The symbolic tensors that a call gives, in the structure of `results`. */
function giveOutputs(
  { target, args, kwargs, sources }: Omit<GraphCall, 'outputs'>,
  results: unknown,
  shapeOf: (output: Tensor, index: number) => PartialShape,
): unknown {
  const outputs: SymbolicTensor[] = []
  const call: GraphCall = { target, args, kwargs, sources, outputs }
  return mapStructure(results, (output) => {
    if (!isTensor(output)) return output
    const index = outputs.length
    const symbol = new SymbolicTensor(shapeOf(output, index), output.dtype, { call, index })
    outputs.push(symbol)
    return symbol
  })
}

/** The symbolic tensors of a call whose results have known shapes: it need not be made. */
export function recordKnown(
  target: Target,
  args: readonly unknown[],
  kwargs: Kwargs,
  shapes: unknown,
  dtype: SymbolicTensor['dtype'],
): unknown {
  const sources = leavesOf([args, kwargs], isSymbolic)
  const outputs: SymbolicTensor[] = []
  const call: GraphCall = { target, args, kwargs, sources, outputs }
  const output = (shape: unknown): unknown => {
    if (isShape(shape)) {
      outputs.push(new SymbolicTensor(shape, dtype, { call, index: outputs.length }))
      return outputs.at(-1)
    }
    if (Array.isArray(shape)) return shape.map(output)
    if (!isNamed(shape)) return shape
    return Object.fromEntries(
      Object.keys(shape)
        .sort()
        .map((name) => [name, output(shape[name])]),
    )
  }
  return output(shapes)
}

/** `value` with what `tensors` holds for its symbolic tensors. */
export function substitute(value: unknown, tensors: ReadonlyMap<SymbolicTensor, Tensor>): unknown {
  return mapStructure(value, (leaf) => (isSymbolic(leaf) ? tensors.get(leaf) : leaf))
}

/** Builds, with errors that do not show the length of the probe. */
export function builtInWords(build: () => void): void {
  try {
    build()
  } catch (error) {
    throw error instanceof FerrogradError ? inWords(error, probes[0]) : error
  }
}

/** Shapes to build a layer for: the batch is any number, other unknown lengths are refused by whoever needs them. */
export function buildShapesOf(value: unknown): unknown {
  return mapStructure(value, (leaf) =>
    isSymbolic(leaf) ? withLengths(leaf.shape, probes[0], -1) : isTensor(leaf) ? leaf.shape : leaf,
  )
}

function probe(
  sources: readonly SymbolicTensor[],
  args: readonly unknown[],
  kwargs: Kwargs,
  runOf: (kwargs: Kwargs) => (...args: readonly unknown[]) => unknown,
  length: number,
): unknown {
  try {
    return trace(() => {
      const stand = ({ shape, dtype }: SymbolicTensor): Tensor =>
        placeholder(withLengths(shape, length, length + further), dtype)
      const tensors = new Map(sources.map((symbol) => [symbol, stand(symbol)]))
      const run = runOf(substitute(kwargs, tensors) as Kwargs)
      return run(...(substitute(args, tensors) as unknown[]))
    }).result
  } catch (error) {
    throw error instanceof FerrogradError ? inWords(error, length) : error
  }
}

/** The error without the lengths of the probe, which mean nothing to whoever reads it. */
function inWords(error: FerrogradError, length: number): FerrogradError {
  const message = error.message.replace(/\d+/g, (digits) => word(Number(digits), length) ?? digits)
  return message === error.message ? error : new FerrogradError(error.code, message, { cause: error })
}

/** What a number that the length of the probe made, or a product with it, stands for. */
function word(number: number, length: number): string | undefined {
  for (const [unit, name] of [
    [length, 'batch'],
    [length + further, '?'],
  ] as const) {
    if (number === unit) return name
    if (number > 0 && number % unit === 0) return `${name}·${number / unit}`
  }
  return undefined
}

function withLengths(shape: PartialShape, batch: number, other: number): Shape {
  return shape.map((known, axis) => known ?? (axis === 0 ? batch : other))
}

function agreed(first: Shape, second: Shape): PartialShape {
  return first.map((length, axis) => (length === second[axis] ? length : null))
}

function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor
}
