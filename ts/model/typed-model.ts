/** The types of models: what the structure of `outputs` says of predictions. */

import type { Structure } from '../core/structure.js'
import type { SymbolicTensor } from '../core/symbolic-tensor.js'
import type { Tensor } from '../core/tensor.js'
import type { ResultOf } from '../layers/typed-call.js'

/** What `inputs` and `outputs` of a model may be: one symbolic tensor, a list, or by name. */
export type Symbols = Structure<SymbolicTensor>

/** The tensors of a structure of symbolic tensors. */
type TensorsFor<S> = S extends SymbolicTensor ? Tensor : { readonly [K in keyof S]: TensorsFor<S[K]> }

/** What a model predicts: tensors in the structure of its outputs; of a subclass, what its `call` returns. */
export type Predicted<Out, M extends { call(x: never, context: never): unknown }> = Symbols extends Out
  ? ResultOf<M>
  : TensorsFor<Out>
