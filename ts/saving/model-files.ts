/** Models and their weights in files. */

import { existsSync } from 'node:fs'
import { checkNames, fail } from '../errors.js'
import type { Model } from '../model/model.js'
import type { Configured } from '../options/configured.js'
import type { LoadReport } from './assignments.js'
import { loadKeras, saveKeras } from './keras-file.js'
import { weightFormatOf } from './weight-files.js'

/** Options of {@link saveModel} and of saving weights. */
export interface SaveOptions {
  /** Whether a file that is there is replaced. Default true. */
  readonly overwrite?: boolean
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
}

/** Writes a model to a `.keras` file: what `model.save` does. */
export async function saveModel(model: Model, path: string, options: SaveOptions = {}): Promise<void> {
  const where = `${model.name}.save`
  checkPath(where, path)
  if (!path.endsWith('.keras')) {
    const hint = 'saveWeights writes weights alone, as .weights.h5 or .safetensors'
    fail('ERR_CONFIG', `${where}.path`, 'a path that ends in .keras', path, hint)
  }
  checkFree(where, path, options)
  await saveKeras(model, path)
}

/** Writes a model's weights alone: what `model.saveWeights` does. */
export async function saveWeights(model: Model, path: string, options: SaveOptions = {}): Promise<void> {
  const where = `${model.name}.saveWeights`
  checkPath(where, path)
  checkBuilt(where, model)
  checkFree(where, path, options)
  await weightFormatOf(where, path).save(model, path)
}

/** Sets a model's weights to those of a file: what `model.loadWeights` does. */
export async function loadWeights(model: Model, path: string, options: LoadWeightsOptions = {}): Promise<LoadReport> {
  const where = `${model.name}.loadWeights`
  checkPath(where, path)
  checkNames(where, options, ['skipMismatch', 'strict'])
  checkBuilt(where, model)
  const { skipMismatch = false, strict = true } = options
  return await weightFormatOf(where, path).load(model, path, { skipMismatch, strict })
}

/**
 * The model of a `.keras` file, ours or real Keras's: compiled as it was, with its optimizer's state, so that training
 * goes on where it was.
 *
 * @param path The file.
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
  return await loadKeras(path, { customObjects, compile })
}

function checkPath(where: string, path: unknown): void {
  if (typeof path !== 'string' || path === '') fail('ERR_CONFIG', `${where}.path`, 'the path of a file', path)
}

function checkFree(where: string, path: string, options: SaveOptions): void {
  checkNames(where, options, ['overwrite'])
  const { overwrite = true } = options
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
