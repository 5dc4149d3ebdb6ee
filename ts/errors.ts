/** The one error class of the library, and how its messages are made. */

/** What went wrong, for a program to act on. */
export type ErrorCode =
  /** Lengths of axes that do not fit together, or rows of different lengths. Compare the two shapes in the message with those of your data and layers. */
  | 'ERR_SHAPE'
  /** An element type that cannot stand there. Cast it (`ops.cast`), or make the array of the type that is named. */
  | 'ERR_DTYPE'
  /** An option, an argument or a name that there is not, or out of its range. The message has the range, or the nearest name. */
  | 'ERR_CONFIG'
  /** Data that cannot be trained on: not numbers, not finite, labels out of range. Mend the sample that is named. */
  | 'ERR_DATA'
  /** Something is called at a time when it cannot be. The message says what has to happen before. */
  | 'ERR_STATE'
  /** More memory than there is. Take smaller batches or fewer units, or give the container more. */
  | 'ERR_MEMORY'
  /** A loss or a gradient is NaN or infinite; nothing has changed. Lower the learning rate, scale the inputs. */
  | 'ERR_NON_FINITE'
  /** An `AbortSignal` ended it. The weights are those of the last whole step. */
  | 'ERR_ABORTED'
  /** A file, or a configuration, is not of the format, is damaged, or of a newer version. */
  | 'ERR_FORMAT'
  /** The file system refused. What was there before is untouched; `error.cause` has the system's own error. */
  | 'ERR_IO'
  /** A mistake of the library. Please report it, with the message. */
  | 'ERR_INTERNAL'

/** What an error says, in parts: its message is `where: expected …, got …. Hint`. */
export interface ErrorDetails {
  /** What was called, and which of its arguments or options it is about. */
  readonly where?: string | undefined
  /** What would have been right. */
  readonly expected?: string | undefined
  /** The value that came instead. */
  readonly received?: unknown
  /** What to do about it. */
  readonly hint?: string | undefined
}

/**
 * An error with a code, thrown before anything has changed. What was aborted by a signal has the name `AbortError`, as
 * everywhere on the web; all others are called `FerrogradError`.
 *
 * @example
 * import { FerrogradError } from 'ferrograd'
 * import { Dense } from 'ferrograd/layers'
 *
 * try {
 *   new Dense({ units: -3 })
 * } catch (error) {
 *   if (error instanceof FerrogradError && error.code === 'ERR_CONFIG') console.log(error.where, error.received) // Dense.units -3
 * }
 */
export class FerrogradError extends Error implements ErrorDetails {
  override readonly name: 'FerrogradError' | 'AbortError'
  readonly code: ErrorCode
  readonly where: string | undefined
  readonly expected: string | undefined
  readonly received: unknown
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions & ErrorDetails = {}) {
    // The ten calls that V8 remembers may all be ours: the line of whoever made the mistake comes after them.
    const limit = Error.stackTraceLimit
    if (limit > 0) Error.stackTraceLimit = Math.max(limit, 30)
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    Error.stackTraceLimit = limit
    this.name = code === 'ERR_ABORTED' ? 'AbortError' : 'FerrogradError'
    this.code = code
    this.where = options.where ?? (code === 'ERR_INTERNAL' ? undefined : WHERE.exec(message)?.[1])
    this.expected = options.expected
    this.received = options.received
    this.hint = options.hint
    for (const key of ['where', 'expected', 'received', 'hint'] as const)
      Object.defineProperty(this, key, { enumerable: false })
  }
}

/** What messages begin with, those of the core too: up to three words before a colon. */
const WHERE = /^([\w$.[\]'-]+(?: [\w$.[\]'-]+){0,2}): /

/** Throws `where: expected …, got …. Hint`; `got` is shown by {@link show} unless it is already a sentence (`{ text }`). */
export function fail(code: ErrorCode, where: string, expected: string, got: unknown, hint?: string): never {
  throw errorOf(code, { where, expected, received: got, hint })
}

/** Refuses to make by hand what a function makes. */
export function checkMaker(type: string, isMade: boolean, maker: string): void {
  if (!isMade) fail('ERR_STATE', `new ${type}`, `a call of ${maker}`, { text: 'the class itself' })
}

