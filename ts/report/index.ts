/** How well predictions do: printed, and as data. */
export { ClassificationReport, type ClassScores, classification } from './classification.js'
export { ConfusionMatrix, confusionMatrix, type ReportOptions } from './confusion-matrix.js'
export { type PrecisionRecallCurve, precisionRecallCurve, type RocCurve, rocCurve } from './curves.js'
export type { Labels } from './labels.js'
