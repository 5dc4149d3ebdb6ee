/** Tensors: handles on nodes of the graph, with a shape at once and numbers when asked. */

import { floatx } from './config.js'
import { allocate, bytesOf, dtypeCode, dtypeOf, dtypeOfArray, isDType } from './dtype.js'
import { FerrogradError, fail } from './errors.js'
import { formatTensor, nest } from './format.js'
import { inspectWith } from './inspect.js'
import { applyAll as applyAllNative, apply as applyNative, BindingTensor } from './native.js'
import { isRecording } from './recording.js'
import { job, native, runtime } from './runtime.js'
import type { DType, NestedArray, Shape, TensorLike, TypedArray } from './types.js'

/** The native handle of a tensor, for the modules that talk to the addon. */
export let handleOf: (tensor: Tensor) => BindingTensor

/**
 * An array of numbers that may not have been computed yet.
 *
 * @example
 * import { tensor, ops } from 'ferrograd'
 *
 * const x = tensor([[1, 2], [3, 4]])
 * const y = ops.multiply(x, x)
 * console.log(y.shape, await y.array()) // [2, 2] [[1, 4], [9, 16]]
 */
export class Tensor {
  readonly #handle: BindingTensor
  #shape: Shape | undefined
  #dtype: DType | undefined
  #disposed = false

  static {
    inspectWith(Tensor, (tensor) => tensor.#describe())
    handleOf = (tensor) => tensor.#live()
  }

  private constructor(handle: BindingTensor) {
    this.#handle = handle
  }

  /** Wraps a native handle. */
  static of(handle: BindingTensor): Tensor {
    return new Tensor(handle)
  }

  /** Lengths of the axes; `[]` for a single number. */
  get shape(): Shape {
    this.#shape ??= Object.freeze(this.#live().shape)
    return this.#shape
  }

  /** Type of the elements. */
  get dtype(): DType {
    this.#dtype ??= dtypeOf(this.#live().dtype)
    return this.#dtype
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1)
  }

  /** The numbers, row-major, computed off the event loop; truth values as bytes 0 and 1. */
  async data(): Promise<TypedArray> {
    const handle = this.#live()
    if (!handle.evaluated) await job((done) => runtime().evaluate([handle], isRecording(), done))
    return this.#read()
  }

  /** The numbers, row-major, computed now: for small tensors. */
  dataSync(): TypedArray {
    const handle = this.#live()
    if (!handle.evaluated) native(() => runtime().evaluateSync([handle], isRecording()))
    return this.#read()
  }

  /** The numbers in nested arrays, a plain number for a scalar. */
  async array(): Promise<NestedArray | number | boolean> {
    return nest(await this.data(), this.shape, this.dtype)
  }

  /** The numbers in nested arrays, computed now. */
  arraySync(): NestedArray | number | boolean {
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
  toString(): string {
    return formatTensor(this.dataSync(), this.shape, this.dtype)
  }

  /** Frees the numbers early; never needed. Using the tensor afterwards is an error. */
  dispose(): void {
    this.#disposed = true
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  #describe(): string {
    return this.#disposed ? 'Tensor(disposed)' : `Tensor(${this.dtype}[${this.shape.join(', ')}])`
  }

  #live(): BindingTensor {
    if (this.#disposed) fail('ERR_STATE', 'tensor', 'a tensor in use', { text: 'one that was disposed' })
    return this.#handle
  }

  #read(): TypedArray {
    const values = allocate(this.dtype, this.size)
    native(() => this.#live().read(bytesOf(values)))
    return values
  }

  #single(): void {
    if (this.size !== 1)
      fail('ERR_SHAPE', 'item()', 'a tensor of one element', { text: `shape [${this.shape.join(', ')}]` })
  }
}

/**
 * A tensor of numbers: from a number, nested arrays or a typed array, copied.
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
  return Tensor.of(native(() => BindingTensor.fromBytes(lengths, dtypeCode(type), bytesOf(values))))
}

/** `op` on up to three tensors; used by the generated declarations. */
export function apply(op: number, inputs: readonly Tensor[], attributes?: number[]): Tensor {
  const [a, b, c, more] = inputs
  if (a === undefined || more !== undefined) return first(applyAll(op, inputs, attributes ?? []))
  const handles = [handleOf(a), b && handleOf(b), c && handleOf(c)] as const
  return Tensor.of(native(() => applyNative(op, handles[0], handles[1], handles[2], attributes)))
}

