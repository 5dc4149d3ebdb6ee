/** Callbacks: what runs between the steps of a training. */
export { BackupAndRestore } from './backup-and-restore.js'
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
export { CSVLogger } from './csv-logger.js'
export { EarlyStopping } from './early-stopping.js'
export { History } from './history.js'
export { LambdaCallback } from './lambda-callback.js'
export { LearningRateScheduler, type RateOfEpoch } from './learning-rate-scheduler.js'
export { ModelCheckpoint, type OnSave } from './model-checkpoint.js'
export { ProgbarLogger, type ProgressStream } from './progbar-logger.js'
export { ReduceLROnPlateau } from './reduce-lr-on-plateau.js'
export { SwapEMAWeights } from './swap-ema-weights.js'
export { TensorBoard } from './tensor-board.js'
export { TerminateOnNaN } from './terminate-on-nan.js'
