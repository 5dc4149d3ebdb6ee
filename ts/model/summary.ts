/** `model.summary()`: the layers of a model as a table. */

import { Operation } from '../core/operation.js'
import { sizeOf } from '../core/shapes.js'
import type { GraphCall } from '../core/symbolic-tensor.js'
import type { Variable } from '../core/variable.js'
import type { Layer } from '../layers/layer.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import type { PartialShape } from '../types.js'
import type { Callee, Graph, GraphNode } from './graph.js'
import type { Model } from './model.js'
import { type ColumnHead, drawTable } from './text-table.js'

const summaryFields = {
  /** Whether it is printed; it is returned in any case. Default true. */
  print: { type: 'boolean', default: true },
  /** Characters a line; the terminal's width unless given, at most 98. */
  width: { type: 'integer', default: null, min: 40 },
  /** Whether the layers inside a model inside are listed too. Default false. */
  expandNested: { type: 'boolean', default: false },
  /** Whether a column tells if a layer's weights are trained: all, some or none. Default false. */
  showTrainable: { type: 'boolean', default: false },
} as const

const read = optionsReader('summary', summaryFields)

/** Options of `summary`. */
export interface SummaryOptions extends OptionsOf<typeof summaryFields>, Named {}

const left = (title: string): ColumnHead => ({ title, align: 'left' })
const right = (title: string): ColumnHead => ({ title, align: 'right' })

/** The table, then the numbers of parameters. */
export function summary(model: Model, options: SummaryOptions = {}): string {
  const plan = read(options)
  const { print, width = terminalWidth(), expandNested, showTrainable } = plan
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
    nodes.every(({ call, index }) => call.sources.length < 2 && index === 0) &&
    !branches(nodes)
  )
}

function branches(nodes: readonly GraphNode[]): boolean {
  const sources = nodes.flatMap(({ call }) => call.sources.map(({ history }) => history.call.target))
  return new Set(sources).size !== sources.length
}

interface Columns {
  readonly wired: boolean
  readonly showTrainable: boolean
  readonly expandNested: boolean
}

/** A row for each layer and operation; after a model inside, with `expandNested`, the rows of its layers. */
function rowsOf(model: Model, columns: Columns, depth = 0): string[][] {
  const targets: readonly Callee[] = model.isStack ? model.layers : (model.graph?.targets ?? model.layers)
  return targets.flatMap((target) => {
    const inside =
      columns.expandNested && !(target instanceof Operation) && isModel(target)
        ? rowsOf(target, columns, depth + 1)
        : []
    return [rowOf(target, model.graph, columns, '› '.repeat(depth)), ...inside]
  })
}

function rowOf(target: Callee, graph: Graph | undefined, columns: Columns, indent: string): string[] {
  const calls = graph?.nodes.filter((node) => node.target === target) ?? []
  return [
    `${indent}${target.name} (${target.className})`,
    calls[0] === undefined ? '?' : formatOutputs(calls[0].call),
    target instanceof Operation ? '0' : paramsOf(target),
    ...(columns.wired ? [calls.flatMap(sourcesOf).join(', ') || '-'] : []),
    ...(columns.showTrainable ? [target instanceof Operation ? '-' : trained(target)] : []),
  ]
}

function paramsOf(layer: Layer): string {
  return layer.built ? layer.countParams().toLocaleString('en-US') : 'not built'
}

function trained(layer: Layer): string {
  const { length } = layer.trainableWeights
  if (layer.weights.length === 0) return '-'
  return length === 0 ? 'none' : length === layer.weights.length ? 'all' : 'some'
}

function isModel(layer: Layer): layer is Model {
  return 'layers' in layer
}

/** What a table of five columns needs. */
const narrowest = summaryFields.width.min

function terminalWidth(): number {
  return Math.max(narrowest, Math.min(98, process.stdout.columns ?? 80))
}

function sourcesOf(node: GraphNode): string[] {
  return node.call.sources.map(({ history }) => history.call.target.name)
}

/** The shape of what a call gives; of several results, all of them. */
export function formatOutputs({ outputs }: GraphCall): string {
  const shapes = outputs.map(({ shape }) => formatShape(shape))
  return shapes.length === 1 ? shapes[0]! : `[${shapes.join(', ')}]`
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
