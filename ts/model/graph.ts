/** The functional graph: calls of layers in an order in which they can be made. */

import { SymbolicTensor } from '../core/symbolic-tensor.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { InputLayer } from '../layers/input.js'
import type { CallContext, Layer } from '../layers/layer.js'
import type { FieldTable } from '../options/fields.js'
import { uniqueNames } from './names.js'

/** Any layer, whatever its options. */
export type AnyLayer = Layer<FieldTable>

/** The inputs after the first that Keras passes by name. */
export function namedInputsOf(layer: AnyLayer): readonly string[] {
  return (layer.constructor as typeof Layer).namedInputs
}

/** One call of a layer. */
export interface GraphNode {
  readonly layer: AnyLayer
  readonly inputs: readonly SymbolicTensor[]
  /** Which call of this layer within the graph, from 0. */
  readonly call: number
  /** Shape of output 0. */
  readonly output: SymbolicTensor
}

/** From inputs to outputs, every call after the calls it needs. */
export interface Graph {
  readonly inputs: readonly SymbolicTensor[]
  readonly outputs: readonly SymbolicTensor[]
  readonly nodes: readonly GraphNode[]
  /** The layers in order of their first call, input layers included. */
  readonly layers: readonly AnyLayer[]
}

/** Orders everything between `inputs` and `outputs`, and makes the names of the layers unique. */
export function buildGraph(inputs: readonly SymbolicTensor[], outputs: readonly SymbolicTensor[]): Graph {
  checkInputs(inputs)
  const { nodes, firstSeen } = sortNodes(inputs, outputs)
  const layers = sortLayers(nodes, firstSeen)
  uniqueNames(layers)
  return { inputs, outputs, nodes, layers }
}

/** Draws the ops of every call: tensors in the order of `graph.inputs`, results in the order of `graph.outputs`. */
export function runGraph(graph: Graph, inputs: readonly Tensor[], context: Partial<CallContext>): Tensor[] {
  const made = new Map<unknown, readonly Tensor[]>()
  graph.inputs.forEach((symbol, i) => {
    const { layer, inputs: key } = symbol.history
    made.set(key, layer.applyMany(inputs[i]!))
  })
  const value = ({ history }: SymbolicTensor): Tensor => made.get(keyOf(history))![history.index]!
  for (const node of graph.nodes) {
    if (made.has(keyOf(node.output.history))) continue
    const values = node.inputs.map(value)
    made.set(keyOf(node.output.history), callNode(node, values, context))
  }
  return graph.outputs.map(value)
}

function callNode(node: GraphNode, values: readonly Tensor[], { training }: Partial<CallContext>): Tensor[] {
  const context = training === undefined ? {} : { training }
  // One symbolic tensor was passed alone: the layer takes a tensor, and not a list.
  return node.layer.applyMany(isSingle(node) ? values[0]! : values, context)
}

/** Whether the call got one tensor. A merging layer never gets a list of one: it refuses that. */
function isSingle(node: GraphNode): boolean {
  return node.inputs.length === 1
}

/** What identifies a call: two calls of one layer have two lists of inputs. */
function keyOf({ layer, inputs }: SymbolicTensor['history']): unknown {
  return inputs.length === 0 ? inputs : callKey(layer, inputs)
}

const keys = new WeakMap<readonly SymbolicTensor[], Map<AnyLayer, object>>()

/** One object for each pair of a layer and a list of inputs (two layers may be given the very same list). */
function callKey(layer: AnyLayer, inputs: readonly SymbolicTensor[]): object {
  const byLayer = keys.get(inputs) ?? new Map<AnyLayer, object>()
  keys.set(inputs, byLayer)
  const key = byLayer.get(layer) ?? {}
  byLayer.set(layer, key)
  return key
}

function checkInputs(inputs: readonly SymbolicTensor[]): void {
  for (const symbol of inputs) {
    if (!(symbol instanceof SymbolicTensor)) fail('ERR_CONFIG', 'Model.inputs', 'what input() returned', symbol)
    if (!(symbol.history.layer instanceof InputLayer)) {
      fail('ERR_CONFIG', 'Model.inputs', 'what input() returned', { text: `an output of ${symbol.history.layer.name}` })
    }
  }
}

interface Sorted {
  readonly nodes: GraphNode[]
  /** When a walk from the outputs back to the inputs first meets each layer. */
  readonly firstSeen: Map<AnyLayer, number>
}

/** Depth first from the outputs, without recursion: a graph may be thousands of layers deep. */
function sortNodes(inputs: readonly SymbolicTensor[], outputs: readonly SymbolicTensor[]): Sorted {
  const entrances = new Set(inputs.map(({ history }) => keyOf(history)))
  const nodes: GraphNode[] = []
  const calls = new Map<AnyLayer, number>()
  const firstSeen = new Map<AnyLayer, number>()
  const done = new Set<unknown>()
  // Inputs that no output needs are taken up last.
  const stack = [...outputs, ...inputs].reverse().map((symbol) => ({ symbol, ready: false }))
  while (stack.length > 0) {
    const { symbol, ready } = stack.pop()!
    checkOutput(symbol)
    const { layer, inputs: needed } = symbol.history
    const key = keyOf(symbol.history)
    if (done.has(key)) continue
    if (!ready) {
      if (!firstSeen.has(layer)) firstSeen.set(layer, firstSeen.size)
      stack.push({ symbol, ready: true })
      for (const one of [...needed].reverse()) stack.push({ symbol: one, ready: false })
      continue
    }
    if (needed.length === 0 && !entrances.has(key)) missingInput(layer)
    done.add(key)
    const call = calls.get(layer) ?? 0
    calls.set(layer, call + 1)
    nodes.push({ layer, inputs: needed, call, output: symbol })
  }
  return { nodes, firstSeen }
}

/** Keras's order, so that lists of weights can be exchanged: farthest from the outputs first, then as first seen. */
function sortLayers(nodes: readonly GraphNode[], firstSeen: ReadonlyMap<AnyLayer, number>): AnyLayer[] {
  const ofCall = new Map<unknown, number>()
  const ofLayer = new Map<AnyLayer, number>()
  for (const { layer, inputs, output } of [...nodes].reverse()) {
    const depth = Math.max(ofCall.get(keyOf(output.history)) ?? 0, ofLayer.get(layer) ?? 0)
    ofLayer.set(layer, depth)
    for (const { history } of inputs) ofCall.set(keyOf(history), Math.max(depth + 1, ofCall.get(keyOf(history)) ?? 0))
  }
  const order = (layer: AnyLayer): number => firstSeen.get(layer) ?? 0
  return [...ofLayer.keys()].sort((a, b) => ofLayer.get(b)! - ofLayer.get(a)! || order(a) - order(b))
}

function checkOutput(symbol: unknown): asserts symbol is SymbolicTensor {
  if (!(symbol instanceof SymbolicTensor)) {
    fail('ERR_CONFIG', 'Model.outputs', 'symbolic tensors, as layer.apply(input(…)) returns them', symbol)
  }
}

function missingInput(layer: AnyLayer): never {
  return fail(
    'ERR_CONFIG',
    'Model.inputs',
    `all inputs that the outputs need`,
    { text: `no '${layer.name}'` },
    'Add it to inputs',
  )
}
