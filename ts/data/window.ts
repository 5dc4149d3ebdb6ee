/** Windows over consecutive elements. */

import { type Chunk, joinChunks, List, Rows, rowsOf } from './chunk.js'
import { type Column, type ColumnTree, ListColumn, mapTree, NumberColumn } from './column.js'
import { readWindow } from './dataset-options.js'
import { atLeastOne, type Flow, type Random, randomFlow, wanting } from './flow.js'
import { stackRows } from './stack.js'

/** Which elements a window has: `size` of them, every `stride`-th, each window `shift` behind the last. */
interface Windows {
  readonly size: number
  readonly shift: number
  readonly stride: number
}

/** Whole windows, each stacked. */
export function windowed<T, W>(flow: Flow<T>, size: number, options: unknown): Flow<W> {
  const { shift, stride } = readWindow(options)
  const windows: Windows = { size, shift, stride }
  const span = (size - 1) * stride + 1
  const within = (rows: number): number => (rows < span ? 0 : Math.floor((rows - span) / shift) + 1)
  const count = flow.count === undefined ? undefined : within(flow.count)
  const { endless = false, isWide = false } = flow
  if (flow.random !== undefined) return { ...randomFlow(randomWindows<T, W>(flow.random, windows, count!)), isWide }
  const open: Flow<W>['open'] = async function* (pass, from, demand) {
    let held: Chunk<T>[] = []
    let length = 0
    // Elements before the next window, where it begins behind those that were read.
    let skip = 0
    for await (const chunk of flow.open(
      pass,
      from * shift,
      wanting(() => atLeastOne(demand) * shift, demand),
    )) {
      held.push(chunk)
      length += chunk.length
      const found = within(length - skip)
      if (found === 0) continue
      const all = joinChunks(held)
      const begins = Uint32Array.from({ length: found }, (_, i) => skip + i * shift)
      yield grouped<W>(all.gather(placesOf(begins, windows)), size)
      const next = skip + found * shift
      const used = Math.min(next, length)
      held = used === length ? [] : [all.slice(used, length)]
      skip = next - used
      length -= used
    }
  }
  return { endless, isWide, count, open }
}

function randomWindows<T, W>(random: Random<T>, windows: Windows, count: number): Random<W> {
  const { size, shift } = windows
  const gather = async (pass: number, indices: Uint32Array): Promise<Chunk<W>> => {
    const begins = indices.map((index) => index * shift)
    return grouped<W>(await random.gather(pass, placesOf(begins, windows)), size)
  }
  const slice = (pass: number, first: number, length: number): Promise<Chunk<W>> =>
    gather(
      pass,
      Uint32Array.from({ length }, (_, i) => first + i),
    )
  return { count, slice, gather }
}

/** The elements of windows that begin there. */
function placesOf(begins: Uint32Array, { size, stride }: Windows): Uint32Array {
  const places = new Uint32Array(begins.length * size)
  for (let i = 0, at = 0; i < begins.length; i++) for (let j = 0; j < size; j++) places[at++] = begins[i]! + j * stride
  return places
}

/** Each `size` elements as one, with an axis more. */
function grouped<W>(chunk: Chunk, size: number): Chunk<W> {
  const length = chunk.length / size
  const rows = rowsOf(chunk)
  if (rows !== undefined)
    return new Rows<W>(mapTree(rows.columns, (column) => groupedColumn(column, size)) as ColumnTree, length)
  const group = (i: number): W => stackRows(groupOf(chunk, i, size)) as W
  return new List(Array.from({ length }, (_, i) => group(i)))
}

function groupOf(chunk: Chunk, group: number, size: number): unknown[] {
  return Array.from({ length: size }, (_, j) => chunk.at(group * size + j))
}

function groupedColumn(column: Column, size: number): Column {
  if (column instanceof NumberColumn) return new NumberColumn(column.values, [size, ...column.rowShape])
  const values = column.each()
  const group = (i: number): unknown => stackRows(values.slice(i * size, (i + 1) * size))
  return new ListColumn(Array.from({ length: values.length / size }, (_, i) => group(i)))
}
