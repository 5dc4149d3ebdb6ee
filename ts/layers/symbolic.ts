/** A layer called on symbolic tensors: what comes out is found by calling the layer on placeholders. */

import { SymbolicTensor } from '../core/symbolic-tensor.js'
import { Tensor } from '../core/tensor.js'
import { placeholder, trace } from '../core/trace.js'
import { FerrogradError } from '../errors.js'
import type { PartialShape, Shape } from '../types.js'
import type { Layer, Tensors } from './layer.js'

/** Two lengths for every unknown one: a length that differs between two calls is unknown. */
const probes = [1009, 1013] as const
/** How much longer other unknown axes are. */
const further = 12

/** Records a node of the functional graph; builds the layer if it is not built. */
export function applySymbolically(layer: Layer, x: SymbolicTensor | readonly SymbolicTensor[]): SymbolicTensor[] {
  const many = !(x instanceof SymbolicTensor)
  // A list of its own: it tells this call from others.
  const inputs = many ? [...x] : [x]
  const buildShapes = inputs.map((input) => withLengths(input.shape, probes[0], -1))
  layer.ensureBuilt(many ? buildShapes : buildShapes[0]!)
  const [first, second] = probes.map((length) => probe(layer, inputs, many, length))
  return first!.map(
    (output, index) =>
      new SymbolicTensor(agreed(output.shape, second![index]!.shape), output.dtype, { layer, inputs, index }),
  )
}

function probe(layer: Layer, inputs: readonly SymbolicTensor[], many: boolean, length: number): readonly Tensor[] {
  try {
    const { result } = trace((): Tensors => {
      const tensors = inputs.map(({ shape, dtype }) => placeholder(withLengths(shape, length, length + further), dtype))
      return layer.applyMany(many ? tensors : tensors[0]!)
    })
    return result instanceof Tensor ? [result] : result
  } catch (error) {
    throw error instanceof FerrogradError ? inWords(error, length) : error
  }
}

/** The error without the lengths of the probe, which mean nothing to whoever reads it. */
function inWords(error: FerrogradError, length: number): FerrogradError {
  const message = error.message
    .replace(new RegExp(`\\b${length}\\b`, 'g'), 'batch')
    .replace(new RegExp(`\\b${length + further}\\b`, 'g'), '?')
  return message === error.message ? error : new FerrogradError(error.code, message, { cause: error })
}

function withLengths(shape: PartialShape, batch: number, other: number): Shape {
  return shape.map((known, axis) => known ?? (axis === 0 ? batch : other))
}

function agreed(first: Shape, second: Shape): PartialShape {
  return first.map((length, axis) => (length === second[axis] ? length : null))
}
