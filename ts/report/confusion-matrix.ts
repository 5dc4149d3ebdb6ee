/** How often each class was taken for which. */

import { inspectWith } from '../core/inspect.js'
import { checkMaker } from '../errors.js'
import type { Named, OptionsOf } from '../options/fields.js'
import { optionsReader } from '../options/reader.js'
import { type Labels, pairsOf } from './labels.js'
import { drawPlain } from './plain-table.js'

const fields = {
  /** Names of the classes, in the order of their numbers; those that are found unless given. */
  labels: { type: 'strings', default: null },
} as const

const read = optionsReader('report.confusionMatrix', fields)

/** Options of {@link confusionMatrix} and of the report of classes. */
export interface ReportOptions extends OptionsOf<typeof fields>, Named {}

/** `matrix[i][j]` samples of class `i` were predicted to be of class `j`; printed as a table. */
export class ConfusionMatrix {
  readonly labels: readonly string[]
  readonly matrix: readonly (readonly number[])[]

  constructor(labels: readonly string[], matrix: readonly (readonly number[])[]) {
    checkMaker('ConfusionMatrix', Array.isArray(labels) && Array.isArray(matrix), 'report.confusionMatrix')
    this.labels = labels
    this.matrix = matrix
  }

  /** The table. */
  toString(): string {
    const rows = this.matrix.map((row, i) => [this.labels[i]!, ...row.map(String)])
    return drawPlain(['true \\ predicted', ...this.labels], rows)
  }
}

inspectWith(ConfusionMatrix, String)

/**
 * Counts pairs of true and predicted classes: rows are true, columns predicted, as scikit-learn's `confusion_matrix`.
 * Classes are whole numbers or text; of rows of scores the largest counts, of single probabilities whether it is above ½.
 *
 * @example
 * ```ts
 * import { report } from 'ferrograd'
 *
 * const { matrix } = report.confusionMatrix(['cat', 'dog', 'dog'], ['cat', 'cat', 'dog'])
 * console.log(matrix) // [[1, 0], [1, 1]]
 * ```
 */
export function confusionMatrix(yTrue: Labels, yPred: Labels, options?: ReportOptions): ConfusionMatrix {
  const { labels } = read(options)
  const { actual, predicted, names } = pairsOf('report.confusionMatrix', yTrue, yPred, labels)
  const matrix = names.map(() => names.map(() => 0))
  for (let i = 0; i < actual.length; i++) matrix[actual[i]!]![predicted[i]!]! += 1
  return new ConfusionMatrix(names, matrix)
}
