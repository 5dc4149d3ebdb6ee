/** One line that says how far an epoch is: text only, no terminal. */
import type { Logs } from './callback.js'

/** What a line shows. */
export interface LineParts {
  /** Counted from 1. */
  readonly epoch: number
  readonly epochs: number
  readonly step: number
  readonly steps: number | undefined
  readonly samples: number
  readonly seconds: number
  /** Of these, for want of data. */
  readonly waited: number
  readonly logs: Logs
  readonly done: boolean
}

/** Colours, or none. */
export interface Paint {
  readonly bar: (text: string) => string
  readonly faint: (text: string) => string
}

export const plain: Paint = { bar: (text) => text, faint: (text) => text }

const csi = '\u001b['
export const coloured: Paint = {
  bar: (text) => `${csi}32m${text}${csi}39m`,
  faint: (text) => `${csi}2m${text}${csi}22m`,
}

/** `0.0312`, `12.5`, `1.2e-7`: four digits that matter. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(2)
  return value.toFixed(size < 10 ? 4 : size < 100 ? 3 : size < 1000 ? 2 : 1)
}

/** `3ms`, `0.42s`, `12s`, `3m 05s`, `2h 07m`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.1) return `${Math.round(seconds * 1000)}ms`
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)}s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole}s`
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  return whole < 3600
    ? `${Math.floor(whole / 60)}m ${two(whole % 60)}s`
    : `${Math.floor(whole / 3600)}h ${two((whole % 3600) / 60)}m`
}

/** `48,210 samples/s`. */
export function formatRate(samples: number, seconds: number): string {
  return seconds > 0 && samples > 0 ? `${Math.round(samples / seconds).toLocaleString('en-US')} samples/s` : ''
}

/** `42% waiting for data`, from a twentieth of the time on. */
export function formatWait(waited: number, seconds: number): string {
  const share = seconds > 0 ? waited / seconds : 0
  return share >= 0.05 ? `${Math.round(share * 100)}% waiting for data` : ''
}

/** `loss 0.1234  accuracy 0.9731`. */
export function formatLogs(logs: Logs): string {
  return Object.entries(logs)
    .map(([name, value]) => `${name} ${formatNumber(value)}`)
    .join('  ')
}

/** `━━━━━━━╸───`: the share that is done, to half a character. */
export function drawBar(share: number, width: number, paint: Paint): string {
  const halves = Math.round(Math.min(1, Math.max(0, share)) * width * 2)
  const full = '━'.repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? '╸' : '')
  return paint.bar(full) + paint.faint('─'.repeat(width - full.length))
}

/** A line for a log file. */
export function plainLine(parts: LineParts): string {
  const rate = formatRate(parts.samples, parts.seconds)
  const wait = formatWait(parts.waited, parts.seconds)
  return [epochOf(parts), formatLogs(parts.logs), formatSeconds(parts.seconds), rate, wait].filter(Boolean).join('  ')
}

/** A line of at most `columns` characters for a terminal: what does not fit is left out, the least important first. */
export function liveLine(parts: LineParts, columns: number, paint: Paint): string {
  const { step, steps, logs } = parts
  const count = steps === undefined ? `${step}` : `${String(step).padStart(String(steps).length)}/${steps}`
  const head = `${epochOf(parts)}  `
  const rate = formatRate(parts.samples, parts.seconds)
  const pieces = [count, formatLogs(logs), timeOf(parts), rate, formatWait(parts.waited, parts.seconds)].filter(Boolean)
  const room = (): number => columns - head.length - pieces.join('  ').length - 2
  while (room() < narrowest && pieces.length > 2) pieces.pop()
  const width = Math.min(widest, room())
  const tail = pieces.join('  ')
  if (width < narrowest) return `${head}${tail}`.slice(0, columns)
  return `${head}${drawBar(steps === undefined ? 1 : step / Math.max(1, steps), width, paint)}  ${tail}`
}

const narrowest = 8
const widest = 30

function epochOf({ epoch, epochs }: LineParts): string {
  return `Epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`
}

function timeOf({ done, step, steps, seconds }: LineParts): string {
  if (done || steps === undefined) return formatSeconds(seconds)
  return step === 0 ? '' : `ETA ${formatSeconds(((steps - step) * seconds) / step)}`
}
