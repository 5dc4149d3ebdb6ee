/** The classes that a user takes from a shelf, by Keras's name of the shelf. */

import * as callbacks from '../ts/callbacks/index.js'
import { constraintFamily } from '../ts/constraints.js'
import { initializerFamily } from '../ts/initializers/family.js'
import { layerFamily } from '../ts/layers/family.js'
import { lossFamily } from '../ts/losses/family.js'
import { statisticFamily } from '../ts/metrics/family.js'
import { optimizerFamily } from '../ts/optimizers/family.js'
import type { Configured } from '../ts/options/configured.js'
import { regularizerFamily } from '../ts/regularizers.js'
import { scheduleFamily } from '../ts/schedules/family.js'

const { Callback: _, ...ready } = callbacks

/** Each class once, whatever names it goes by. */
const once = (classes: object): Configured[] => [...new Set(Object.values(classes) as Configured[])]

export const families: Readonly<Record<string, readonly Configured[]>> = {
  layers: once(layerFamily.classes),
  losses: once(lossFamily.classes),
  metrics: once(statisticFamily.classes),
  optimizers: once(optimizerFamily.classes),
  'optimizers.schedules': once(scheduleFamily.classes),
  initializers: once(initializerFamily.classes),
  regularizers: once(regularizerFamily.classes),
  constraints: once(constraintFamily.classes),
  callbacks: once(ready),
}
