/** The options of saving and loading: their types, defaults and checks. */

import type { Named, OptionsOf } from '../options/fields.js'
import { type OptionsReader, optionsReader } from '../options/reader.js'
import type { CustomObjects } from '../options/registry.js'

const saveFields = {
  /** Whether a file that is there is replaced. Default true. */
  overwrite: { type: 'boolean', default: true },
} as const

const namingFields = {
  /**
   * `'torch'`: a `.safetensors` file has the names and layouts of a `torch.nn` state dict, `encoder.hidden.weight`
   * (units, inputs). Default 'ferrograd'.
   */
  naming: { type: 'choice', of: ['ferrograd', 'torch'], default: 'ferrograd' },
} as const

const shardFields = {
  /** Most bytes of each file of a `.weights.json` set, in units of 2³⁰, as Keras has it. Default 5. */
  maxShardSize: { type: 'number', default: 5, above: 0 },
} as const

const loadWeightsFields = {
  /** Whether weights of another shape are left as they are instead of refused. Default false. */
  skipMismatch: { type: 'boolean', default: false },
  /** Whether every weight must be in the file, and every array of the file in the model. Default true. */
  strict: { type: 'boolean', default: true },
  /** `.h5` files of Keras 2: whether layers are found by their names, and not by their order. Default false. */
  byName: { type: 'boolean', default: false },
} as const

const loadModelFields = {
  /** Whether the model is compiled as it was when it was saved. Default true. */
  compile: { type: 'boolean', default: true },
} as const

const customFields = { customObjects: { type: 'given', default: {} } } as const

const saveWeightsFields: typeof saveFields & typeof namingFields & typeof shardFields = {
  ...saveFields,
  ...namingFields,
  ...shardFields,
}
const allLoadFields: typeof loadWeightsFields & typeof namingFields = { ...loadWeightsFields, ...namingFields }
const allModelFields: typeof loadModelFields & typeof customFields = { ...loadModelFields, ...customFields }

/** Options of {@link saveModel} and of saving weights. */
export interface SaveOptions extends OptionsOf<typeof saveFields>, Named {}

/** Options of saving weights. */
export interface SaveWeightsOptions
  extends SaveOptions,
    OptionsOf<typeof namingFields>,
    OptionsOf<typeof shardFields> {}

/** Options of {@link loadModel}. */
export interface LoadModelOptions extends OptionsOf<typeof loadModelFields> {
  /** Classes and functions of your own that the file names, besides those registered. Default none. */
  readonly customObjects?: CustomObjects
}

/** Options of loading weights. */
export interface LoadWeightsOptions extends OptionsOf<typeof loadWeightsFields>, OptionsOf<typeof namingFields> {}

export const readSave: OptionsReader<typeof saveFields> = optionsReader('saveModel', saveFields)
export const readSaveWeights: OptionsReader<typeof saveWeightsFields> = optionsReader('saveWeights', saveWeightsFields)
export const readLoadWeights: OptionsReader<typeof allLoadFields> = optionsReader('loadWeights', allLoadFields)

/** What a model is loaded with. */
export interface LoadPlan {
  readonly customObjects: CustomObjects
  readonly compile: boolean
}

export const readLoadModel = optionsReader('loadModel', allModelFields) as (options: LoadModelOptions) => LoadPlan
