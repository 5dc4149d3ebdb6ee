/** Models and their parts as plain JSON, tensors as files, and back. */

export { type CustomObjects, type OwnFunction, registerClass, registerFunction } from '../options/registry.js'
export type { LoadReport } from './assignments.js'
export { deserialize } from './deserialize.js'
export { loadModel } from './model-files.js'
export type { LoadModelOptions, LoadWeightsOptions, SaveOptions, SaveWeightsOptions } from './options.js'
export { serialize } from './serialize.js'
export { stringify } from './stringify.js'
export { loadMetadata, loadTensors, saveTensors } from './tensors.js'
export type { Naming } from './weight-files.js'
