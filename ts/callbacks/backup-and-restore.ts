/** Lets an interrupted training go on: Keras's name for the checkpoints of `fit`. */

import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import { asRecord } from '../options/resolve.js'
import { type CheckpointOptions, removeCheckpoints } from '../training/checkpoint.js'
import { Callback } from './callback.js'
import { checkSaveFreq, type SaveFreq } from './save-freq.js'

const fields = {
  /** The directory of the checkpoints. */
  backupDir: { type: 'string' },
  /** Whether the checkpoints are removed when the training is done. Default true. */
  deleteCheckpoint: { type: 'boolean', default: true },
} as const

/** Options of {@link BackupAndRestore}. */
export interface BackupAndRestoreOptions extends OptionsOf<typeof fields> {
  /** After each epoch, or after every so many batches. Default 'epoch'. */
  readonly saveFreq?: SaveFreq
}

const BackupAndRestoreBase: With<typeof Callback, typeof fields, BackupAndRestoreOptions> = Callback.with(fields)

/**
 * A training that was killed goes on where its last checkpoint was, bit for bit, when the same `fit` is called again: the
 * same as `fit`'s own `checkpoint` option, except that the checkpoints go when the training is done.
 *
 * @see keras.callbacks.BackupAndRestore
 *
 * @example
 * ```ts
 * import { BackupAndRestore } from 'ferrograd/callbacks'
 *
 * const backup = new BackupAndRestore({ backupDir: 'backup', saveFreq: 500 })
 * ```
 */
export class BackupAndRestore extends BackupAndRestoreBase {
  static override readonly className = 'BackupAndRestore'
  /** What `fit` is told. */
  readonly checkpoint: CheckpointOptions

  constructor(options: BackupAndRestoreOptions) {
    const { saveFreq = 'epoch', ...others } = asRecord(
      options,
      'BackupAndRestore',
    ) as unknown as BackupAndRestoreOptions
    super(others)
    checkSaveFreq('BackupAndRestore', saveFreq)
    const often = saveFreq === 'epoch' ? {} : { everySteps: saveFreq }
    this.checkpoint = { dir: this.options.backupDir, keep: 2, ...often }
  }

  /** Removes the checkpoints of a training that is done. */
  clear(): void {
    if (this.options.deleteCheckpoint) removeCheckpoints(this.options.backupDir)
  }
}
