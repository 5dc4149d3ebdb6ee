/** Inputs that a `call` takes apart: `call([q, k])`, `call({ query, value })`. What it was not given would be undefined amid it. */

import { isNamed } from '../core/structure.js'
import { Tensor } from '../core/tensor.js'
import { errorOf, FerrogradError } from '../errors.js'
import { writtenCall } from './direct-call.js'

type Method = (...args: never) => unknown

/** The first parameter of a method, as its text declares it. */
interface Pattern {
  readonly kind: 'list' | 'names'
  readonly parts: readonly Part[]
}

/** One of the inputs. */
interface Part {
  readonly name: string
  /** Whether it has a default, or is what is left. */
  readonly isOptional: boolean
}

/** A list or names in the first place; nothing inside them that is taken apart again. */
const FIRST = /^(?:async\s+)?(?:function\b\s*)?[\w$]*\s*\(\s*(?:\[([^[\]{}()]*)\]|\{([^[\]{}()]*)\})\s*[,)]/

const patterns = new WeakMap<Method, Pattern | null>()

function patternOf(method: Method): Pattern | null {
  const known = patterns.get(method)
  if (known !== undefined) return known
  const [, list, names] = FIRST.exec(Function.prototype.toString.call(writtenCall(method))) ?? []
  const text = list ?? names
  const pattern =
    text === undefined ? null : ({ kind: list === undefined ? 'names' : 'list', parts: partsOf(text) } as const)
  patterns.set(method, pattern)
  return pattern
}

/** `q, k: keys, mask = none, ...rest`: each at its place. */
function partsOf(text: string): Part[] {
  // What follows the last comma is nothing.
  const parts = text.replace(/,?\s*$/, '').split(',')
  return parts.map((part) => {
    const name = /^\s*((\.\.\.)?[\w$]*)/.exec(part)![1]!
    return { name, isOptional: name === '' || name.startsWith('...') || part.includes('=') }
  })
}

/** Throws where a method takes a list apart and was given a tensor: its rows would be taken for the inputs. */
export function checkTakenApart(title: string, method: Method, inputs: unknown): void {
  if (!(inputs instanceof Tensor) || typeof method !== 'function') return
  const pattern = patternOf(method)
  if (pattern !== null) throw refusal(title, pattern, 'one tensor')
}

/** What a call threw; where it met an input that it declares and was not given, that is said instead. */
export function toldOfMissing(title: string, method: Method, inputs: unknown, error: unknown): unknown {
  const pattern = isAboutUndefined(error) ? patternOf(method) : null
  if (pattern === null) return error
  const { kind, parts } = pattern
  const given = Array.isArray(inputs) ? inputs : []
  const isGiven = ({ name }: Part, i: number): boolean =>
    kind === 'list' ? given[i] !== undefined : namesGiven(inputs).includes(name)
  if (parts.every((part, i) => part.isOptional || isGiven(part, i))) return error
  const got = kind === 'list' ? `a list of ${given.length}` : `{ ${namesGiven(inputs).join(', ')} }`
  return refusal(title, pattern, got, error)
}

function isAboutUndefined(error: unknown): boolean {
  if (error instanceof FerrogradError) return error.received === undefined && error.message.includes('got undefined')
  return error instanceof TypeError && error.message.includes('undefined')
}

const namesGiven = (inputs: unknown): string[] =>
  isNamed(inputs) ? Object.keys(inputs).filter((name) => inputs[name] !== undefined) : []

function refusal(title: string, { kind, parts }: Pattern, text: string, cause?: unknown): FerrogradError {
  const all = parts.map(({ name }) => name || '_').join(', ')
  const least = parts.findLastIndex(({ isOptional }) => !isOptional) + 1
  const count = least === parts.length ? `${least}` : `${least} or more`
  const [expected, how] =
    kind === 'list'
      ? [`a list of ${count} tensors, [${all}]`, `[${all}]`]
      : [`tensors by name, { ${all} }`, `{ ${all} }`]
  const hint = `Its call takes them apart: apply(${how})`
  return errorOf('ERR_SHAPE', { where: `${title} input`, expected, received: { text }, hint }, cause)
}
