/** Data on its way to a model. */
export { Dataset, type RowOf, type Source, type SourceLike, type Stacked } from './dataset.js'
export type { DataLike } from './marshal.js'
export { type ShapedArray, takeRows } from './shaped.js'
export { type Rows, type Split, type SplitOf, type SplitOptions, trainTestSplit } from './split.js'
