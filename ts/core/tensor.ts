/** Tensors: handles on nodes of the graph, with a shape at once and numbers when asked. */

import { FerrogradError, fail } from '../errors.js'
// The methods call the functions, which call back: both sides meet only once every module is there.
import * as ops from '../ops.js'
import type { ArrayOf, DType, NestedArray, NumbersOfRank, Shape, TensorData, TensorLike, TypedArray } from '../types.js'
import { drawOp, handOver, MOST_ATTRIBUTES, readInto, shapeOf, toldDType, toldShape, typeOf } from './bridge.js'
import { allocate, isArrayOf, isDType } from './dtype.js'
import { evaluateLater, evaluateNow } from './evaluation.js'
import { convert, flatten, resolveShape } from './flatten.js'
import { formatTensor, nest } from './format.js'
import { inspectWith } from './inspect.js'
import { Methods } from './methods.js'
import { applyAll as applyAllNative, type BindingTensor, release } from './native.js'
import { isRecording } from './recording.js'
import { native } from './runtime.js'
import { frozen } from './shapes.js'
import { SMALL, smallCopy } from './small-arrays.js'

/** The native handle of a tensor, for the modules that talk to the addon. */
export let handleOf: (tensor: Tensor) => BindingTensor

/** What a run takes in for a tensor: its handle, or its numbers where they go into a run for the first time. */
export let inputOf: (tensor: Tensor) => BindingTensor | TypedArray

/** How many ops lie between a tensor and numbers, at most; NaN where there will be none before a run. */
export let depthOf: (tensor: Tensor) => number

/** The numbers of a tensor where they are there already; nothing is computed. */
export let knownOf: (tensor: Tensor) => TensorData | undefined

/** A chain of so many pending ops is computed unasked: a loop that never asks must not grow its graph without end. */
const DEEP = 256

/**
 * An array of numbers that may not have been computed yet.
 *
 * What is drawn while a {@link GradientTape} records keeps its history as long as the tensor lives; everything else
 * forgets it once its numbers are there.
 *
 * @example
 * import { tensor } from 'ferrograd'
 *
 * const x = tensor([[1, 2], [3, 4]])
 * const y = x.mul(x).sum({ axis: 1 })
 * console.log(y.shape, await y.array()) // [2] [5, 25]
 */
export class Tensor extends Methods<Tensor> {
  #handle: BindingTensor | undefined
  /** Few numbers that have no handle yet: most often they are read, or go into one run, and nothing is drawn from them. */
  #values: TensorData | undefined
  /** Whether the numbers have gone into a run: what goes into several is better handed over once. */
  #taken = false
  #depth: number
  readonly #recorded: boolean
  #shape: Shape | undefined
  #dtype: DType | undefined

