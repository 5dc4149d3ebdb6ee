/** Trainings that are left in the middle. */
import type { Hooks } from 'ferrograd/callbacks'

/** Aborts in a batch, counted over all epochs. */
export function abortAt(batch: number): { readonly signal: AbortSignal; readonly hook: Hooks } {
  const controller = new AbortController()
  let seen = 0
  const hook: Hooks = {
    onTrainBatchEnd() {
      seen += 1
      if (seen === batch) controller.abort()
    },
  }
  return { signal: controller.signal, hook }
}
