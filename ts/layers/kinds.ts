/** The kinds of fields a layer may declare. */

import { activationKind } from '../activations.js'
import { constraintKind } from '../constraints.js'
import { initializerKind } from '../initializers/family.js'
import type { Kinds } from '../options/fields.js'
import { primitiveKinds } from '../options/kinds.js'
import { regularizerKind } from '../regularizers.js'

/** Primitive kinds and the objects a layer is configured with. */
export const layerKinds: Kinds = {
  ...primitiveKinds,
  activation: activationKind,
  initializer: initializerKind,
  regularizer: regularizerKind,
  constraint: constraintKind,
}
