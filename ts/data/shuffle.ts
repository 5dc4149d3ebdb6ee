/** Another order each pass. */

import { groups } from './batch.js'
import { atLeastOne, type Flow, like, randomFlow, wanting } from './flow.js'
import { KeyedPermutation } from './permutation.js'

/**
 * Another order each pass: of elements that can be had by number one permutation of all, of others a permutation within each
 * `window` elements.
 */
export function shuffled<T>(flow: Flow<T>, window: number, seed: number): Flow<T> {
  const { random } = flow
  if (random === undefined) {
    const open = flow.mixed?.(window, seed) ?? windowed(flow, window, seed)
    return { ...like(flow), count: flow.count, open }
  }
  const { count } = random
  let known: { readonly pass: number; readonly order: KeyedPermutation } | undefined
  const orderOf = (pass: number): KeyedPermutation => {
    if (known?.pass !== pass) known = { pass, order: new KeyedPermutation(count, seed, pass) }
    return known.order
  }
  return {
    ...randomFlow<T>({
      count,
      slice: (pass, first, length) => random.gather(pass, orderOf(pass).range(first, length)),
      gather: (pass, indices) => {
        const order = orderOf(pass)
        return random.gather(
          pass,
          indices.map((index) => order.at(index)),
        )
      },
    }),
    isWide: flow.isWide === true,
  }
}

/** Whole windows lie before where it goes on: they are passed over, and not drawn again where the source can seek. */
function windowed<T>(flow: Flow<T>, window: number, seed: number): Flow<T>['open'] {
  return async function* (pass, from, demand) {
    let number = Math.floor(from / window)
    let skip = from - number * window
    const chunks = flow.open(
      pass,
      number * window,
      wanting(() => window, demand),
    )
    for await (const whole of groups(chunks, window)) {
      const order = new KeyedPermutation(whole.length, seed + number * 0x9e3779b1, pass)
      for (let at = Math.min(skip, whole.length); at < whole.length; ) {
        const count = Math.min(atLeastOne(demand), whole.length - at)
        yield whole.gather(order.range(at, count))
        at += count
      }
      skip = 0
      number += 1
    }
  }
}
