/**
 * Decoding step by step: what attention keeps of the steps before.
 *
 * Calls are synchronous, so what runs right now is one step of one model: this never carries anything to another.
 */

import type { Tensor } from '../../core/tensor.js'
import { untraced } from '../../core/trace.js'
import { type Variable, variable } from '../../core/variable.js'
import { fail } from '../../errors.js'
import * as ops from '../../ops.js'
import type { Layer } from '../layer.js'

/** What attention reads. */
export interface Kept {
  /** (batch, places, heads, size). */
  readonly keys: Tensor
  readonly values: Tensor
  /** Which of the keys may be seen, (batch or 1, heads or 1, 1, places or 1); all unless given. */
  readonly mask?: Tensor | undefined
}

/** Where that is kept. */
interface Room {
  readonly keys: Variable
  readonly values: Variable
  mask: Variable | undefined
}

/** What the attention layers of a model keep while it decodes: filled by the first steps, one place more a step. */
export class Cache {
  /** How many places there are. */
  readonly places: number
  /** One for each call: a layer that is called several times in a model sees other steps each time. */
  readonly #rooms = new Map<Layer, Room[]>()
  readonly #calls = new Map<Layer, number>()

  constructor(places: number) {
    this.places = places
  }

  /** The calls of layers that follow are those of another step. */
  begin(): void {
    this.#calls.clear()
  }

  /** The first steps, of so many places: they are kept, and attended to as they are. */
  fill(layer: Layer, made: Kept, places: number = this.places): Kept {
    const room = this.#roomOf(layer, () => newRoom(made, places))
    room.keys.assign(padded(made.keys, 1, places))
    room.values.assign(padded(made.values, 1, places))
    const mask = maskFor(room, made, places)
    if (mask !== undefined) room.mask?.assign(padded(mask, 3, places))
    return made
  }

  /** One step at a place of its own for each sequence, (batch): all that is kept, with it. */
  put(layer: Layer, made: Kept, at: Tensor): Kept {
    const { places } = this
    const room = this.#roomOf(layer, () => newRoom(made, places))
    const here = ops.equal(ops.expandDims(at, 1), ops.arange(places))
    const step = ops.reshape(here, [-1, places, 1, 1])
    const keys = ops.where(step, made.keys, room.keys)
    const values = ops.where(step, made.values, room.values)
    room.keys.assign(keys)
    room.values.assign(values)
    const own = maskFor(room, made, places)
    if (own === undefined || room.mask === undefined) return { keys, values }
    const mask = ops.where(ops.reshape(here, [-1, 1, 1, places]), own, room.mask)
    room.mask.assign(mask)
    return { keys, values, mask }
  }

  /** What the first steps filled in, as it is. */
  kept(layer: Layer): Kept {
    const { keys, values } = this.#roomOf(layer, () => fail('ERR_STATE', layer.name, 'first steps', { text: 'none' }))
    return { keys: keys.read(), values: values.read() }
  }

  #roomOf(layer: Layer, make: () => Room): Room {
    const call = this.#calls.get(layer) ?? 0
    this.#calls.set(layer, call + 1)
    const rooms = this.#rooms.get(layer) ?? []
    this.#rooms.set(layer, rooms)
    rooms[call] ??= make()
    return rooms[call]
  }
}

function newRoom({ keys, values }: Kept, places: number): Room {
  const room = ({ shape, dtype }: Tensor): Variable => kept(() => ops.zeros(shape.with(1, places), dtype))
  return { keys: room(keys), values: room(values), mask: undefined }
}

/** The mask of what was made, each key its own; where there was one before and is none now, all may be seen. */
function maskFor(room: Room, { keys, mask }: Kept, places: number): Tensor | undefined {
  if (mask === undefined && room.mask === undefined) return undefined
  const heads = mask?.shape[1] ?? room.mask!.shape[1]!
  const [batch, steps] = keys.shape as readonly [number, number]
  room.mask ??= kept(() => ops.ones([batch, heads, 1, places], 'bool'))
  return ops.broadcastTo(mask ?? true, [batch, heads, 1, steps])
}

/** With nothing behind, up to a length of an axis. */
function padded(x: Tensor, axis: number, length: number): Tensor {
  const behind = length - x.shape[axis]!
  return ops.pad(
    x,
    x.shape.map((_, at) => [0, at === axis ? behind : 0] as const),
  )
}

function kept(initial: () => Tensor): Variable {
  return untraced(() => variable(initial(), { name: 'kept', trainable: false }))
}

/** What a refusal says to do where a cache cannot be had. */
export const withoutCache = 'generate(…, { cache: false }) goes without a cache'

/** One step of decoding. */
export interface Decoding {
  /** What attention keeps; nothing where each step begins anew. */
  readonly cache: Cache | undefined
  /** The place of the step in each sequence, (batch); none for the first steps, which begin at 0. */
  readonly at: Tensor | undefined
  /** What is the same at all steps: what else the model was given, and what it makes of that alone. */
  readonly context: Set<Tensor>
  /** Told of how many places there are, by each layer that has no more of them. */
  readonly bound: (places: number) => void
}

let current: Decoding | undefined

/** The step of decoding that is being drawn, if any. */
export function decoding(): Decoding | undefined {
  return current
}

/** Refuses, where a step is all that is seen, a layer to which the steps before it matter. */
export function needsAllSteps(layer: Layer, x: Tensor): void {
  if (current?.cache === undefined || current.context.has(x)) return
  fail(
    'ERR_CONFIG',
    `${layer.className} in generate`,
    'layers that work on each step for itself, and attention with several heads, which keeps keys and values',
    { text: 'one that keeps nothing' },
    withoutCache,
  )
}

/** Draws a step of decoding. */
export function whileDecoding<R>(step: Decoding, draw: () => R): R {
  step.cache?.begin()
  return within(step, draw)
}

/** Draws a call within a model: made of the context alone it is no step, and what it gives is of the context. */
export function drawCall(sources: readonly (Tensor | undefined)[], draw: () => Tensor[]): Tensor[] {
  const step = current
  if (step === undefined || !sources.every((one) => one !== undefined && step.context.has(one))) return draw()
  const made = within(undefined, draw)
  for (const one of made) step.context.add(one)
  return made
}

function within<R>(step: Decoding | undefined, draw: () => R): R {
  const before = current
  current = step
  try {
    return draw()
  } finally {
    current = before
  }
}
