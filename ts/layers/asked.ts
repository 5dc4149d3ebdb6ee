/** What a `call` asks of its context, so that an argument by a misspelt name is not ignored. */

import { fail, suggest } from '../errors.js'
import type { CallContext } from './context.js'

/**
 * Runs `call` on its context. An argument that it did not ask for, and whose name is near one that it asked for in vain, is
 * refused: what a layer knows is written down nowhere but in its `call`, which may well leave others be. Whoever takes the
 * context whole, to hand it on, asks for all of it.
 */
export function withAsked<R>(title: string, context: CallContext, call: (context: CallContext) => R): R {
  if (!saysMore(context)) return call(context)
  const left = new Set(Object.keys(context).filter(isMore))
  const missed = ['training']
  const asks = (name: string | symbol): void => {
    if (typeof name === 'string' && !left.delete(name) && !(name in context)) missed.push(name)
  }
  const watched = new Proxy(context, {
    get: (all, name): unknown => {
      asks(name)
      return Reflect.get(all, name)
    },
    has: (all, name) => {
      asks(name)
      return Reflect.has(all, name)
    },
    getOwnPropertyDescriptor: (all, name) => {
      asks(name)
      return Reflect.getOwnPropertyDescriptor(all, name)
    },
    ownKeys: (all) => {
      left.clear()
      return Reflect.ownKeys(all)
    },
  })
  const result = call(watched)
  for (const name of left) {
    const near = suggest(name, missed)
    if (near !== '') fail('ERR_DATA', `${title} argument`, 'a name that its call asks for', name, near)
  }
  return result
}

const isMore = (name: string): boolean => name !== 'training' && name !== 'mask'

/** Most calls are told nothing more, and there are many. */
function saysMore(context: CallContext): boolean {
  for (const name in context) if (isMore(name)) return true
  return false
}