  static {
    inspectWith(Tensor, (tensor) => tensor.#inspect())
    handleOf = (tensor) => tensor.#handle ?? tensor.#live()
    inputOf = (tensor) => tensor.#handle ?? tensor.#input()
    depthOf = (tensor) => tensor.#depth
    knownOf = (tensor) => tensor.#known()
  }

  private constructor(handle: BindingTensor | undefined, depth: number, dtype?: DType, shape?: Shape) {
    super()
    // JavaScript does not know that this is private.
    if (typeof depth !== 'number') fail('ERR_CONFIG', 'new Tensor', 'a call of tensor(…)', { text: 'its constructor' })
    this.#handle = handle
    this.#depth = depth
    this.#recorded = isRecording()
    this.#shape = shape
    this.#dtype = dtype
    if (depth > DEEP) this.#compute(this.#live())
  }

  /** Wraps a native handle that lies `depth` ops from numbers. */
  static of(handle: BindingTensor, depth = 0): Tensor {
    return new Tensor(handle, depth)
  }

  /** An op with one output on up to three tensors. */
  static draw(op: number, attributes: readonly number[] | undefined, a: Tensor, b?: Tensor, c?: Tensor): Tensor {
    const [x, y] = [b === undefined ? undefined : b.#live(), c === undefined ? undefined : c.#live()]
    const handle = drawOp(op, attributes, a.#live(), x, y)
    const depth = Math.max(a.#depth, b === undefined ? 0 : b.#depth, c === undefined ? 0 : c.#depth) + 1
    const shape = a.#sameShape() ?? (b === undefined ? undefined : b.#sameShape())
    return new Tensor(handle, depth, toldDType(), shape)
  }

  /** Wraps a native handle on numbers of a type and a frozen shape that are known. */
  static given(handle: BindingTensor, dtype: DType, shape: Shape): Tensor {
    return new Tensor(handle, 0, dtype, shape)
  }

  /** Holds numbers of a type and a frozen shape that are known; they get a handle when something is drawn from them. */
  static holding(values: TensorData, dtype: DType, shape: Shape): Tensor {
    const tensor = new Tensor(undefined, 0, dtype, shape)
    tensor.#values = values
    return tensor
  }

  /** Wraps a native handle that has numbers only in a run of a program. */
  static traced(handle: BindingTensor): Tensor {
    return new Tensor(handle, Number.NaN)
  }

  /** Lengths of the axes; `[]` for a single number. */
  get shape(): Shape {
    this.#shape ??= shapeOf(this.#live())
    return this.#shape
  }

  /** Type of the elements. */
  get dtype(): DType {
    this.#dtype ??= typeOf(this.#live())
    return this.#dtype
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length
  }

  /** Number of elements. */
  get size(): number {
    let size = 1
    for (const length of this.shape) size *= length
    return size
  }

  /**
   * The numbers, row-major, computed off the event loop; truth values as bytes 0 and 1. Of the type that is named, as
   * {@link ops.cast} makes it: `await x.data('float32')` is a `Float32Array`.
   */
  data(): Promise<TensorData>
  data<D extends DType>(dtype: D): Promise<ArrayOf[D]>
  async data(dtype?: DType): Promise<TensorData> {
    if (dtype !== undefined && dtype !== this.dtype) return ops.cast(this, dtype).data()
    if (this.#values !== undefined) return this.#values.slice()
    const handle = this.#concrete()
    const values = allocate(this.dtype, this.size)
    if (readInto(values, handle)) return values
    await evaluateLater([handle], this.#recorded)
    return this.#read(handle, values)
  }

  /** As {@link data}, computed now: for small tensors. */
  dataSync(): TensorData
  dataSync<D extends DType>(dtype: D): ArrayOf[D]
  dataSync(dtype?: DType): TensorData {
    if (dtype !== undefined && dtype !== this.dtype) return ops.cast(this, dtype).dataSync()
    if (this.#values !== undefined) return this.#values.slice()
    const handle = this.#concrete()
    const values = allocate(this.dtype, this.size)
    if (readInto(values, handle)) return values
    this.#compute(handle)
    return this.#read(handle, values)
  }

  /**
   * The numbers in nested arrays, a plain number for a scalar. With the number of axes said, numbers that are known to be
   * nested so deep: `await x.array(2)` is a `number[][]`.
   *
   * @throws `ERR_SHAPE` where the tensor has another number of axes; `ERR_DTYPE` where it holds truth values.
   */
  array(): Promise<NestedArray | number | boolean>
  array<R extends 0 | 1 | 2 | 3 | 4>(rank: R): Promise<NumbersOfRank<R>>
  async array(rank?: number): Promise<NestedArray | number | boolean> {
    if (rank !== undefined) this.#checkRank(rank)
    return nest(await this.data(), this.shape, this.dtype)
  }

  /** As {@link array}, computed now. */
  arraySync(): NestedArray | number | boolean
  arraySync<R extends 0 | 1 | 2 | 3 | 4>(rank: R): NumbersOfRank<R>
  arraySync(rank?: number): NestedArray | number | boolean {
    if (rank !== undefined) this.#checkRank(rank)
    return nest(this.dataSync(), this.shape, this.dtype)
  }

  /** The only number of a tensor of one element. */
  async item(): Promise<number> {
    this.#single()
    return (await this.data())[0] ?? Number.NaN
  }

  /** The only number of a tensor of one element, computed now. */
  itemSync(): number {
    this.#single()
    return this.dataSync()[0] ?? Number.NaN
  }

  /** The numbers as NumPy prints them, with shape and dtype. */
  override toString(): string {
    // A traced or disposed tensor has none to print.
    if (this.#isGone() || Number.isNaN(this.#depth)) return this.#describe()
    return formatTensor(this.dataSync(), this.shape, this.dtype)
  }

  /**
   * Lets go of the numbers now rather than at the next garbage collection; never needed. Using the tensor afterwards is
   * an error; tensors that were drawn from it stay what they are.
   */
  dispose(): void {
    if (this.#handle !== undefined) release(this.#handle)
    this.#handle = undefined
    this.#values = undefined
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** The numbers in nested arrays, computed now, so that `JSON.stringify` writes them; JSON has `null` for NaN. */
  toJSON(): NestedArray | number | boolean {
    return this.arraySync()
  }

  /**
   * The parts along the first axis, as NumPy walks through an array.
   *
   * @example
   * import { tensor } from 'ferrograd'
   *
   * for (const row of tensor([[1, 2], [3, 4]])) console.log(row.arraySync()) // [1, 2], then [3, 4]
   */
  *[Symbol.iterator](): Generator<Tensor, undefined> {
    const [length, ...inner] = this.shape
    if (length === undefined)
      fail('ERR_SHAPE', 'iteration', 'a tensor of at least one axis', { text: 'a single number, shape []' })
    const rest = inner.map(() => 0)
    for (let index = 0; index < length; index += 1)
      yield ops.reshape(ops.slice(this, { begin: [index, ...rest], size: [1, ...inner] }), inner)
  }

  /** Text where text is asked for. JavaScript's `+`, `<` and `==` on a tensor cannot mean what they say: an error. */
  [Symbol.toPrimitive](hint: string): string {
    return hint === 'string' ? this.toString() : refuseOperator('tensor')
  }

  /** With its numbers where they are there and few. */
  #inspect(): string {
    if (this.#isGone() || this.size > FEW) return this.#describe()
    return this.#known() === undefined ? this.#describe() : this.toString()
  }

  #known(): TensorData | undefined {
    if (this.#values !== undefined) return this.#values
    const values = allocate(this.dtype, this.size)
    return readInto(values, this.#live()) ? values : undefined
  }

  #describe(): string {
    if (this.#isGone()) return 'Tensor(disposed)'
    return `Tensor(${this.dtype}[${this.shape.join(', ')}]${Number.isNaN(this.#depth) ? ', traced' : ''})`
  }

  /** True once it was disposed. */
  #isGone(): boolean {
    return this.#handle === undefined && this.#values === undefined
  }

  #live(): BindingTensor {
    if (this.#values !== undefined) {
      this.#handle = handOver(this.#values, this.shape, this.dtype)
      this.#values = undefined
    }
    if (this.#handle === undefined) fail('ERR_STATE', 'tensor', 'a tensor in use', { text: 'one that was disposed' })
    return this.#handle
  }

  #input(): BindingTensor | TypedArray {
    if (this.#values === undefined || this.#taken) return this.#live()
    this.#taken = true
    return this.#values
  }

  /** The handle of a tensor that can have numbers now. */
  #concrete(): BindingTensor {
    const handle = this.#live()
    if (!Number.isNaN(this.#depth)) return handle
    const hint = 'Return it from the function, and read what the call gives'
    return fail('ERR_STATE', 'data', 'a tensor of numbers', { text: 'one inside a traced function' }, hint)
  }

  #compute(handle: BindingTensor): void {
    evaluateNow([handle], this.#recorded)
    this.#depth = 0
  }

  #read(handle: BindingTensor, values: TensorData): TensorData {
    this.#depth = 0
    readInto(values, handle)
    return values
  }

  /** Its shape, where it is known and Rust told of the same. */
  #sameShape(): Shape | undefined {
    return this.#shape !== undefined && toldShape(this.#shape) ? this.#shape : undefined
  }

  #checkRank(rank: number): void {
    if (this.rank !== rank)
      fail('ERR_SHAPE', 'array', `a tensor of ${rank} ${rank === 1 ? 'axis' : 'axes'}`, {
        text: `[${this.shape.join(', ')}]`,
      })
    if (this.dtype === 'bool')
      fail('ERR_DTYPE', 'array', 'numbers', { text: 'truth values' }, `Cast them: x.cast('int32')`)
  }

  #single(): void {
    if (this.size !== 1)
      fail('ERR_SHAPE', 'item()', 'a tensor of one element', { text: `shape [${this.shape.join(', ')}]` })
  }
}

/** So many numbers are shown by the console. */
const FEW = 1000

/** A JavaScript operator was used on a tensor or a variable. */
export function refuseOperator(what: 'tensor' | 'variable'): never {
  const read = what === 'tensor' ? 'await x.item()' : 'await x.read().item()'
  const hint = `Use ops.add, ops.less and so on, a template string for text, or the number itself: ${read}`
  throw new FerrogradError('ERR_STATE', `JavaScript's operators do not compute with a ${what}. ${hint}`)
}

/**
 * A tensor of numbers: from a number, nested arrays, a typed array or `{ values, shape }`, copied.
 *
 * The dtype is that of a typed array (smaller integers become `int32`), `bool` for booleans, else `config.floatx()`.
 *
 * @example
 * import { tensor } from 'ferrograd'
 *
 * tensor([[1, 2], [3, 4]])
 * tensor(new Float32Array([1, 2, 3, 4]), [2, 2])
 * tensor([1, 0, 2], [3], 'int32')
 */
export function tensor(data: TensorLike, shape?: Shape, dtype?: DType): Tensor {
  if (dtype !== undefined && !isDType(dtype)) {
    fail('ERR_DTYPE', 'tensor dtype', `'float32', 'float64', 'int32' or 'bool'`, dtype)
  }
  if (data instanceof Tensor) return fromTensor(data, shape, dtype)
  const source = flatten(data)
  const type = dtype ?? source.dtype
  const values = convert(source.values, type)
  const lengths = resolveShape(shape ?? source.shape, values.length)
  if (values.byteLength > SMALL) return Tensor.given(handOver(values, lengths, type), type, lengths)
  const own = values === source.values ? smallCopy(values, type) : values
  return Tensor.holding(own, type, lengths)
}

/**
 * A tensor of numbers that it does not copy: for one that goes into a run before control returns to whoever could change
 * them. There are as many as the shape says.
 */
export function lent(values: TypedArray, shape: Shape, dtype: DType): Tensor {
  return isArrayOf(values, dtype) ? Tensor.holding(values, dtype, frozen(shape)) : tensor(values, shape, dtype)
}

function fromTensor(data: Tensor, shape: Shape | undefined, dtype: DType | undefined): Tensor {
  const cast = dtype === undefined ? data : ops.cast(data, dtype)
  if (shape === undefined || String(shape) === String(data.shape)) return cast
  return ops.reshape(cast, resolveShape(shape, data.size))
}

/** `op` on up to three tensors; used by the generated declarations. */
export function apply(
  op: number,
  attributes: readonly number[] | undefined,
  a: Tensor,
  b?: Tensor,
  c?: Tensor,
): Tensor {
  if (attributes === undefined || attributes.length <= MOST_ATTRIBUTES) return Tensor.draw(op, attributes, a, b, c)
  const inputs = [a, b, c].filter((input) => input !== undefined)
  return applyList(op, inputs, attributes)
}

/** `op` on any number of tensors. */
export function applyList(op: number, inputs: readonly Tensor[], attributes: readonly number[]): Tensor {
  return first(applyAll(op, inputs, attributes))
}

/** Every output of `op` on any number of tensors. */
export function applyAll(op: number, inputs: readonly Tensor[], attributes: readonly number[]): Tensor[] {
  const handles = inputs.map(handleOf)
  const depth = depthAbove(inputs)
  return native(() => applyAllNative(op, handles, [...attributes])).map((handle) => Tensor.of(handle, depth))
}

function depthAbove(inputs: readonly Tensor[]): number {
  let depth = 0
  for (const input of inputs) depth = Math.max(depth, depthOf(input))
  return depth + 1
}

function first(tensors: readonly Tensor[]): Tensor {
  const [tensor] = tensors
  if (tensor === undefined) throw new FerrogradError('ERR_INTERNAL', 'an op without an output')
  return tensor
}
