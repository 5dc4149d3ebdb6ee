/** Models and their weights in files. */

import { existsSync } from 'node:fs'
import { fail } from '../errors.js'
import type { Model } from '../model/model.js'
import type { LoadReport } from './assignments.js'
import { loadKeras, saveKeras } from './keras-file.js'
import { loadLegacyModel } from './legacy-h5.js'
import {
  type LoadModelOptions,
  type LoadWeightsOptions,
  readLoadModel,
  readLoadWeights,
  readSave,
  readSaveWeights,
  type SaveOptions,
  type SaveWeightsOptions,
} from './options.js'
import { checkPath } from './paths.js'
import { readFormat, weightEndings, writtenFormat } from './weight-files.js'

/** Writes a model to a `.keras` file: what `model.save` does. Others may put members of their own beside it. */
export async function saveModel(
  model: Model,
  path: string,
  options: SaveOptions = {},
  others: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const where = `${model.name}.save`
  checkPath(where, path)
  if (!path.endsWith('.keras')) {
    const hint = `saveWeights writes weights alone, as ${weightEndings.join(' or ')}`
    fail('ERR_CONFIG', `${where}.path`, 'a path that ends in .keras', path, hint)
  }
  checkFree(where, path, readSave(options, where).overwrite)
  await saveKeras(model, path, others)
}

/** Writes a model's weights alone: what `model.saveWeights` does. */
export async function saveWeights(model: Model, path: string, options: SaveWeightsOptions = {}): Promise<void> {
  const where = `${model.name}.saveWeights`
  checkPath(where, path)
  const { maxShardSize, naming, overwrite } = readSaveWeights(options, where)
  checkBuilt(where, model)
  const format = writtenFormat(where, path, options)
  checkFree(where, path, overwrite)
  await format.save(where, model, path, { naming, maxShardSize })
}

/** Sets a model's weights to those of a file: what `model.loadWeights` does. */
export async function loadWeights(model: Model, path: string, options: LoadWeightsOptions = {}): Promise<LoadReport> {
  const where = `${model.name}.loadWeights`
  checkPath(where, path)
  const settings = readLoadWeights(options, where)
  checkBuilt(where, model)
  return await readFormat(where, path, options).load(where, model, path, settings)
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
  if (alone.some((ending) => path.endsWith(ending))) {
    fail('ERR_CONFIG', 'loadModel.path', 'a path of a whole model', path, 'model.loadWeights reads weights alone')
  }
  const settings = readLoadModel(options)
  const load = /\.(h5|hdf5)$/.test(path) ? loadLegacyModel : loadKeras
  return await load(path, settings)
}

/** What has weights alone. */
const alone = ['.safetensors', '.weights.h5', '.weights.json'] as const

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
