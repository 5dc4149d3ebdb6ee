/** Callbacks: what runs between the steps of a training. */
export { BackupAndRestore, type BackupAndRestoreOptions } from './backup-and-restore.js'
export {
  Callback,
  type CallbackLike,
  type EpochLogs,
  type HookResult,
  type Hooks,
  type Logs,
  type Progress,
  type RunParams,
} from './callback.js'
export { CSVLogger, type CSVLoggerOptions } from './csv-logger.js'
export { EarlyStopping, type EarlyStoppingOptions } from './early-stopping.js'
export { History } from './history.js'
export { LambdaCallback, type LambdaCallbackHooks } from './lambda-callback.js'
export {
  LearningRateScheduler,
  type LearningRateSchedulerOptions,
  type RateOfEpoch,
} from './learning-rate-scheduler.js'
export { ModelCheckpoint, type ModelCheckpointOptions, type OnSave } from './model-checkpoint.js'
export { ProgbarLogger, type ProgbarLoggerOptions, type ProgressStream } from './progbar-logger.js'
export { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './reduce-lr-on-plateau.js'
export { SwapEMAWeights, type SwapEMAWeightsOptions } from './swap-ema-weights.js'
export { TensorBoard, type TensorBoardOptions } from './tensor-board.js'
export { TerminateOnNaN } from './terminate-on-nan.js'
