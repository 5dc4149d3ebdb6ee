/** The types of fields by name: what a user may write, and what the class or the method then finds. */

import type { Activation, ActivationLike } from '../activations.js'
import type { CallbackLike } from '../callbacks/callback.js'
import type { Constraint, ConstraintLike } from '../constraints.js'
import type { Precision } from '../core/precision.js'
import type { DataLike } from '../data/marshal.js'
import type { InitializerLike } from '../initializers/family.js'
import type { Initializer } from '../initializers/initializer.js'
import type { AnyLayer } from '../layers/layer.js'
import type { Cell } from '../layers/recurrent/cell.js'
import type { WindowLike } from '../ops/fourier.js'
import type { Operand } from '../ops/operand.js'
import type { PerAxis } from '../ops/windows.js'
import type { Seed } from '../random.js'
import type { Regularizer, RegularizerLike } from '../regularizers.js'
import type { LearningRate, Schedule } from '../schedules/schedule.js'
import type { CheckpointOptions, CheckpointPlan, Resume } from '../training/checkpoint.js'
import type { BatchLike, BatchSource, ClassWeight, Each, Verbose } from '../training/data-types.js'
import type { DataType, DType, FloatDType, PartialShape, Shape } from '../types.js'

/** A number or nested arrays of numbers. */
export type Nested = number | readonly Nested[]

/** The least and the most. */
export type Range = readonly [least: number, most: number]

/** Places before the first of an axis and after its last. */
export type Margin = readonly [before: number, after: number]

/** What a user may write for each type of field. */
export interface FieldInputs {
  number: number
  integer: number
  boolean: boolean
  string: string
  choice: string
  shape: Shape
  partialShape: PartialShape
  outputShape: number | PartialShape
  elementType: DType
  dataType: DataType
  integers: readonly number[]
  numbers: readonly number[]
  numeric: number | readonly number[]
  range: number | readonly number[]
  nested: Nested
  axis: number | readonly number[]
  widths: number | readonly number[]
  perAxis: number | readonly number[]
  margins: number | readonly (number | Margin)[]
  /** A name, or the places before and after each axis. */
  padding: string | readonly Margin[]
  vocabulary: readonly (string | number)[]
  /** A vocabulary, or the path of a text file that has one, a token a line. */
  vocabularyOrPath: string | readonly (string | number)[]
  text: string
  strings: readonly string[]
  token: string | number
  textRule: string | ((text: string) => unknown)
  dtype: FloatDType
  activation: ActivationLike
  initializer: InitializerLike
  regularizer: RegularizerLike
  constraint: ConstraintLike
  layer: AnyLayer
  layers: readonly AnyLayer[]
  cell: Cell
  cells: readonly Cell[]
  learningRate: LearningRate
  precision: Precision
  verbose: Verbose
  signal: AbortSignal
  callbacks: CallbackLike | readonly CallbackLike[]
  frequency: number | readonly number[]
  seed: number
  perOutput: Each<DataLike>
  byInput: Readonly<Record<string, DataLike>>
  classWeight: ClassWeight
  validationData: BatchLike | BatchSource
  checkpoint: CheckpointOptions
  resume: Resume
  /** One of the axes of a tensor, counted from either end. */
  oneAxis: number
  /** One axis, or several. */
  axes: number | readonly number[]
  /** So many last and first axes of two tensors, or those of each. */
  axisPairs: number | readonly [readonly number[], readonly number[]]
  /** A number for each axis. */
  eachAxis: readonly number[]
  /** One number for all axes of a picture, or one for each. */
  places: PerAxis
  operand: Operand
  window: WindowLike
  drawSeed: Seed
  /** Checked where it is used. */
  given: unknown
}

type Resolved =
  | 'range'
  | 'perAxis'
  | 'margins'
  | 'activation'
  | 'initializer'
  | 'regularizer'
  | 'constraint'
  | 'learningRate'
  | 'callbacks'
  | 'checkpoint'

/** What is found in the options after checks. */
export interface FieldValues extends Omit<FieldInputs, Resolved> {
  range: Range
  perAxis: readonly number[]
  margins: readonly Margin[]
  activation: Activation
  initializer: Initializer
  regularizer: Regularizer
  constraint: Constraint
  learningRate: number | Schedule
  callbacks: readonly CallbackLike[]
  checkpoint: CheckpointPlan
}
