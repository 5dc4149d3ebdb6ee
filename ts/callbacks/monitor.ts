/** Watching one of the logs for an improvement. */
import { FerrogradError, fail, suggest } from '../errors.js'
import { canonical } from '../options/names.js'

/** Which way is better. */
export type Mode = 'auto' | 'min' | 'max'

/** The log that `monitor` names (in either spelling); what does not exist is refused before the first epoch. */
export function resolveMonitor(where: string, monitor: string, logNames: readonly string[]): string {
  const found = logNames.find((name) => canonical(name) === canonical(monitor))
  if (found !== undefined) return found
  const missing = canonical(monitor).startsWith('val') && !logNames.some((name) => name.startsWith('val_'))
  const hint = missing ? 'Pass validationData or validationSplit to fit' : suggest(monitor, logNames)
  return fail('ERR_CONFIG', `${where}.monitor`, `one of the logs ${logNames.join(', ')}`, monitor, hint)
}

const larger = [
  'acc',
  'accuracy',
  'auc',
  'precision',
  'recall',
  'f1score',
  'fbetascore',
  'r2score',
  'iou',
  'truepositives',
  'truenegatives',
  'cosinesimilarity',
]
const smaller = [
  'loss',
  'error',
  'crossentropy',
  'divergence',
  'poisson',
  'hinge',
  'logcosh',
  'mse',
  'mae',
  'mape',
  'msle',
  'rmse',
  'falsepositives',
  'falsenegatives',
]

/** The direction of a log; one whose name does not tell must be given a mode. */
export function resolveMode(where: string, mode: Mode, log: string): 'min' | 'max' {
  if (mode !== 'auto') return mode
  const name = canonical(log).replace(/\d+$/, '')
  if (smaller.some((ending) => name.endsWith(ending))) return 'min'
  if (larger.some((ending) => name.endsWith(ending))) return 'max'
  throw new FerrogradError(
    'ERR_CONFIG',
    `${where}.mode: whether a larger or a smaller ${log} is better cannot be told from its name. Pass mode: 'min' or mode: 'max'`,
  )
}

/** Whether `value` beats `best` by more than `minDelta`. NaN never does; the first number that is finite always does. */
export function improves(value: number, best: number | undefined, mode: 'min' | 'max', minDelta: number): boolean {
  if (best === undefined) return Number.isFinite(value)
  return mode === 'min' ? value + minDelta < best : value - minDelta > best
}

/** The fields every monitoring callback has. */
export const monitorFields = {
  /** The log to watch. Default 'val_loss'. */
  monitor: { type: 'string', default: 'val_loss' },
  /** Whether smaller or larger is better; `auto` asks the name of the log. Default 'auto'. */
  mode: { type: 'choice', of: ['auto', 'min', 'max'], default: 'auto' },
} as const
