/** A model, samples, and what is asked of the two: drawn once for each kind of batch, run on the weights of the call. */

import { Attached } from '../core/attached.js'
import { type Kept, KeptPrograms } from '../core/kept-programs.js'
import { type Moment, momentOf } from '../core/moment.js'
import { type Precision, precision } from '../core/precision.js'
import { compile } from '../core/program.js'
import { alone, isNamed, packAs } from '../core/structure.js'
import { isSymbolic } from '../core/symbolic-tensor.js'
import { lent, Tensor } from '../core/tensor.js'
import { placeholder, trace } from '../core/trace.js'
import type { Column } from '../data/marshal.js'
import { fail } from '../errors.js'
import type { Layer } from '../layers/layer.js'
import { withTap } from '../layers/taps.js'
import { Model } from '../model/model.js'
import * as ops from '../ops.js'
import { type BatchData, prepareData } from '../training/batch-data.js'
import { arranged } from '../training/programs.js'
import { checkUsable } from '../training/session.js'
import { outputShapes } from '../training/shapes.js'
import { outputsOf } from '../training/step.js'
import type { PartialShape } from '../types.js'

/** The tensors of a batch, one for each input that there is. */
export type Part = readonly (Tensor | undefined)[]

/** What a pass through a model gives. */
export interface Seen {
  readonly outputs: readonly Tensor[]
  /** What the layer gave that was asked about. */
  readonly inside: Tensor | undefined
}

/** What is drawn of a batch and of further tensors. */
export type Draw = (x: Part, further: readonly Tensor[]) => readonly Tensor[]

/** What is drawn, and whether for this question alone. */
export interface Key {
  readonly name: string
  readonly own?: boolean
}

/** What was drawn, by its name and the shapes that go in: of a model with a graph it hangs on that, and a new one begins anew. */
const programs = new Attached<object, KeptPrograms<Kept>>('explanations')

/** As many as `jit` keeps of one function. */
const ROOM = { programs: 64, bytes: 64 << 20 }

/** A question about samples. */
export class Asked {
  readonly where: string
  readonly model: Model
  readonly rows: number
  readonly #data: BatchData
  readonly #moment: Moment
  readonly #batchSize: number
  readonly #own = new KeptPrograms<Kept>(ROOM)

  constructor(where: string, model: unknown, x: unknown, batchSize: number) {
    if (!(model instanceof Model)) fail('ERR_CONFIG', where, 'a model', model)
    this.where = where
    this.model = model as Model
    this.#batchSize = batchSize
    checkUsable(this.model, where)
    this.#data = owned(prepareData(this.model, where, { x }, 'none'))
    this.rows = this.#data.rows
    this.#moment = momentOf(this.model.weights)
  }

  /** The shapes of the model's outputs. */
  get outputs(): readonly PartialShape[] {
    const { x, names } = this.#data
    return outputShapes(
      this.model,
      names === undefined ? alone(x) : Object.fromEntries(names.map((name, i) => [name, x[i]])),
    )
  }

  /** Other data for the same inputs: one sample, or as many. */
  like(where: string, x: unknown): BatchData {
    const data = owned(prepareData(this.model, where, { x }, 'none'))
    if (data.rows !== 1 && data.rows !== this.rows)
      fail('ERR_SHAPE', where, `one sample, or ${this.rows} as x has`, data.rows)
    return data
  }

  /** Whether each input holds numbers that can change a little; nothing of those that are not there. */
  get inputTypes(): readonly (string | undefined)[] {
    return this.#data.x.map((column) => column?.dtype)
  }

