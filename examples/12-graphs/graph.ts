/** A graph as its edges, each both ways, and every node tied to itself. */
import { ops, type Tensor, tensor } from 'ferrograd'

export interface Graph {
  readonly nodes: number
  /** Of each edge the node that it comes from, and the one that it goes to. */
  readonly from: Tensor
  readonly to: Tensor
}

export function graphOf(nodes: number, ties: readonly (readonly [number, number])[]): Graph {
  const own = Array.from({ length: nodes }, (_, node) => [node, node] as const)
  const edges = [...ties, ...ties.map(([a, b]) => [b, a] as const), ...own]
  const ends = (side: 0 | 1): Tensor => tensor(Int32Array.from(edges, (edge) => edge[side]))
  return { nodes, from: ends(0), to: ends(1) }
}

/** What comes to each node along its edges, added up: (edges, …) → (nodes, …). */
export function gathered({ nodes, to }: Graph, messages: Tensor): Tensor {
  return ops.segmentSum(messages, to, { numSegments: nodes })
}
