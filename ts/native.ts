/** The one import of the addon: everything native comes through here. */
export { version } from '../native/index.cjs'
