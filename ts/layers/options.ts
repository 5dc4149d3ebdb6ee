/** The options that every layer has. */

import type { Named, OptionsOf } from '../options/fields.js'

export const layerFields = {
  /** How the layer is called in summaries, files and errors; its class's name in snake_case unless given. */
  name: { type: 'string', default: null },
  /** Whether an optimizer may change the weights; may be set at any time. Default true. */
  trainable: { type: 'boolean', default: true },
  /** The element type of weights and results; the configured float type unless given. */
  dtype: { type: 'dtype', default: null },
  /** The shape of one sample, for the first layer of a `Sequential`; null where it may vary. Default null. */
  inputShape: { type: 'partialShape', default: null, config: false },
  /** A penalty on the results, divided by the batch. Default null. */
  activityRegularizer: { type: 'regularizer', default: null, quiet: true },
} as const

/** The fields every layer has. */
export type LayerFields = typeof layerFields

/** Options that every layer has. */
export interface LayerOptions extends OptionsOf<LayerFields>, Named {}
