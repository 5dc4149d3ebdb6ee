/** Train neural networks in Node: TypeScript says what, Rust differentiates, fuses and runs it. */
// Tensors have ops for methods, and ops draw tensors: the circle is entered here.
import './core/tensor.js'

export * as activations from './activations.js'
export * as callbacks from './callbacks/index.js'
export * as config from './config.js'
export * as constraints from './constraints.js'
export { version } from './core/native.js'
export type { State, Stateful } from './core/state.js'
export type { Structure } from './core/structure.js'
export { Tensor, tensor } from './core/tensor.js'
export { snapshot, Variable, type VariableOptions, variable } from './core/variable.js'
export * as data from './data/index.js'
export * as datasets from './datasets/index.js'
export { type ErrorCode, type ErrorDetails, FerrogradError } from './errors.js'
export * as explain from './explain/index.js'
export {
  type BeamSearchOptions,
  beamSearch,
  type FoundSequence,
  type GenerateOptions,
  generate,
  type Prompt,
  type SearchStep,
} from './generation/index.js'
export {
  customGradient,
  type GradientOptions,
  GradientTape,
  grad,
  hessian,
  jacobian,
  type Source,
  type ValueAndGradient,
  valueAndGrad,
} from './gradient.js'
export * as initializers from './initializers/index.js'
export { type JitArgument, type JitOptions, type JitResult, type Jitted, jit } from './jit.js'
export * as layers from './layers/index.js'
export * as losses from './losses/index.js'
export * as metrics from './metrics/index.js'
export {
  cloneModel,
  type InputOptions,
  input,
  Model,
  type ModelOptions,
  Predictor,
  Sequential,
  type SummaryOptions,
  SymbolicTensor,
} from './model/index.js'
export * as ops from './ops.js'
export * as optimizers from './optimizers/index.js'
export type { FieldSpec, FieldTable, NoOptions, OptionsOf, ValuesOf } from './options/fields.js'
export * as random from './random.js'
export * as regularizers from './regularizers.js'
export * as report from './report/index.js'
export type { LoadWeightsOptions, SaveOptions } from './saving/index.js'
export * as saving from './saving/index.js'
export {
  deserialize,
  type LoadModelOptions,
  type LoadReport,
  loadModel,
  registerClass,
  registerFunction,
} from './saving/index.js'
export * as schedules from './schedules/index.js'
export * as search from './search/index.js'
export type { CompileOptions } from './training/compile.js'
export type { EpochReport, FitRun } from './training/fit-run.js'
export type { BatchOptions, EvaluateOptions, FitOptions, PredictOptions } from './training/options.js'
export type { Profile, ProfileRow, StepTimes } from './training/profile.js'
export type { Batch, Inputs, StepLogs } from './training/step.js'
export type {
  ArrayOf,
  DType,
  FloatDType,
  NestedArray,
  NestedData,
  NumbersOfRank,
  PartialShape,
  Shape,
  TensorData,
  TensorLike,
  TypedArray,
} from './types.js'
export * as viz from './viz/index.js'
