/** The data of a training, and those that it is validated with. */

import { fail } from '../errors.js'
import type { Model } from '../model/model.js'
import { prepareData, trainingRows } from './batch-data.js'
import { partsOf } from './batch-parts.js'
import { asksForCounts } from './class-weight.js'
import { ArrayFeed, type Feed } from './feed.js'
import { isStream } from './is-stream.js'
import { openFeed } from './open-feed.js'
import type { FitPlan } from './options.js'
import { warnIfSorted } from './sorted.js'

export interface Feeds {
  readonly feed: Feed
  readonly validation: Feed | undefined
}

export function feedsOf(model: Model, x: unknown, y: unknown, plan: FitPlan): Feeds {
  const { classWeight, sampleWeight, validationData, validationSplit } = plan
  if (plan.validationSplit > 0 && validationData !== undefined) {
    fail('ERR_CONFIG', 'fit.validationSplit', 'validationSplit or validationData, and not both', plan.validationSplit)
  }
  if (isStream(x)) {
    if (y !== undefined && y !== null) fail('ERR_CONFIG', 'fit.y', 'nothing: a stream gives [x, y]', y)
    if (sampleWeight !== undefined)
      fail('ERR_CONFIG', 'fit.sampleWeight', 'nothing: a stream gives [x, y, sampleWeight]', sampleWeight)
    if (plan.validationSplit > 0)
      fail('ERR_CONFIG', 'fit.validationSplit', '0 for a stream', plan.validationSplit, 'Pass validationData')
    if (plan.profile) fail('ERR_CONFIG', 'fit.profile', 'false for a stream', true, 'Pass arrays to measure the steps')
    if (asksForCounts(classWeight)) {
      const hint = 'Count the classes first; or draw rows by weights: Dataset.sample'
      fail('ERR_CONFIG', 'fit.classWeight', 'weights by class for a stream', 'balanced', hint)
    }
    const feed = openFeed('fit', x, plan.stepsPerEpoch, classWeight)
    return { feed, validation: validationFeed(model, validationData, plan) }
  }
  const whole = new ArrayFeed(
    prepareData(model, 'fit', { x, y, sampleWeight, classWeight, validationSplit }, 'targets'),
  )
  if (plan.validationSplit > 0) return splitOff(whole, plan.validationSplit)
  return { feed: whole, validation: validationFeed(model, validationData, plan) }
}

/** The tail, before shuffling. */
function splitOff(whole: ArrayFeed, share: number): Feeds {
  const at = trainingRows(whole.samples, share)
  if (at === 0 || at === whole.samples) {
    fail('ERR_CONFIG', 'fit.validationSplit', `a share that leaves samples on either side of ${whole.samples}`, share)
  }
  warnIfSorted(whole.data.y, at)
  const [feed, validation] = whole.split(at)
  return { feed, validation }
}

function validationFeed(model: Model, data: unknown, plan: FitPlan): Feed | undefined {
  const where = 'fit.validationData'
  if (data === undefined || data === null) return undefined
  const isBatch = Array.isArray(data) || (typeof data === 'object' && 'x' in data)
  if (!isBatch && isStream(data)) return openFeed(where, data, plan.validationSteps)
  return new ArrayFeed(prepareData(model, where, partsOf(where, data), 'targets'))
}
