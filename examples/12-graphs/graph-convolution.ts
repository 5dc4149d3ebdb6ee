import { ops, type Shape, type Tensor, type Variable } from 'ferrograd'
import { Layer } from 'ferrograd/layers'
import { type Graph, gathered } from './graph.js'

/**
 * Graph convolution, `y = D^(−1/2) A D^(−1/2) x · kernel`: A are the edges with each node's own, D how many a node has
 * (Kipf and Welling, Semi-Supervised Classification with Graph Convolutional Networks, 2017).
 */
export class GraphConvolution extends Layer {
  static override readonly className = 'GraphConvolution'
  kernel!: Variable
  readonly #graph: Graph
  readonly #units: number
  /** `1 / √(D of one end · D of the other)` of each edge, (edges, 1). */
  readonly #shares: Tensor

  constructor(graph: Graph, units: number) {
    super()
    this.#graph = graph
    this.#units = units
    const root = ops.rsqrt(gathered(graph, ops.ones(graph.to.shape)))
    this.#shares = ops.expandDims(ops.multiply(ops.take(root, graph.from), ops.take(root, graph.to)), 1)
  }

  override build([, features]: Shape): void {
    this.kernel = this.addWeight({ name: 'kernel', shape: [features!, this.#units] })
  }

  override call(x: Tensor): Tensor {
    const sent = ops.take(ops.matmul(x, this.kernel), this.#graph.from, { axis: 0 })
    return gathered(this.#graph, ops.multiply(sent, this.#shares))
  }
}
