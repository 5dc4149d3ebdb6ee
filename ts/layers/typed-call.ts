/** The types of calls: what `apply` takes and gives, read off what a layer's `call` is declared with. */

import type { Structure } from '../core/structure.js'
import type { SymbolicTensor } from '../core/symbolic-tensor.js'
import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import type { TensorLike } from '../types.js'
import type { CallContext } from './context.js'

/** What a layer's `call` takes and returns: one tensor, several in a list, or several by name. */
export type Tensors = Tensor | readonly Tensor[]

/** The masks of inputs or results: of the only one, or of each in the same structure. */
export type Masks = Structure<Tensor>

/** Whatever has a `call`. */
interface Caller {
  call(x: never, context: never): unknown
}

/** What `call` takes first; anything where it is not declared more closely. */
type InputOf<L extends Caller> = Parameters<L['call']> extends [infer X, ...unknown[]] ? X : object

/** Arguments of `call` besides the inputs. */
type ContextOf<L extends Caller> =
  Parameters<L['call']> extends [unknown]
    ? CallContext
    : Parameters<L['call']> extends [unknown, (infer C)?, ...unknown[]]
      ? Exclude<C, undefined>
      : CallContext

/** A structure of tensors as a caller may give it: numbers and variables too, and what is optional left out. */
type Giving<T, One> = T extends Tensor
  ? One
  : T extends readonly unknown[]
    ? { readonly [K in keyof T]: Giving<T[K], One> }
    : T extends object
      ? { readonly [K in keyof T]: Giving<T[K], One> }
      : T

/** The names that have to be there. */
type Required<T> = { [K in keyof T]-?: T extends Readonly<Record<K, T[K]>> ? K : never }[keyof T]

/** Whether exactly one name has to be there. */
type HasOne<All, K = All> = K extends unknown ? ([All] extends [K] ? true : false) : never

/** Inputs by name may be given by place too: the only one that has to be there, or several in a list. */
type ByPlace<T, One> = T extends readonly unknown[] | Tensor
  ? never
  : T extends object
    ? (HasOne<Required<T>> extends true ? One : never) | readonly [One, One, ...One[]]
    : never

/** Where a layer says nothing of its inputs, any structure. */
type Given<T, One> = object extends T
  ? One | readonly Structure<One>[] | { readonly [name: string]: Structure<One> }
  : Giving<T, One> | ByPlace<T, One>

/** What a layer can be applied to for tensors. */
export type Applied<L extends Caller> = Given<InputOf<L>, TensorLike | Variable>

/** What a layer can be applied to in a functional graph. */
export type AppliedSymbols<L extends Caller> = Given<InputOf<L>, SymbolicTensor>

/** What applying a layer gives: what its `call` is declared to return, a tensor where that says nothing. */
export type ResultOf<L extends Caller> = Tensors extends ReturnType<L['call']> ? Tensor : ReturnType<L['call']>

/** The same in a functional graph. */
export type SymbolsOf<L extends Caller> = Giving<ResultOf<L>, SymbolicTensor>

type WithSymbols<T> = T extends Tensor
  ? T | SymbolicTensor
  : T extends readonly (infer E)[]
    ? readonly WithSymbols<E>[]
    : T

/** What `call` learns besides its inputs. */
type WholeContext<L extends Caller> = Omit<CallContext, keyof ContextOf<L>> & ContextOf<L>

/** The named arguments of a call: all optional, symbolic tensors wherever there are tensors. */
export type NamedArguments<L extends Caller> = {
  readonly [K in keyof WholeContext<L>]?: WithSymbols<WholeContext<L>[K]> | undefined
}
