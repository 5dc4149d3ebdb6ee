/** A model that is asked about raw rows. */

import type { Tensor } from '../core/tensor.js'
import { Features } from '../data/features/index.js'
import { fail } from '../errors.js'
import { readZip } from '../saving/archive.js'
import { loadModel, saveModel } from '../saving/model-files.js'
import type { LoadModelOptions, SaveOptions } from '../saving/options.js'
import { jsonIn } from '../saving/paths.js'
import type { PredictOptions } from '../training/options.js'
import type { Model } from './model.js'

/** Where the features are in a model's file, beside what Keras reads. */
const MEMBER = 'features.json'

/**
 * A model and the features that it was trained on, in one file: it answers raw rows, with text and missing values, so that whoever
 * serves it cannot forget to prepare them.
 *
 * @example
 * ```ts
 * import { Predictor, Sequential } from 'ferrograd'
 * import { category, Dataset, features, numeric } from 'ferrograd/data'
 * import { Dense } from 'ferrograd/layers'
 *
 * const rows = Dataset.fromColumns({ age: [31, 52, 8], city: ['Rome', 'Oslo', 'Rome'], left: [1, 0, 0] })
 * const space = await features({ age: numeric().normalize(), city: category() }).adapt(rows)
 * const model = new Sequential([new Dense({ units: 1, activation: 'sigmoid', inputShape: [space.width] })])
 * model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy' })
 * await model.fit(rows.map(space.inputsAndTarget('left')).batch(2), { verbose: 0 })
 *
 * const predictor = new Predictor(space, model)
 * const answers = await predictor.predict([{ age: 40, city: 'Lima' }])
 * await predictor.save('churn.keras')
 * ```
 */
export class Predictor<R = Readonly<Record<string, unknown>>, O extends 'concat' | 'dict' = 'concat' | 'dict'> {
  readonly features: Features<R, O>
  readonly model: Model

  constructor(features: Features<R, O>, model: Model) {
    if (!(features instanceof Features)) fail('ERR_CONFIG', 'Predictor.features', 'what features(…) made', features)
    this.features = features
    this.model = model
  }

  /** The outputs of the model for raw rows: a tensor, or what else the model's `predict` gives. */
  predict<T = Tensor>(rows: R | readonly R[], options?: PredictOptions): Promise<T> {
    return this.model.predict<T>(this.features.encode(rows) as never, options)
  }

  /** Writes the model to a `.keras` file, which `loadModel` and Keras read as the model alone, with the features beside it. */
  async save(path: string, options?: SaveOptions): Promise<void> {
    await saveModel(this.model, path, options, new Map([[MEMBER, JSON.stringify(this.features)]]))
  }

  /**
   * What {@link save} wrote.
   *
   * @throws `ERR_FORMAT` where the file has no features, or is damaged.
   */
  static async load<R = Readonly<Record<string, unknown>>>(
    path: string,
    options?: LoadModelOptions,
  ): Promise<Predictor<R>> {
    const model = await loadModel(path, options)
    const zip = await readZip(path)
    const hint = 'loadModel reads models without features'
    const text =
      zip.text(MEMBER) ?? fail('ERR_FORMAT', path, `a member ${MEMBER}`, { text: zip.names.join(', ') }, hint)
    return new Predictor(Features.fromJSON<R, 'concat' | 'dict'>(jsonIn(`${path} ${MEMBER}`, text)), model)
  }
}
