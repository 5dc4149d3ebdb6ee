/** The same elements again and again. */

import { type Flow, like } from './flow.js'

/** The same elements `times` times, each time as another pass. */
export function repeated<T>(flow: Flow<T>, times: number): Flow<T> {
  const { count: each } = flow
  const endless = times === Number.POSITIVE_INFINITY
  const count = each === undefined || endless ? undefined : each * times
  const passOf = (pass: number, round: number): number => (endless ? pass + round : pass * times + round)
  const open: Flow<T>['open'] = async function* (pass, from, demand) {
    // Whole rounds are passed over where it is known how many elements they have.
    const first = each === undefined || each === 0 ? 0 : Math.floor(from / each)
    let skip = from - first * (each ?? 0)
    for (let round = first; round < times; round++) {
      let given = 0
      const start = each === undefined ? 0 : skip
      for await (const chunk of flow.open(passOf(pass, round), start, demand)) {
        const unseen = each === undefined ? Math.max(0, skip - given) : 0
        given += chunk.length
        if (unseen < chunk.length) yield unseen === 0 ? chunk : chunk.slice(unseen, chunk.length)
      }
      // Nothing, for ever: stop looking.
      if (given === 0) return
      skip = each === undefined ? Math.max(0, skip - given) : 0
    }
  }
  return { ...like(flow), endless: flow.endless === true || endless, count, open }
}
