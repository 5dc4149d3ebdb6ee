/** Precision, recall and F1 of each class. */

import { inspectWith } from '../core/inspect.js'
import { checkMaker } from '../errors.js'
import { confusionMatrix, type ReportOptions } from './confusion-matrix.js'
import type { Labels } from './labels.js'
import { drawPlain } from './plain-table.js'

/** Scores of one class, or their means. */
export interface ClassScores {
  /** Of those predicted to be of the class, the share that is. */
  readonly precision: number
  /** Of those of the class, the share that was found. */
  readonly recall: number
  /** `2 · precision · recall / (precision + recall)`. */
  readonly f1: number
  /** How many samples are of the class. */
  readonly support: number
}

/** What {@link classification} found; printed as a table. */
export class ClassificationReport {
  readonly classes: Readonly<Record<string, ClassScores>>
  /** The share of all samples that was predicted right. */
  readonly accuracy: number
  /** Means over the classes. */
  readonly macro: ClassScores
  /** Means over the classes, weighted by support. */
  readonly weighted: ClassScores

  constructor(classes: Readonly<Record<string, ClassScores>>, accuracy: number) {
    checkMaker('ClassificationReport', typeof accuracy === 'number', 'report.classification')
    this.classes = classes
    this.accuracy = accuracy
    const all = Object.values(classes)
    this.macro = mean(all, () => 1)
    this.weighted = mean(all, ({ support }) => support)
  }

  /** The table. */
  toString(): string {
    const line = (name: string, { precision, recall, f1, support }: ClassScores): string[] => [
      name,
      ...[precision, recall, f1].map((score) => score.toFixed(3)),
      String(support),
    ]
    const classes = Object.entries(this.classes).map(([name, scores]) => line(name, scores))
    const { support } = this.macro
    return drawPlain(
      ['', 'precision', 'recall', 'f1', 'support'],
      [
        ...classes,
        ['accuracy', '', '', this.accuracy.toFixed(3), String(support)],
        line('macro mean', this.macro),
        line('weighted mean', this.weighted),
      ],
    )
  }
}

inspectWith(ClassificationReport, String)

/**
 * Precision, recall, F1 and support of each class, as scikit-learn's `classification_report`; a share of none is 0. Classes that
 * occur nowhere are left out, unless `labels` names them. Takes what {@link confusionMatrix} takes.
 *
 * @example
 * ```ts
 * import { report } from 'ferrograd'
 *
 * const scores = report.classification([0, 1, 1, 1], [0, 1, 0, 1], { labels: ['stays', 'leaves'] })
 * console.log(scores.accuracy, scores.classes.leaves?.recall) // 0.75 0.6666666666666666
 * ```
 */
export function classification(yTrue: Labels, yPred: Labels, options?: ReportOptions): ClassificationReport {
  const { labels, matrix } = confusionMatrix(yTrue, yPred, options)
  const all = sum(matrix.map(sum))
  const right = sum(matrix.map((row, i) => row[i]!))
  const occurs = (i: number): boolean => sum(matrix[i]!) > 0 || matrix.some((row) => row[i]! > 0)
  const shown = labels.flatMap((name, i) => (options?.labels !== undefined || occurs(i) ? [[name, i] as const] : []))
  const classes = shown.map(([name, i]) => [name, scoresOf(matrix, i)] as const)
  return new ClassificationReport(Object.fromEntries(classes), share(right, all))
}

function scoresOf(matrix: readonly (readonly number[])[], i: number): ClassScores {
  const right = matrix[i]![i]!
  const support = sum(matrix[i]!)
  const precision = share(right, sum(matrix.map((row) => row[i]!)))
  const recall = share(right, support)
  return { precision, recall, f1: share(2 * precision * recall, precision + recall), support }
}

function mean(all: readonly ClassScores[], weightOf: (scores: ClassScores) => number): ClassScores {
  const total = sum(all.map(weightOf))
  const of = (score: 'precision' | 'recall' | 'f1'): number =>
    share(sum(all.map((scores) => scores[score] * weightOf(scores))), total)
  return { precision: of('precision'), recall: of('recall'), f1: of('f1'), support: sum(all.map((one) => one.support)) }
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
