/** Models and their parts as plain JSON, tensors as files, and back. */

export { registerClass } from '../options/registry.js'
export { deserialize } from './deserialize.js'
export { serialize } from './serialize.js'
export { stringify } from './stringify.js'
export { loadMetadata, loadTensors, saveTensors } from './tensors.js'
