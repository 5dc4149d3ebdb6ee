/** Models and their weights in files. */

import { existsSync } from 'node:fs'
import { checkNames, fail } from '../errors.js'
import type { Model } from '../model/model.js'
import type { Configured } from '../options/configured.js'
import type { LoadReport } from './assignments.js'
import { loadKeras, saveKeras } from './keras-file.js'
import { loadLegacyModel } from './legacy-h5.js'
import { checkPath } from './paths.js'
import { type Naming, readFormat, weightEndings, writtenFormat } from './weight-files.js'

/** Options of {@link saveModel} and of saving weights. */
export interface SaveOptions {
  /** Whether a file that is there is replaced. Default true. */
  readonly overwrite?: boolean
}

/** Options of saving weights. */
export interface SaveWeightsOptions extends SaveOptions {
  /**
   * `'torch'`: a `.safetensors` file has the names and layouts of a `torch.nn` state dict, `encoder.hidden.weight`
   * (units, inputs). Default `'ferrograd'`: `encoder/hidden/kernel`.
   */
  readonly naming?: Naming
  /** Most bytes of each file of a `.weights.json` set, in units of 2³⁰, as Keras has it. Default 5. */
  readonly maxShardSize?: number
}

/** Options of {@link loadModel}. */
export interface LoadModelOptions {
  /** Classes of your own that the file names, besides those registered. Default none. */
  readonly customObjects?: Readonly<Record<string, Configured>>
  /** Whether the model is compiled as it was when it was saved. Default true. */
  readonly compile?: boolean
}

/** Options of loading weights. */
export interface LoadWeightsOptions {
  /** Whether weights of another shape are left as they are instead of refused. Default false. */
  readonly skipMismatch?: boolean
  /** Whether every weight must be in the file, and every array of the file in the model. Default true. */
  readonly strict?: boolean
  /** `.h5` files of Keras 2: whether layers are found by their names, and not by their order. Default false. */
  readonly byName?: boolean
  /** `'torch'`: a `.safetensors` file is a state dict of `torch.nn`. Default `'ferrograd'`. */
  readonly naming?: Naming
}

/** Writes a model to a `.keras` file: what `model.save` does. */
export async function saveModel(model: Model, path: string, options: SaveOptions = {}): Promise<void> {
  const where = `${model.name}.save`
  checkPath(where, path)
  if (!path.endsWith('.keras')) {
    const hint = `saveWeights writes weights alone, as ${weightEndings.join(' or ')}`
    fail('ERR_CONFIG', `${where}.path`, 'a path that ends in .keras', path, hint)
  }
  checkNames(where, options, ['overwrite'])
  checkFree(where, path, options.overwrite ?? true)
  await saveKeras(model, path)
}

/** Writes a model's weights alone: what `model.saveWeights` does. */
export async function saveWeights(model: Model, path: string, options: SaveWeightsOptions = {}): Promise<void> {
  const where = `${model.name}.saveWeights`
  checkPath(where, path)
  checkNames(where, options, ['overwrite', 'naming', 'maxShardSize'])
  checkBuilt(where, model)
  const { maxShardSize = 5, naming = 'ferrograd', overwrite = true } = options
  checkNaming(where, naming)
  if (!(typeof maxShardSize === 'number' && maxShardSize > 0))
    fail('ERR_CONFIG', `${where}.maxShardSize`, 'a number > 0, in units of 2³⁰ bytes', maxShardSize)
  const format = writtenFormat(where, path, options)
  checkFree(where, path, overwrite)
  await format.save(where, model, path, { naming, maxShardSize })
}

/** Sets a model's weights to those of a file: what `model.loadWeights` does. */
export async function loadWeights(model: Model, path: string, options: LoadWeightsOptions = {}): Promise<LoadReport> {
  const where = `${model.name}.loadWeights`
  checkPath(where, path)
  checkNames(where, options, ['skipMismatch', 'strict', 'byName', 'naming'])
  checkBuilt(where, model)
  const { skipMismatch = false, strict = true, byName = false, naming = 'ferrograd' } = options
  checkNaming(where, naming)
  return await readFormat(where, path, options).load(where, model, path, { skipMismatch, strict, byName, naming })
}

function checkNaming(where: string, naming: unknown): void {
  if (naming !== 'ferrograd' && naming !== 'torch')
    fail('ERR_CONFIG', `${where}.naming`, `'ferrograd' or 'torch'`, naming)
}

/**
 * The model of a `.keras` file, ours or real Keras's: compiled as it was, with its optimizer's state, so that training
 * goes on where it was. Whole models in `.h5` files, as Keras 2 wrote them, are read too.
 *
 * @param path The file; one that ends in `.h5` or `.hdf5` is one of Keras 2.
 * @throws `ERR_IO` where the file cannot be read, `ERR_FORMAT` where it is no `.keras` file or damaged, `ERR_CONFIG`
 * where it names a class that is not known: pass it in `customObjects`.
 *
 * @example
 * import { loadModel } from 'ferrograd/saving'
 *
 * const model = await loadModel('digits.keras')
 * model.summary()
 */
export async function loadModel(path: string, options: LoadModelOptions = {}): Promise<Model> {
  checkPath('loadModel', path)
  checkNames('loadModel', options, ['customObjects', 'compile'])
  const { customObjects = {}, compile = true } = options
  const load = /\.(h5|hdf5)$/.test(path) ? loadLegacyModel : loadKeras
  return await load(path, { customObjects, compile })
}

function checkFree(where: string, path: string, overwrite: boolean): void {
  if (!overwrite && existsSync(path)) fail('ERR_IO', where, 'a path where no file is, since overwrite is false', path)
}

function checkBuilt(where: string, model: Model): void {
  if (!model.built)
    fail(
      'ERR_STATE',
      where,
      'a model with weights',
      { text: 'one that is not built' },
      'Call it once, or give inputShape',
    )
}
