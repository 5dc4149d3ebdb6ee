/** Whole models in Keras's `.keras` files: a zip of the configuration, the weights and the optimizer's state. */

import { version } from '../core/native.js'
import { fail, saidOf } from '../errors.js'
import { modelFromConfig } from '../model/from-config.js'
import type { Model } from '../model/model.js'
import { type CustomObjects, withClasses } from '../options/registry.js'
import { type Hdf5, type Member, readZip, writeZip, type Zip } from './archive.js'
import { loadAssets } from './assets.js'
import { WHOLE } from './assignments.js'
import { jsonIn } from './paths.js'
import { stringify } from './stringify.js'
import { hasOptimizer, loadLayers, loadOptimizer, weightsTree, withRoomFor } from './weights-tree.js'

const CONFIG = 'config.json'
const WEIGHTS = 'model.weights.h5'
const METADATA = 'metadata.json'

/** The version of Keras whose files these are like. */
const KERAS_VERSION = '3.15.1'

/** Writes a model, and members of somebody else's beside it. Its numbers are those of the moment of the call. */
export async function saveKeras(model: Model, path: string, others: ReadonlyMap<string, string>): Promise<void> {
  const metadata = { keras_version: KERAS_VERSION, date_saved: timestamp(new Date()), ferrograd_version: version() }
  const members = new Map<string, Member>([
    [METADATA, JSON.stringify(metadata)],
    [CONFIG, stringify(model.toConfig())],
    [WEIGHTS, weightsTree(model, { optimizer: true })],
    ...others,
  ])
  await writeZip(path, members)
}

/** How a model is made from a file. */
export interface LoadRules {
  readonly customObjects: CustomObjects
  /** Whether it is compiled as it was. */
  readonly compile: boolean
}

/** Reads a model. */
export async function loadKeras(path: string, { customObjects, compile }: LoadRules): Promise<Model> {
  const zip = await readZip(path)
  const text = zip.text(CONFIG) ?? fail('ERR_FORMAT', path, `a member ${CONFIG}`, { text: zip.names.join(', ') })
  const config = jsonIn(`${path} ${CONFIG}`, text)
  const metadata = jsonIn(`${path} ${METADATA}`, zip.text(METADATA) ?? '{}') as Metadata | null
  const tree = await weightsIn(path, zip)
  const make = (): Model => withClasses('loadModel', customObjects, () => modelFromConfig(config, { compile }))
  const model = withRoomFor(tree, () => ofKnown(path, metadata, make))
  loadAssets(path, model, zip, tree.arrays)
  loadLayers(path, model, tree, WHOLE)
  if (model.isCompiled) loadOptimizer(path, model, tree)
  else if (compile && hasOptimizer(tree)) warnDropped(path)
  return model
}

/** What was trained further would begin with another optimizer. */
function warnDropped(path: string): void {
  const text = `${path}: has the state of an optimizer and does not say how the model was compiled: the state is left out`
  process.emitWarning(text, { code: 'FERROGRAD_OPTIMIZER_STATE' })
}

/** The weights of a whole model. */
export async function kerasWeights(path: string): Promise<Hdf5> {
  return await weightsIn(path, await readZip(path))
}

async function weightsIn(path: string, zip: Zip): Promise<Hdf5> {
  const tree = await zip.hdf5(WEIGHTS)
  return tree ?? fail('ERR_FORMAT', path, `a member ${WEIGHTS}`, { text: zip.names.join(', ') })
}

/** What a file says of itself. */
interface Metadata {
  readonly keras_version?: unknown
}

/** Runs `make`; where it fails for a file that a newer Keras wrote, that is said. */
function ofKnown<R>(path: string, metadata: Metadata | null, make: () => R): R {
  try {
    return make()
  } catch (error) {
    const version = String(metadata?.keras_version ?? '')
    if (!isNewer(version, KERAS_VERSION)) throw error
    throw saidOf(error, (message) => `${message}. ${path} is of Keras ${version}; files up to 3.15 are known`)
  }
}

function isNewer(version: string, than: string): boolean {
  const [[major, minor], [knownMajor, knownMinor]] = [version, than].map((one) => one.split('.').map(Number)) as [
    [number, number],
    [number, number],
  ]
  return major > knownMajor || (major === knownMajor && minor > knownMinor)
}

/** `2026-11-28@19:18:27`, as Keras writes it. */
function timestamp(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', '@')
}
