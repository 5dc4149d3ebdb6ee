/** The graph of a model as text that other tools draw. */
import { fail } from '../errors.js'
import type { AnyLayer, Graph } from './graph.js'
import type { Model } from './model.js'
import { formatShape } from './summary.js'

/** Mermaid's flowchart, as Markdown viewers draw it. */
export function toMermaid(model: Model): string {
  const { layers, edges, shape } = drawn(model)
  const nodes = layers.map((layer, i) => `  n${i}["${layer.name}<br/>${layer.className} ${shape(layer)}"]`)
  return ['flowchart TD', ...nodes, ...edges.map(([from, to]) => `  n${from} --> n${to}`), ''].join('\n')
}

/** Graphviz's DOT. */
export function toDot(model: Model): string {
  const { layers, edges, shape } = drawn(model)
  const nodes = layers.map((layer, i) => `  n${i} [label="${layer.name}\\n${layer.className} ${shape(layer)}"]`)
  return [
    'digraph model {',
    '  node [shape=box]',
    ...nodes,
    ...edges.map(([from, to]) => `  n${from} -> n${to}`),
    '}',
    '',
  ].join('\n')
}

interface Drawn {
  readonly layers: readonly AnyLayer[]
  readonly edges: readonly (readonly [number, number])[]
  readonly shape: (layer: AnyLayer) => string
}

function drawn(model: Model): Drawn {
  const graph: Graph =
    model.graph ??
    fail(
      'ERR_STATE',
      model.name,
      'a model whose graph is known',
      { text: 'one that is not built' },
      'Give the first layer an inputShape',
    )
  const place = new Map(graph.layers.map((layer, i) => [layer, i]))
  const edges = graph.nodes.flatMap((node) =>
    node.inputs.map(({ history }) => [place.get(history.layer)!, place.get(node.layer)!] as const),
  )
  const shape = (layer: AnyLayer): string => formatShape(graph.nodes.find((node) => node.layer === layer)!.output.shape)
  return { layers: graph.layers, edges, shape }
}
