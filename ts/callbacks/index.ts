/** Callbacks: what runs between the steps of a training. */
export {
  Callback,
  type CallbackLike,
  type HookResult,
  type Hooks,
  type Logs,
  type Progress,
  type RunParams,
} from './callback.js'
export { EarlyStopping } from './early-stopping.js'
export { History } from './history.js'
export { ProgbarLogger, type ProgressStream } from './progbar-logger.js'