/** An error of ours as it is, of which is said where, or what else is known; any other as it is. */
export function saidOf(error: unknown, said: (message: string) => string): unknown {
  if (!(error instanceof FerrogradError)) return error
  const { where, expected, received, hint } = error
  return new FerrogradError(error.code, said(error.message), { where, expected, received, hint, cause: error })
}

/** The same, of which something is known better: where it happened, or what to do. */
export function withDetails(error: FerrogradError, details: ErrorDetails): FerrogradError {
  const { where, expected, received: text, hint } = error
  const received = typeof text === 'string' ? { text } : text
  return errorOf(error.code, { where, expected, received, hint, ...details }, error)
}

/** What {@link fail} throws, with its cause. */
export function errorOf(code: ErrorCode, details: ErrorDetails, cause?: unknown): FerrogradError {
  const { where, expected, received: got, hint } = details
  const [received, actual] = isText(got) ? [got.text, got.text] : [got, show(got)]
  const message = `${where}: expected ${expected}, got ${actual}${withHint(hint)}`
  return new FerrogradError(code, message, { ...details, received, ...(cause === undefined ? {} : { cause }) })
}

/** Refuses a misspelt option, and an argument that is not an options object. */
export function checkNames(where: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    fail('ERR_CONFIG', `${where} options`, 'an object', options)
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const hint = hintFor(key, known).replace(/^d/, 'D')
    throw new FerrogradError('ERR_CONFIG', `${where}: unknown option '${key}'. ${hint}`, { where, received: key, hint })
  }
}

/** A value as a person would write it, cut to a readable length. */
export function show(value: unknown): string {
  const text = write(value, 0)
  return text.length > 160 ? `${text.slice(0, 157)}…` : text
}

/** `did you mean 'adam'?`, or the empty string where no known name is near. */
export function suggest(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return near === undefined ? '' : `did you mean '${near}'?`
}

/** More names than these are not all told. */
const MANY = 40

/** The hint of an unknown name: the nearest known one, else all of them, or of many the nearest. */
export function hintFor(name: unknown, known: readonly string[]): string {
  const near = typeof name === 'string' ? suggest(name, known) : ''
  if (near !== '') return near
  if (known.length <= MANY || typeof name !== 'string') return `Known: ${known.join(', ')}`
  const wanted = fold(name)
  const far = new Map(known.map((one) => [one, editDistance(wanted, fold(one))]))
  const nearest = known.toSorted((a, b) => far.get(a)! - far.get(b)!).slice(0, 5)
  return `The nearest of ${known.length} known: ${nearest.join(', ')}`
}

/** A sentence of its own, or the end of the one before. */
function withHint(hint: string | undefined): string {
  if (!hint) return ''
  return hint.startsWith('did you mean') ? `; ${hint}` : `. ${hint}`
}

function isText(got: unknown): got is { readonly text: string } {
  return (
    typeof got === 'object' &&
    got !== null &&
    Object.keys(got).length === 1 &&
    typeof (got as { text?: unknown }).text === 'string'
  )
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = fold(name)
  let best: string | undefined
  let distance = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const candidate of known) {
    const d = editDistance(wanted, fold(candidate))
    if (d < distance) [best, distance] = [candidate, d]
  }
  return best
}

function fold(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + same)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, (before[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    ;[before, previous] = [previous, row]
  }
  return previous[b.length] ?? 0
}

function write(value: unknown, depth: number): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`
  if (typeof value === 'symbol') return value.toString()
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value)
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name} of ${value.byteLength} bytes`
  if (Array.isArray(value))
    return depth > 2
      ? '[…]'
      : `[${value
          .slice(0, 20)
          .map((item) => write(item, depth + 1))
          .join(', ')}${value.length > 20 ? ', …' : ''}]`
  return writeObject(value, depth)
}

function writeObject(value: object, depth: number): string {
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name
  if (name !== undefined && name !== 'Object') return `an instance of ${name}`
  const entries = Object.entries(value).slice(0, 8)
  if (depth > 1) return '{…}'
  return entries.length === 0
    ? '{}'
    : `{ ${entries.map(([key, item]) => `${key}: ${write(item, depth + 1)}`).join(', ')} }`
}
