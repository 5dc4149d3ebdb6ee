/** The graph of a model as text that other tools draw. */
import { fail } from '../errors.js'
import type { Callee, Graph } from './graph.js'
import type { Model } from './model.js'
import { formatOutputs } from './summary.js'

/** Mermaid's flowchart, as Markdown viewers draw it. */
export function toMermaid(model: Model): string {
  const { targets, edges, shape } = drawn(model)
  const nodes = targets.map((one, i) => `  n${i}["${one.name}<br/>${one.className} ${shape(one)}"]`)
  return ['flowchart TD', ...nodes, ...edges.map(([from, to]) => `  n${from} --> n${to}`), ''].join('\n')
}

/** Graphviz's DOT. */
export function toDot(model: Model): string {
  const { targets, edges, shape } = drawn(model)
  const nodes = targets.map((one, i) => `  n${i} [label="${one.name}\\n${one.className} ${shape(one)}"]`)
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
  readonly targets: readonly Callee[]
  readonly edges: readonly (readonly [number, number])[]
  readonly shape: (target: Callee) => string
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
  const place = new Map<unknown, number>(graph.targets.map((target, i) => [target, i]))
  const edges = graph.nodes.flatMap(({ target, call }) =>
    call.sources.map(({ history }) => [place.get(history.call.target)!, place.get(target)!] as const),
  )
  const shape = (target: Callee): string => formatOutputs(graph.nodes.find((node) => node.target === target)!.call)
  return { targets: graph.targets, edges, shape }
}
