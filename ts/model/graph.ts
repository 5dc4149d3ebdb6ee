/** The functional graph: calls of layers and ops in an order in which they can be made. */

import { Operation } from '../core/operation.js'
import { leavesOf, mapStructure } from '../core/structure.js'
import { substitute } from '../core/symbolic-call.js'
import { type GraphCall, isSymbolic, type SymbolicTensor, type Target } from '../core/symbolic-tensor.js'
import { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { drawCall } from '../layers/attention/decoding.js'
import { InputLayer } from '../layers/input.js'
import type { CallContext, InputKind, Layer } from '../layers/layer.js'
import { inOrder } from './keras-ops.js'
import { uniqueNames } from './names.js'

/** What a functional graph calls. */
export type Callee = Layer | Operation

/** One call. */
export interface GraphNode {
  readonly target: Callee
  readonly call: GraphCall
  /** Which call of this target within the graph, from 0. */
  readonly index: number
}

/** From inputs to outputs, every call after the calls it needs. */
export interface Graph {
  readonly inputs: readonly SymbolicTensor[]
  readonly outputs: readonly SymbolicTensor[]
  readonly nodes: readonly GraphNode[]
  /** The layers and operations in order of their first call, input layers included. */
  readonly targets: readonly Callee[]
  /** The layers among them. */
  readonly layers: readonly Layer[]
}

/** Orders everything between `inputs` and `outputs`, and makes the names of the layers and operations unique. */
export function buildGraph(inputs: readonly SymbolicTensor[], outputs: readonly SymbolicTensor[]): Graph {
  checkInputs(inputs)
  const graph = sorted(inputs, outputs)
  for (const symbol of inputs) checkText(graph, symbol)
  return graph
}

function sorted(inputs: readonly SymbolicTensor[], outputs: readonly SymbolicTensor[]): Graph {
  const { nodes, firstSeen } = sortNodes(inputs, outputs)
  const targets = sortTargets(nodes, firstSeen)
  uniqueNames(targets)
  return { inputs, outputs, nodes, targets, layers: targets.filter(isLayer) }
}

/** Draws the ops of every call: tensors in the order of `graph.inputs`, results in the order of `graph.outputs`. */
export function runGraph(
  graph: Graph,
  inputs: readonly (Tensor | undefined)[],
  context: Partial<CallContext>,
): Tensor[] {
  const made = new Map<SymbolicTensor, Tensor>()
  for (const [i, symbol] of graph.inputs.entries()) {
    const input = inputs[i]
    if (input === undefined) continue
    if (symbol.isText) {
      // Whoever fed the model looked it up.
      made.set(readersOf(graph, symbol)[0]!.call.outputs[0]!, input)
      continue
    }
    // Numbers that are compared exactly are not cast to the type of the input.
    const exact = kindOfInput(graph, i) === 'exact'
    made.set(symbol, drawCall([input], () => (exact ? [input] : layerOf(symbol).applyMany(input)))[0]!)
  }
  for (const { target, call } of graph.nodes) {
    if (call.sources.length === 0 || call.sources[0]!.isText) continue
    const sources = call.sources.map((symbol) => made.get(symbol))
    const results = drawCall(sources, () => leavesOf(runCall(target, call, made, context), isTensor))
    for (const [i, output] of call.outputs.entries()) made.set(output, results[i]!)
  }
  return graph.outputs.map((symbol) => made.get(symbol)!)
}

/** A mode that the call was given in the graph wins over that of the whole model. */
function runCall(
  target: Callee,
  { args, kwargs }: GraphCall,
  made: ReadonlyMap<SymbolicTensor, Tensor>,
  { training }: Partial<CallContext>,
): unknown {
  const given = substitute(args, made) as unknown[]
  if (target instanceof Operation) return target.run(...given)
  const named = substitute(kwargs, made) as Readonly<Record<string, unknown>>
  return target.invoke({ args: given, kwargs: training === undefined ? named : { training, ...named } })
}

/** The calls that read an input. */
function readersOf({ nodes }: Pick<Graph, 'nodes'>, symbol: SymbolicTensor): GraphNode[] {
  return nodes.filter(({ call }) => call.sources.includes(symbol))
}

/** The layer that looks up an input of text. */
export function textReader(graph: Graph, position: number): Layer | undefined {
  const symbol = graph.inputs[position]
  return symbol?.isText === true ? (readersOf(graph, symbol)[0]!.target as Layer) : undefined
}

/** Text comes into a model as what one layer makes of it. */
function checkText(graph: Graph, symbol: SymbolicTensor): void {
  const readers = symbol.isText ? readersOf(graph, symbol) : []
  if (symbol.isText && readers.length !== 1) {
    const names = readers.map(({ target }) => target.name).join(', ')
    const where = `Model.inputs '${symbol.history.call.target.name}'`
    const hint = 'Give each of several an input of its own'
    fail('ERR_CONFIG', where, 'one layer that looks up its text', { text: names === '' ? 'none' : names }, hint)
  }
}

/** The layer that stands for an input. */
function layerOf(symbol: SymbolicTensor): Layer {
  return symbol.history.call.target as Layer
}

/**
 * What the layers make of an input, those that only hand it on looked through; where they do not agree it comes as exactly
 * as it is, and each takes what it wants of that.
 */
export function kindOfInput(graph: Graph, position: number): InputKind {
  const kinds = new Set<InputKind>()
  const symbols = new Set<SymbolicTensor>([graph.inputs[position]!])
  // Nodes come after those they need: what is handed on is met later.
  for (const { target, call } of graph.nodes) {
    for (const [i, source] of call.sources.entries()) {
      if (!symbols.has(source)) continue
      const kind = target instanceof Operation ? 'floats' : target.inputKind(i, call.kwargs)
      if (kind === 'any') for (const output of call.outputs) symbols.add(output)
      else kinds.add(kind)
    }
  }
  const [only = 'any', ...others] = kinds
  return others.length === 0 ? only : 'exact'
}

/** The tensors of `inputs`, a structure of symbolic tensors, in order. */
export function symbolsIn(where: string, structure: unknown): SymbolicTensor[] {
  mapStructure(structure, (one) => (isSymbolic(one) ? one : fail('ERR_CONFIG', where, expectedIn(where), one)))
  return leavesOf(structure, isSymbolic)
}

function expectedIn(where: string): string {
  return where.endsWith('inputs') ? 'what input() returned' : 'symbolic tensors, as layer.apply(input(…)) returns them'
}

function checkInputs(inputs: readonly SymbolicTensor[]): void {
  for (const symbol of inputs) {
    const { target } = symbol.history.call
    if (!(target instanceof InputLayer))
      fail('ERR_CONFIG', 'Model.inputs', 'what input() returned', { text: `an output of ${target.name}` })
  }
}

interface Sorted {
  readonly nodes: GraphNode[]
  /** When a walk from the outputs back to the inputs first meets each target. */
  readonly firstSeen: Map<Callee, number>
}

/** Depth first from the outputs, without recursion: a graph may be thousands of layers deep. */
function sortNodes(inputs: readonly SymbolicTensor[], outputs: readonly SymbolicTensor[]): Sorted {
  const entrances = new Set(inputs.map(({ history }) => history.call))
  const nodes: GraphNode[] = []
  const calls = new Map<Callee, number>()
  const firstSeen = new Map<Callee, number>()
  const done = new Set<GraphCall>()
  // Inputs that no output needs are taken up last.
  const stack = [...outputs, ...inputs].reverse().map(({ history }) => ({ call: history.call, ready: false }))
  while (stack.length > 0) {
    const { call, ready } = stack.pop()!
    if (done.has(call)) continue
    const target = call.target as Callee
    if (!ready) {
      if (!firstSeen.has(target)) firstSeen.set(target, firstSeen.size)
      stack.push({ call, ready: true })
      for (const one of [...sourcesOf(target, call)].reverse()) stack.push({ call: one.history.call, ready: false })
      continue
    }
    if (call.sources.length === 0 && !entrances.has(call)) missingInput(target)
    done.add(call)
    const index = calls.get(target) ?? 0
    calls.set(target, index + 1)
    nodes.push({ target, call, index })
  }
  return { nodes, firstSeen }
}

/** What a call reads, in the order in which Keras walks through it. */
function sourcesOf(target: Callee, { sources }: GraphCall): readonly SymbolicTensor[] {
  return target instanceof Operation ? inOrder(target.op, sources) : sources
}

/** Keras's order, so that lists of weights can be exchanged: farthest from the outputs first, then as first seen. */
function sortTargets(nodes: readonly GraphNode[], firstSeen: ReadonlyMap<Callee, number>): Callee[] {
  const ofCall = new Map<GraphCall, number>()
  const ofTarget = new Map<Callee, number>()
  for (const { target, call } of [...nodes].reverse()) {
    const depth = Math.max(ofCall.get(call) ?? 0, ofTarget.get(target) ?? 0)
    ofTarget.set(target, depth)
    for (const { history } of call.sources) ofCall.set(history.call, Math.max(depth + 1, ofCall.get(history.call) ?? 0))
  }
  const order = (target: Callee): number => firstSeen.get(target) ?? 0
  return [...ofTarget.keys()].sort((a, b) => ofTarget.get(b)! - ofTarget.get(a)! || order(a) - order(b))
}

function missingInput({ name }: Target): never {
  return fail(
    'ERR_CONFIG',
    'Model.inputs',
    `all inputs that the outputs need`,
    { text: `no '${name}'` },
    'Add it to inputs',
  )
}

function isLayer(target: Callee): target is Layer {
  return !(target instanceof Operation)
}

function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor
}

export type { SymbolicTensor }
