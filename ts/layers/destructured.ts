/** Inputs that a `call` takes apart: `call([q, k])`, `call({ query, value })`. What it was not given would be undefined amid it. */

import { isNamed } from '../core/structure.js'
import { Tensor } from '../core/tensor.js'
import { FerrogradError, fail } from '../errors.js'
import { writtenCall } from './direct-call.js'

type Method = (...args: never) => unknown

/** The first parameter of a method, as its text declares it. */
interface Pattern {
  readonly kind: 'list' | 'names'
  readonly names: readonly string[]
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
    text === undefined ? null : ({ kind: list === undefined ? 'names' : 'list', names: namesIn(text) } as const)
  patterns.set(method, pattern)
  return pattern
}

/** Those that have no default. */
function namesIn(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim())
  return parts.filter((part) => /^[\w$]+(\s*:\s*[\w$]+)?$/.test(part)).map((part) => part.split(':')[0]!.trim())
}

/** Throws where a method takes a list apart and was given a tensor: its rows would be taken for the inputs. */
export function checkTakenApart(title: string, method: Method, inputs: unknown): void {
  if (!(inputs instanceof Tensor) || typeof method !== 'function') return
  const pattern = patternOf(method)
  if (pattern !== null) refuse(title, pattern, 'one tensor')
}

/** What a call threw; where it met an input that it declares and was not given, that is said instead. */
export function toldOfMissing(title: string, method: Method, inputs: unknown, error: unknown): unknown {
  const pattern = isAboutUndefined(error) ? patternOf(method) : null
  if (pattern === null) return error
  const given = Array.isArray(inputs) ? inputs.length : namesGiven(inputs).length
  const isGiven = (name: string, i: number): boolean =>
    pattern.kind === 'list' ? Array.isArray(inputs) && inputs[i] !== undefined : namesGiven(inputs).includes(name)
  if (pattern.names.every(isGiven)) return error
  const got = pattern.kind === 'list' ? `a list of ${given}` : `{ ${namesGiven(inputs).join(', ')} }`
  try {
    return refuse(title, pattern, got, error)
  } catch (told) {
    return told
  }
}

function isAboutUndefined(error: unknown): boolean {
  if (error instanceof FerrogradError) return error.received === undefined && error.message.includes('got undefined')
  return error instanceof TypeError && error.message.includes('undefined')
}

const namesGiven = (inputs: unknown): string[] =>
  isNamed(inputs) ? Object.keys(inputs).filter((name) => inputs[name] !== undefined) : []

function refuse(title: string, { kind, names }: Pattern, got: string, cause?: unknown): never {
  const all = names.join(', ')
  const [expected, how] =
    kind === 'list'
      ? [`a list of ${names.length} tensors, [${all}]`, `[${all}]`]
      : [`tensors by name, { ${all} }`, `{ ${all} }`]
  if (cause === undefined)
    fail('ERR_SHAPE', `${title} input`, expected, { text: got }, `Its call takes them apart: apply(${how})`)
  throw new FerrogradError(
    'ERR_SHAPE',
    `${title} input: expected ${expected}, got ${got}. Its call takes them apart: apply(${how})`,
    {
      where: `${title} input`,
      expected,
      received: got,
      cause,
    },
  )
}
