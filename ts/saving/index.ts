/** Models and their parts as plain JSON, and back. */

export { registerClass } from '../options/registry.js'
export { deserialize } from './deserialize.js'
export { serialize } from './serialize.js'
export { stringify } from './stringify.js'
