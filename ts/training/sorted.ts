/** A split takes the tail as it stands: it should not be all of one kind. */
import type { Column } from '../data/marshal.js'

/** Warns where labels are in ascending order and the tail holds some that the head never shows. */
export function warnIfSorted(targets: readonly (Column | undefined)[], at: number): void {
  for (const target of targets) {
    const labels = target === undefined ? undefined : labelsOf(target)
    if (labels === undefined || !isSorted(labels)) continue
    const head = new Set(labels.slice(0, at))
    const unseen = [...new Set(labels.slice(at))].filter((label) => !head.has(label))
    if (unseen.length === 0) continue
    process.emitWarning(
      `fit.validationSplit: the targets look sorted, and the validation tail holds classes (${unseen.slice(0, 5).join(', ')}) that are not trained on. Shuffle the samples first`,
      { type: 'FerrogradWarning', code: 'FERROGRAD_SORTED_TAIL' },
    )
  }
}

/** Class numbers, or the places of the ones in one-hot rows; undefined for other targets. */
function labelsOf({ values, shape }: Column): number[] | undefined {
  const [rows = 0, width = 1, ...rest] = shape
  if (rest.length > 0) return undefined
  if (width === 1) {
    const labels = Array.from(values)
    const few = new Set(labels).size <= Math.max(2, Math.sqrt(labels.length) * 2)
    return few && labels.every(Number.isInteger) ? labels : undefined
  }
  const labels = Array.from({ length: rows }, (_, row) => values.subarray(row * width, (row + 1) * width).indexOf(1))
  return labels.every((label) => label >= 0) ? labels : undefined
}

function isSorted(labels: readonly number[]): boolean {
  return labels.every((label, i) => i === 0 || labels[i - 1]! <= label)
}
