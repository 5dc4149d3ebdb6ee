/* Written by NAPI-RS from crates/node; these first lines are crates/node/header.d.ts. */

/** A tensor of the core. Its collection drops it. */
export interface BindingTensor {
  readonly brand: unique symbol
}

/** What loops written by hand call, and the block of memory that goes along with it. */
export interface Bridge {
  /** 64 numbers of 64 bits, then 32 of 32 bits: an element type's index, how many axes, their sizes. */
  readonly block: ArrayBuffer
  /** An op with one output, whose attributes are the first `count` numbers. Leaves the tensor's type and sizes. */
  draw(op: number, count: number, a: BindingTensor, b?: BindingTensor, c?: BindingTensor): BindingTensor
  /** Leaves a tensor's type and sizes; of more than 30 axes only their number. */
  spec(tensor: BindingTensor): void
  /** A tensor of the type and sizes that were left: of a copy of the bytes, or else of the first `count` numbers. */
  value(count: number, bytes?: ArrayBufferView): BindingTensor
  /** Copies a tensor's numbers into a typed array, or else leaves them in the block. False where it has none yet. */
  read(tensor: BindingTensor, into?: ArrayBufferView): boolean
}

/** Runs of a program, whose inputs come one by one, 16 at most. */
export interface Runs {
  /**
   * Runs it now; numbers that come without a handle are copied. Nothing where another run holds a variable of its; a
   * lone output as it is, or true where its numbers, 64 at most, are left in the block of the bridge.
   */
  run(...inputs: (BindingTensor | ArrayBufferView)[]): BindingTensor | BindingTensor[] | true | undefined
  /** Leaves a run to be handed over. */
  enqueue(...inputs: BindingTensor[]): void
}
