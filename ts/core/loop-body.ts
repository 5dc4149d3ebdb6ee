/** The step of a loop, drawn once on placeholders inside of what is drawn around it. */

import { fail } from '../errors.js'
import { type BindingTensor, scan as scanNative, whileLoop as whileNative } from './native.js'
import { native } from './runtime.js'
import { depthOf, handleOf, Tensor } from './tensor.js'
import { placeholder } from './trace.js'
import { currentTrace, type Frame, noteEndless, Settings, within } from './trace-stack.js'
import type { Variable } from './variable.js'

/** What a step is drawn to: the carries for the next step, and what is kept. */
export interface DrawnStep {
  readonly next: readonly Tensor[]
  readonly outputs: readonly Tensor[]
}

/** From what a loop starts, what it walks along (first axes), how often, from which end, and in segments of how many steps. */
export interface Loop {
  readonly init: readonly Tensor[]
  readonly sequences: readonly Tensor[]
  readonly length: number
  readonly reverse: boolean
  readonly segment: number | undefined
}

/** So many turns may take long: no run of them holds the event loop, and a signal ends it. */
const MANY = 10_000

/** The last carries, then the outputs of all steps along a new first axis. `draw` is called once, on placeholders. */
export function drawLoop(
  where: string,
  loop: Loop,
  draw: (carries: readonly Tensor[], rows: readonly Tensor[]) => DrawnStep,
): Tensor[] {
  const { init, sequences, length, reverse, segment } = loop
  const carries = init.map(({ shape, dtype }) => placeholder(shape, dtype))
  const rows = sequences.map(({ shape, dtype }) => placeholder(shape.slice(1), dtype))
  const { next, outputs } = inside(where, () => draw(carries, rows))
  if (length >= MANY) noteEndless()
  const handles = (tensors: readonly Tensor[]): BindingTensor[] => tensors.map(handleOf)
  const draws = (): BindingTensor[] =>
    scanNative(
      handles(carries),
      handles(rows),
      handles(next),
      handles(outputs),
      handles(init),
      handles(sequences),
      length,
      reverse,
      segment,
    )
  return native(draws).map((handle) => Tensor.of(handle, above([...init, ...sequences])))
}

/** A turn: whether there is one more, and what it leaves. */
export interface DrawnTurn {
  readonly go: Tensor
  readonly next: readonly Tensor[]
}

/** The carries once `go` fails, after `most` turns at the latest where that is there. `draw` is called once. */
export function drawWhile(
  where: string,
  init: readonly Tensor[],
  most: number | undefined,
  draw: (carries: readonly Tensor[]) => DrawnTurn,
): Tensor[] {
  const carries = init.map(({ shape, dtype }) => placeholder(shape, dtype))
  const { go, next } = inside(where, () => draw(carries))
  if (most === undefined) noteEndless()
  const [inner, after, from] = [carries, next, init].map((tensors) => tensors.map(handleOf))
  return native(() => whileNative(inner!, handleOf(go), after!, from!, most)).map((handle) =>
    Tensor.of(handle, above(init)),
  )
}

/** How deep what a loop gives is above what it begins with. In a trace whatever the step uses may have no numbers. */
function above(given: readonly Tensor[]): number {
  return currentTrace() === undefined ? Math.max(0, ...given.map(depthOf)) + 1 : Number.NaN
}

/** Runs `draw` as a traced function that may read variables, and change nothing. */
function inside<R>(where: string, draw: () => R): R {
  const outer = currentTrace()
  const settings = outer?.settings ?? new Settings()
  const symbols = new ReadOutside(outer)
  const frame: Frame = { symbols, updates: new Map(), customs: [], guards: [], settings, endless: false }
  const drawn = within(frame, draw)
  if (frame.endless) noteEndless()
  for (const variable of frame.updates.keys()) refuseUpdate(where, variable)
  if (frame.customs.length > 0) {
    const hint = 'Its gradient is the derived one there: write the step in ops, or draw the loop out'
    fail('ERR_STATE', `${where} step`, 'ops', { text: 'a function of customGradient' }, hint)
  }
  return drawn
}

function refuseUpdate(where: string, { name }: Variable): never {
  const hint = name.includes('seed')
    ? 'Draw the random numbers before the loop, a row for each step, and walk along them'
    : 'Carry its value, and assign the last one after the loop'
  return fail('ERR_STATE', `${where} step`, 'a step that changes nothing', { text: `an assignment to '${name}'` }, hint)
}

/** Variables as they are read around the loop: the tensor that stands for each is the same there and inside. */
class ReadOutside extends Map<Variable, Tensor> {
  readonly #outer: Frame | undefined

  constructor(outer: Frame | undefined) {
    super()
    this.#outer = outer
  }

  override get(variable: Variable): Tensor {
    let known = super.get(variable)
    if (known === undefined) {
      known = within(this.#outer, () => variable.read())
      this.set(variable, known)
    }
    return known
  }
}