  /** What `make` gives for one batch after the other, put together. */
  async over(make: (x: Part, first: number, count: number) => Promise<readonly Tensor[]>): Promise<Tensor[]> {
    const parts: (readonly Tensor[])[] = []
    for (let first = 0; first < this.rows; first += this.#batchSize) {
      const count = Math.min(this.#batchSize, this.rows - first)
      parts.push(await make(this.batch(first, count), first, count))
    }
    return parts[0]!.map((_, i) => together(parts.map((part) => part[i]!)))
  }

  /** Some of the samples, or of others. */
  batch(first: number, count: number, { x, rows }: BatchData = this.#data): Part {
    return x.map((column) => column && partOf(column, first, count, rows))
  }

  /** Draws it, where it was not drawn for such a batch, and runs it. */
  run({ name, own = false }: Key, x: Part, further: readonly Tensor[], draw: Draw): Promise<Tensor[]> {
    const inputs = [...x, ...further]
    const key = [name, this.#precision, ...inputs.map(typeOf)].join('|')
    const drawn = (own ? this.#own : this.#kept).of(key, () => this.#compiled(x, further, draw))
    return drawn.program.runAt(this.#moment, inputs.filter(isTensor))
  }

  get #precision(): Precision {
    return this.model.isCompiled ? this.model.compiled.precision : precision()
  }

  get #kept(): KeptPrograms<Kept> {
    const owner = this.model.graph ?? this.model
    const known = programs.get(owner) ?? new KeptPrograms<Kept>(ROOM)
    programs.set(owner, known)
    return known
  }

  #compiled(x: Part, further: readonly Tensor[], draw: Draw): Kept {
    const stand = (one: Tensor | undefined): Tensor | undefined => one && placeholder(one.shape, one.dtype)
    const [given, others] = [x.map(stand), further.map((one) => stand(one)!)]
    const { result: outputs, updates, reads, settings, endless } = trace(() => draw(given, others))
    const inputs = [...given, ...others].filter(isTensor)
    return { program: compile({ inputs, outputs, updates, reads, endless, precision: this.#precision }), settings }
  }

  /** A pass through the model, with `instead` in place of what the layer gives, if there is such. */
  pass(x: Part, layer?: Layer, instead?: Tensor): Seen {
    const whole = (): readonly Tensor[] => outputsOf(this.model, arranged(x, this.#data.names), false)
    if (layer === undefined) return { outputs: whole(), inside: undefined }
    let inside: Tensor | undefined
    const tap = (results: unknown): Tensor => {
      if (inside !== undefined) this.#refuse(layer, 'one that is called several times')
      if (!(results instanceof Tensor)) this.#refuse(layer, 'one that gives several')
      inside = instead ?? (results as Tensor)
      return inside
    }
    const outputs = withTap(layer, tap, whole)
    if (inside === undefined) this.#refuse(layer, 'one that the model does not call')
    return { outputs, inside }
  }

  #refuse(layer: Layer, text: string): never {
    return fail('ERR_CONFIG', `${this.where}.layer`, 'a layer that gives one tensor in a call of the model', {
      text: `'${layer.name}', ${text}`,
    })
  }

  /** A tensor for each input, in the structure of the inputs. */
  arrange(parts: readonly (Tensor | undefined)[]): unknown {
    const { names } = this.#data
    if (names !== undefined) return arranged(parts, names)
    const { inputs } = this.model.structure
    return isNamed(inputs) || Array.isArray(inputs) ? packAs(inputs, isSymbolic, parts) : alone(parts)
  }
}

/** The numbers as they are now, whatever their owner does while batches are worked on. */
function owned(data: BatchData): BatchData {
  return { ...data, x: data.x.map((column) => column && { ...column, values: column.values.slice() }) }
}

function partOf(column: Column, first: number, count: number, rows: number): Tensor {
  const { values, shape, dtype } = column
  const size = values.length / rows
  if (rows === 1) return ops.repeat(lent(values, [1, ...shape.slice(1)], dtype), count, { axis: 0 })
  return lent(values.subarray(first * size, (first + count) * size), [count, ...shape.slice(1)], dtype)
}

function together(parts: readonly Tensor[]): Tensor {
  return parts.length === 1 ? parts[0]! : ops.concatenate(parts, { axis: 0 })
}

function typeOf(one: Tensor | undefined): string {
  return one === undefined ? '-' : `${one.dtype} ${one.shape.join()}`
}

function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor
}