/** Every output of `op` on any number of tensors. */
export function applyAll(op: number, inputs: readonly Tensor[], attributes: number[]): Tensor[] {
  return native(() => applyAllNative(op, inputs.map(handleOf), attributes)).map((handle) => Tensor.of(handle))
}

function first(tensors: readonly Tensor[]): Tensor {
  const [tensor] = tensors
  if (tensor === undefined) throw new FerrogradError('ERR_INTERNAL', 'an op without an output')
  return tensor
}

function fromTensor(data: Tensor, shape: Shape | undefined, dtype: DType | undefined): Tensor {
  const same = (shape === undefined || String(shape) === String(data.shape)) && (dtype ?? data.dtype) === data.dtype
  return same ? data : tensor(data.dataSync(), shape ?? data.shape, dtype ?? data.dtype)
}

interface Flat {
  readonly values: TypedArray | readonly (number | boolean)[]
  readonly shape: Shape
  readonly dtype: DType
}

function flatten(data: Exclude<TensorLike, Tensor>): Flat {
  if (ArrayBuffer.isView(data)) return { values: checkedArray(data), shape: [data.length], dtype: dtypeOfArray(data) }
  if (typeof data === 'number') return { values: [data], shape: [], dtype: floatx() }
  if (typeof data === 'boolean') return { values: [data], shape: [], dtype: 'bool' }
  if (!Array.isArray(data)) fail('ERR_DATA', 'tensor data', 'a number, nested arrays or a typed array', data)
  const shape: number[] = []
  for (let level: unknown = data; Array.isArray(level); level = level[0]) shape.push(level.length)
  const values: (number | boolean)[] = []
  collect(data, shape, 0, values)
  const booleans = values.length > 0 && values.every((value) => typeof value === 'boolean')
  return { values, shape, dtype: booleans ? 'bool' : floatx() }
}

function checkedArray(data: TypedArray): TypedArray {
  if (data.byteLength === 0 && (data.buffer as { detached?: boolean }).detached === true) {
    fail('ERR_DATA', 'tensor data', 'a typed array in use', { text: 'one whose buffer was transferred' })
  }
  if ((data as unknown) instanceof BigInt64Array || (data as unknown) instanceof BigUint64Array) {
    fail('ERR_DATA', 'tensor data', 'numbers', { text: data.constructor.name })
  }
  return data
}

function collect(data: readonly unknown[], shape: Shape, axis: number, into: (number | boolean)[]): void {
  if (data.length !== shape[axis]) {
    fail(
      'ERR_SHAPE',
      'tensor data',
      `${shape[axis]} items along axis ${axis}`,
      { text: `${data.length}` },
      'Rows must have equal lengths',
    )
  }
  for (let index = 0; index < data.length; index += 1) {
    const item = data[index]
    if (axis + 1 < shape.length) {
      if (!Array.isArray(item)) fail('ERR_SHAPE', 'tensor data', `an array at depth ${axis + 1}`, item)
      collect(item, shape, axis + 1, into)
    } else if (typeof item === 'number' || typeof item === 'boolean') into.push(item)
    else fail('ERR_DATA', 'tensor data', 'numbers', item)
  }
}

function convert(values: TypedArray | readonly (number | boolean)[], dtype: DType): TypedArray {
  if (ArrayBuffer.isView(values) && dtypeOfArray(values) === dtype && values.BYTES_PER_ELEMENT >= 4) {
    if (!(values instanceof Uint32Array)) return values
  }
  const out = allocate(dtype, values.length)
  for (let index = 0; index < values.length; index += 1) {
    const value = Number(values[index])
    if (dtype === 'int32' && value !== (value | 0)) {
      fail('ERR_DATA', `tensor data[${index}]`, 'an integer of 32 bits', value, `Use dtype 'float64' for other numbers`)
    }
    out[index] = dtype === 'bool' ? Number(value !== 0) : value
  }
  return out
}

function resolveShape(shape: Shape, size: number): number[] {
  const wrong = shape.some((length) => !Number.isInteger(length) || length < 0 || length > 0xffff_ffff)
  const product = shape.reduce((left, right) => left * right, 1)
  if (wrong || product !== size) {
    fail('ERR_SHAPE', 'tensor shape', `lengths that multiply to ${size}`, [...shape])
  }
  return [...shape]
}
