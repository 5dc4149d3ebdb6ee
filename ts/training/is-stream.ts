import { Dataset } from '../data/dataset.js'
import { isDataLike } from '../data/marshal.js'
import { isSource, type SourceLike } from '../data/source.js'

/** Whether data is a stream of batches rather than arrays. Arrays are told first: they have no need of the code of data sets. */
export function isStream(data: unknown): data is SourceLike<unknown> {
  return typeof data === 'function' || (!isDataLike(data) && (isSource(data) || data instanceof Dataset))
}
