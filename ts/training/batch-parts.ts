import { isDataLike } from '../data/marshal.js'
import { fail } from '../errors.js'

interface Parts {
  readonly x: unknown
  readonly y?: unknown
  readonly sampleWeight?: unknown
}

/** `[x, y, sampleWeight]` or `{ x, y, sampleWeight }`; for prediction a batch may be `x` alone. */
export function partsOf(where: string, batch: unknown, targets: 'targets' | 'none' = 'targets'): Parts {
  if (Array.isArray(batch) && batch.length >= 1 && batch.length <= 3 && !isNumbers(batch, targets)) {
    const [x, y, sampleWeight] = batch as unknown[]
    return { x, y, sampleWeight }
  }
  if (typeof batch === 'object' && batch !== null && 'x' in batch) return batch as Parts
  if (targets === 'none' && isDataLike(batch)) return { x: batch }
  return fail('ERR_DATA', where, '[x, y], [x, y, sampleWeight] or { x, y, sampleWeight }', batch)
}

/** For prediction, `[[1, 2], [3, 4]]` is two samples, and not x and y. */
function isNumbers(batch: readonly unknown[], targets: 'targets' | 'none'): boolean {
  return (
    targets === 'none' && (typeof batch[0] === 'number' || (Array.isArray(batch[0]) && typeof batch[0][0] === 'number'))
  )
}
