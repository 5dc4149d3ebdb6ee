/** A call on symbolic tensors: what comes out is found by making the call on placeholders. */

import { FerrogradError, fail } from '../errors.js'
import type { PartialShape } from '../types.js'
import { isShape } from './shapes.js'
import { isNamed, leavesOf, mapStructure } from './structure.js'
import { type GraphCall, isSymbolic, SymbolicTensor, type Target } from './symbolic-tensor.js'
import { Tensor } from './tensor.js'
import { placeholder, trace } from './trace.js'
import { agreed, buildLengths, guessesFor, inWords, type Lengths, withLengths } from './unknown-lengths.js'

type Kwargs = Readonly<Record<string, unknown>>

/** Records a call of `target` as a node of the functional graph; `run` makes the call with tensors for its symbols. */
export function recordCall(target: Target, args: readonly unknown[], kwargs: Kwargs, runOf: RunOf): unknown {
  const sources = sourcesOf(target, args, kwargs)
  const [first, second] = probed(sources, args, kwargs, runOf)
  return giveOutputs({ target, args, kwargs, sources }, first, (output, index) =>
    agreed(output.shape, second[index]!.shape),
  )
}

type RunOf = (kwargs: Kwargs) => (...args: readonly unknown[]) => unknown

/** What a call gives on placeholders of the first lengths that it takes, and the tensors that it gives on other ones. */
function probed(
  sources: readonly SymbolicTensor[],
  args: readonly unknown[],
  kwargs: Kwargs,
  runOf: RunOf,
): [unknown, readonly Tensor[]] {
  let refusal: unknown
  for (const [first, second] of guessesFor(sources, [...args, kwargs])) {
    try {
      const result = probe(sources, args, kwargs, runOf, first)
      return [result, leavesOf(probe(sources, args, kwargs, runOf, second), isTensor)]
    } catch (error) {
      refusal ??= error
      // Whatever is no refusal of ours will not be another one for other lengths.
      if (!(error instanceof FerrogradError)) break
    }
  }
  throw refusal
}

/** The symbolic tensors among the arguments: text where the target looks it up, and nowhere else. */
function sourcesOf(target: Target, args: readonly unknown[], kwargs: Kwargs): SymbolicTensor[] {
  const sources = leavesOf([args, kwargs], isSymbolic)
  const wrong = sources.find(({ isText }) => isText !== (target.takesText === true))
  if (wrong?.isText === true)
    fail(
      'ERR_DTYPE',
      `${target.name} input`,
      'numbers',
      wrong,
      'Text goes into StringLookup or TextVectorization first',
    )
  if (wrong !== undefined) fail('ERR_DTYPE', `${target.name} input`, "text: input({ dtype: 'string' })", wrong)
  return sources
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
  const sources = sourcesOf(target, args, kwargs)
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

/** Shapes to build a layer for, of its inputs in their structure. */
export function buildShapesOf(value: unknown): unknown {
  return mapStructure(value, (leaf) =>
    isSymbolic(leaf) ? withLengths(leaf.shape, buildLengths) : isTensor(leaf) ? leaf.shape : leaf,
  )
}

function probe(
  sources: readonly SymbolicTensor[],
  args: readonly unknown[],
  kwargs: Kwargs,
  runOf: RunOf,
  lengths: Lengths,
): unknown {
  const draw = (): unknown => {
    const stand = ({ shape, dtype }: SymbolicTensor): Tensor => placeholder(withLengths(shape, lengths), dtype)
    const tensors = new Map(sources.map((symbol) => [symbol, stand(symbol)]))
    const run = runOf(substitute(kwargs, tensors) as Kwargs)
    return run(...(substitute(args, tensors) as unknown[]))
  }
  return inWords(lengths, () => trace(draw).result)
}

function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor
}
