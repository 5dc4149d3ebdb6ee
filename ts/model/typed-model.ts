/** The types of models: what the structures of `inputs` and `outputs` say of data, targets, losses and predictions. */

import type { Structure } from '../core/structure.js'
import type { SymbolicTensor } from '../core/symbolic-tensor.js'
import type { Tensor } from '../core/tensor.js'
import type { DataLike } from '../data/marshal.js'
import type { ResultOf } from '../layers/typed-call.js'
import type { AnyData, BatchSource, ModelData, Targets } from '../training/data-types.js'

/** What `inputs` and `outputs` of a model may be: one symbolic tensor, a list, or by name. */
export type Symbols = Structure<SymbolicTensor>

/** The tensors of a structure of symbolic tensors. */
type TensorsFor<S> = S extends SymbolicTensor ? Tensor : { readonly [K in keyof S]: TensorsFor<S[K]> }

/** A tensor for each input of a model, in their structure; one where nobody knows its inputs. */
export type TensorsOf<In> = Symbols extends In ? Tensor : TensorsFor<In>

/** What a model predicts: tensors in the structure of its outputs; of a subclass, what its `call` returns. */
export type Predicted<Out, M extends { call(x: never, context: never): unknown }> = Symbols extends Out
  ? ResultOf<M>
  : TensorsFor<Out>

/** What a model certainly predicts; anything where nobody knows its outputs: of one that was read from a file. */
export type Known<Out> = Symbols extends Out ? unknown : TensorsFor<Out>

/** Whether a structure says nothing of names or of a count. */
type IsOpen<S> = Symbols extends S ? true : S extends SymbolicTensor ? true : false

/** Data for the inputs of a model: in their order, or by their names. */
export type InputsFor<In> = Symbols extends In
  ? AnyData
  : IsOpen<In> extends true
    ? ModelData
    : In extends readonly unknown[]
      ? { readonly [K in keyof In]: DataLike | null } | Readonly<Record<string, DataLike | null>> | BatchSource
      : { readonly [K in keyof In]?: DataLike | null } | readonly (DataLike | null)[] | BatchSource

/** Targets for the outputs of a model: in their order, or by their names. */
export type TargetsFor<Out> =
  IsOpen<Out> extends true
    ? Targets
    : Out extends readonly unknown[]
      ? { readonly [K in keyof Out]: DataLike | null } | Readonly<Record<string, DataLike | null>>
      : { readonly [K in keyof Out]?: DataLike | null } | readonly (DataLike | null)[]

/** The names of outputs, where the model was made with names; of other models any. */
export type OutputNames<Out> =
  IsOpen<Out> extends true ? string : Out extends readonly unknown[] ? string : keyof Out & string
