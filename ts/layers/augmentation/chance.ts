/** What happens to some pictures of a batch and not to others. */

import type { Tensor } from '../../core/tensor.js'
import * as ops from '../../ops.js'
import type { Range } from '../../options/field-types.js'
import type { uniform } from '../../random.js'
import { drawn } from './image-layer.js'

/** Whether something happens to each picture, with a likelihood that is drawn from a range: (batch) of truth values. */
export function happens(images: Tensor, likelihood: Range, seed: Parameters<typeof uniform>[1]): Tensor {
  const batch = [images.shape[0]!]
  const chance = drawn(images, batch, likelihood, seed)
  return ops.less(drawn(images, batch, [0, 1], seed), chance)
}

/** `changed` where a picture was chosen, else `images`. */
export function chosen(apply: Tensor, changed: Tensor, images: Tensor): Tensor {
  return ops.where(ops.reshape(apply, [-1, 1, 1, 1]), changed, images)
}
