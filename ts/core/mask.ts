/**
 * Masks travel beside tensors: which entries of a sequence count, and which are padding.
 *
 * A mask is (batch, steps), true where an entry counts. Layers that work step by step hand it on, losses and metrics
 * leave out what it leaves out; other layers end it.
 */

import { Attached } from './attached.js'
import type { Tensor } from './tensor.js'

const masks = new Attached<Tensor, Tensor>('mask')

/** The mask that came with a tensor. */
export function maskOn(x: Tensor): Tensor | undefined {
  return masks.get(x)
}

/** Lets a mask travel with a tensor. */
export function setMask(x: Tensor, mask: Tensor): void {
  masks.set(x, mask)
}
