/** What a layer has once it is built, asked for before. */

import { fail } from '../../errors.js'
import type { Layer } from '../layer.js'

/** Properties that `build` fills in: who asks before it is told so, and does not go on with undefined. Nobody sees them until then. */
export function awaitBuild<L extends Layer>(layer: L, names: readonly (keyof L & string)[]): void {
  for (const name of names)
    Object.defineProperty(layer, name, {
      configurable: true,
      enumerable: false,
      get: () => {
        const hint = 'Call the layer or its model first, or call ensureBuilt with the shapes of its inputs'
        fail('ERR_STATE', `${layer.name}.${name}`, 'a layer that is built', { text: 'one that is not' }, hint)
      },
      set: (value: unknown) =>
        Object.defineProperty(layer, name, { value, configurable: true, enumerable: true, writable: true }),
    })
}
