/** Metric objects that several models were compiled with: one pass at a time adds to their state. */

import { Attached } from '../core/attached.js'
import { fail } from '../errors.js'
import type { Statistic } from '../metrics/metric.js'
import type { Model } from '../model/model.js'

/** Whose pass a metric is in. */
const users = new Attached<Statistic, Model>('user')

/** Claims the metric objects of a model for a pass, and says how to free them; throws where another model's pass has one. */
export function claimMetrics(model: Model, call: string): () => void {
  const own: Statistic[] = []
  for (const metric of model.isCompiled ? model.compiled.given : []) {
    const user = users.get(metric)
    if (user === model) continue
    if (user !== undefined) inUse(model, call, metric, user)
    own.push(metric)
  }
  for (const metric of own) users.set(metric, model)
  return () => {
    for (const metric of own) users.set(metric, undefined)
  }
}

/** Both passes would add to one state, and both would report the mixture. */
function inUse(model: Model, call: string, { name }: Statistic, user: Model): never {
  const hint = 'Give each model a metric of its own, or await the other pass first'
  const got = { text: `${name}, which ${user.name} is adding to now` }
  return fail('ERR_STATE', `${model.name}.${call}`, 'metric objects that no other model is using', got, hint)
}
