/** `model.summary()`: the layers of a model as a table. */

import { sizeOf } from '../core/shapes.js'
import type { Variable } from '../core/variable.js'
import { checkNames, fail } from '../errors.js'
import type { PartialShape } from '../types.js'
import type { AnyLayer, Graph, GraphNode } from './graph.js'
import type { Model } from './model.js'
import { type ColumnHead, drawTable } from './text-table.js'

export interface SummaryOptions {
  /** Whether it is printed; it is returned in any case. Default true. */
  readonly print?: boolean
  /** Characters a line; default the terminal's width, at most 98. */
  readonly width?: number
  /** Whether the layers inside a model inside are listed too. */
  readonly expandNested?: boolean
  /** Whether a column tells if a layer's weights are trained: all, some or none. */
  readonly showTrainable?: boolean
}

const left = (title: string): ColumnHead => ({ title, align: 'left' })
const right = (title: string): ColumnHead => ({ title, align: 'right' })

/** The table, then the numbers of parameters. */
export function summary(model: Model, options: SummaryOptions = {}): string {
  checkNames('summary', options, ['print', 'width', 'expandNested', 'showTrainable'])
  const { print = true, width = terminalWidth(), expandNested = false, showTrainable = false } = options
  if (!(Number.isInteger(width) && width >= narrowest))
    fail('ERR_CONFIG', 'summary.width', `an integer ≥ ${narrowest}`, width)
  const { graph } = model
  const wired = graph !== undefined && !isChain(graph)
  const heads = [
    left('Layer (type)'),
    left('Output shape'),
    right('Params'),
    ...(wired ? [left('Connected to')] : []),
    ...(showTrainable ? [left('Trained')] : []),
  ]
  const rows = rowsOf(model, { wired, showTrainable, expandNested })
  const text = [`Model: ${model.name} (${model.className})`, drawTable(heads, rows, width), ...totals(model)].join('\n')
  if (print) console.log(text)
  return text
}

/** Whether every layer has one input, and is called once: then the order of the rows says it all. */
function isChain({ nodes, inputs, outputs }: Graph): boolean {
  return (
    inputs.length === 1 &&
    outputs.length === 1 &&
    nodes.every((node) => node.inputs.length < 2 && node.call === 0) &&
    !branches(nodes)
  )
}

function branches(nodes: readonly GraphNode[]): boolean {
  const sources = nodes.flatMap((node) => node.inputs.map(({ history }) => history.layer))
  return new Set(sources).size !== sources.length
}

interface Columns {
  readonly wired: boolean
  readonly showTrainable: boolean
  readonly expandNested: boolean
}

/** A row for each layer; after a model inside, with `expandNested`, the rows of its layers. */
function rowsOf(model: Model, columns: Columns, depth = 0): string[][] {
  return model.layers.flatMap((layer) => {
    const inside = columns.expandNested && isModel(layer) ? rowsOf(layer, columns, depth + 1) : []
    return [rowOf(layer, model.graph, columns, '› '.repeat(depth)), ...inside]
  })
}

function rowOf(layer: AnyLayer, graph: Graph | undefined, columns: Columns, indent: string): string[] {
  const calls = graph?.nodes.filter((node) => node.layer === layer) ?? []
  const shape = calls[0] === undefined ? '?' : formatShape(calls[0].output.shape)
  const params = layer.built ? layer.countParams().toLocaleString('en-US') : 'not built'
  return [
    `${indent}${layer.name} (${layer.className})`,
    shape,
    params,
    ...(columns.wired ? [calls.flatMap(sourcesOf).join(', ') || '-'] : []),
    ...(columns.showTrainable ? [trained(layer)] : []),
  ]
}

function trained(layer: AnyLayer): string {
  const { length } = layer.trainableWeights
  if (layer.weights.length === 0) return '-'
  return length === 0 ? 'none' : length === layer.weights.length ? 'all' : 'some'
}

function isModel(layer: AnyLayer): layer is Model {
  return 'layers' in layer
}

/** What a table of five columns needs. */
const narrowest = 40

function terminalWidth(): number {
  return Math.max(narrowest, Math.min(98, process.stdout.columns ?? 80))
}

function sourcesOf(node: GraphNode): string[] {
  return node.inputs.map(({ history }) => history.layer.name)
}

/** `(batch, 10)`; other lengths that vary are `?`. */
export function formatShape(shape: PartialShape): string {
  return `(${shape.map((length, axis) => length ?? (axis === 0 ? 'batch' : '?')).join(', ')})`
}

function totals(model: Model): string[] {
  // Before the first step the optimizer has no slots yet.
  const optimizer = model.isCompiled && model.optimizer.iterations.dataSync()[0] ? model.optimizer.variables : []
  return [
    ['Total', [...model.weights, ...optimizer]],
    ['Trainable', model.trainableWeights],
    ['Non-trainable', model.nonTrainableWeights],
    ...(optimizer.length > 0 ? [['Optimizer', optimizer] as const] : []),
  ].map(([title, variables]) => formatTotal(title as string, variables as Variable[]))
}

function formatTotal(title: string, variables: readonly Variable[]): string {
  const sizes = variables.map(({ shape, dtype }) => ({
    count: sizeOf(shape),
    bytes: dtype === 'float64' ? 8 : 4,
  }))
  const count = sizes.reduce((all, one) => all + one.count, 0)
  const bytes = sizes.reduce((all, one) => all + one.count * one.bytes, 0)
  return ` ${title} params: ${count.toLocaleString('en-US')} (${formatBytes(bytes)})`
}

function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  const power = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return power === 0 ? `${bytes} B` : `${(bytes / 1024 ** power).toFixed(2)} ${units[power]}`
}
