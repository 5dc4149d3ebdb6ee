import { ops, type Shape, type Tensor, type Variable } from 'ferrograd'
import { Layer } from 'ferrograd/layers'
import { type Graph, gathered } from './graph.js'

/**
 * Graph attention: a node takes from each neighbour `h = x · kernel` as much as `softmax(leakyRelu(a · hᵢ + b · hⱼ))` over its
 * edges says, for some heads side by side (Veličković et al., Graph Attention Networks, 2018).
 */
export class GraphAttention extends Layer {
  static override readonly className = 'GraphAttention'
  kernel!: Variable
  /** How much a node has to give, and how much it wants: (heads, units) each. */
  giving!: Variable
  wanting!: Variable
  readonly #graph: Graph
  readonly #units: number
  readonly #heads: number

  constructor(graph: Graph, { units, heads }: { readonly units: number; readonly heads: number }) {
    super()
    this.#graph = graph
    this.#units = units
    this.#heads = heads
  }

  override build([, features]: Shape): void {
    const [heads, units] = [this.#heads, this.#units]
    this.kernel = this.addWeight({ name: 'kernel', shape: [features!, heads * units] })
    this.giving = this.addWeight({ name: 'giving', shape: [heads, units] })
    this.wanting = this.addWeight({ name: 'wanting', shape: [heads, units] })
  }

  /** (nodes, features) → (nodes, heads · units). */
  override call(x: Tensor): Tensor {
    const h = this.#project(x)
    const sent = ops.take(h, this.#graph.from, { axis: 0 })
    const taken = gathered(this.#graph, ops.multiply(sent, ops.expandDims(this.#shares(h), -1)))
    return ops.reshape(taken, [-1, this.#heads * this.#units])
  }

  /** What each edge counts for the node that it goes to, (edges, heads): those of a node sum to 1. */
  shares(x: Tensor): Tensor {
    return this.#shares(this.#project(x))
  }

  /** (nodes, features) → (nodes, heads, units). */
  #project(x: Tensor): Tensor {
    return ops.reshape(ops.matmul(x, this.kernel), [-1, this.#heads, this.#units])
  }

  #shares(h: Tensor): Tensor {
    const { from, to, nodes } = this.#graph
    const of = (vector: Variable, ends: Tensor): Tensor =>
      ops.take(ops.sum(ops.multiply(h, vector), { axis: -1 }), ends, { axis: 0 })
    const sum = ops.add(of(this.giving, from), of(this.wanting, to))
    const scores = ops.maximum(sum, ops.multiply(sum, 0.2))
    const peaks = ops.take(ops.segmentMax(scores, to, { numSegments: nodes }), to, { axis: 0 })
    const powers = ops.exp(ops.subtract(scores, peaks))
    return ops.divide(powers, ops.take(gathered(this.#graph, powers), to, { axis: 0 }))
  }
}
