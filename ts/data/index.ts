/** Data on its way to a model. */
export type { ArrayFiles } from './arrays.js'
export type { ByteStream, BytesLike } from './bytes.js'
export type { CsvOptions } from './csv.js'
export { Dataset, type SplitRows } from './dataset.js'
export type {
  ArrayColumn,
  BatchOptions,
  BucketOptions,
  InterleaveOptions,
  MixOptions,
  PadBatchOptions,
  Padding,
  ParallelOptions,
  ProfileOptions,
  RowOf,
  SampleOptions,
  ShuffleOptions,
  SplitRowsOptions,
  WindowOptions,
} from './dataset-options.js'
export { Description, type NumberSummary, type TextSummary } from './describe.js'
export {
  type Cross,
  type Encoded,
  type Feature,
  type FeatureRow,
  Features,
  type FeaturesConfig,
  type FeaturesOptions,
  type FeatureTable,
  features,
} from './features/index.js'
export { type CategoryOptions, category, type FeaturePlan, hashed, numeric } from './features/plans.js'
export {
  type DecodeImageOptions,
  decodeImage,
  decodeImages,
  type ImageLike,
  type Picture,
} from './images.js'
export { type Filling, type FillValues, type Imputed, type Imputer, type ImputerOptions, imputer } from './impute.js'
export type { Inputs, InputsOf, NamesOf } from './inputs.js'
export type { JsonlOptions } from './jsonl.js'
export { type Fold, type FoldOptions, kFold } from './k-fold.js'
export type { DataLike } from './marshal.js'
export type { Position } from './passes.js'
export type { AnyRow, ColumnKind, JsonSchema, Schema, SchemaRow } from './schema.js'
export { type PadOptions, padSequences, toCategorical } from './sequences.js'
export { type ShapedArray, takeRows } from './shaped.js'
export type { DecodedImage, Sharp, SharpImage } from './sharp.js'
export type { Source, SourceLike } from './source.js'
export { type ArrowLike, type ArrowTable, fromArrow } from './sources/arrow.js'
export { type DuckDBConnection, type DuckDBPrepared, type DuckDBResult, fromDuckDB } from './sources/duckdb.js'
export {
  type FolderOf,
  ImageFolder,
  type ImageFolderOptions,
  imageFolder,
  type LabelledPicture,
  type PictureRow,
} from './sources/image-folder.js'
export { fromParquet, type Hyparquet, type ParquetFile, type ParquetOptions } from './sources/parquet.js'
export { fromPolars, type PolarsFrame } from './sources/polars.js'
export { fromPostgresCopy, type PostgresRow, type PostgresSchema, type PostgresType } from './sources/postgres.js'
export { type Rows, type Split, type SplitOf, type SplitOptions, trainTestSplit } from './split.js'
export type { Padded, Stacked, Unstacked } from './stacked.js'
export { type StageTime, StageTimes } from './stage-times.js'
export { readWav, type Sound } from './wav.js'
export {
  type Series,
  type TextWindowsOptions,
  type TimeseriesWindowsOptions,
  type TokensAndNext,
  textWindows,
  timeseriesWindows,
  type WindowAndTarget,
} from './windows.js'
