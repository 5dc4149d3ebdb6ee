/** What was measured, as Markdown tables that read well in a terminal too, as JSON, and in the documents. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** A Markdown table with padded cells; the first column is text, the others are numbers. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) => Math.max(3, ...[header, ...rows].map((row) => row[column]!.length)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(header), rule, ...rows.map(line)].join('\n')
}

/** Three digits that count, without an exponent. */
export function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** What else ran on the machine when the bench began. */
const load = loadavg()[0] ?? 0

/** On what it was measured, and whether it was busy with something else. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'an unknown processor'
  const found = `${model}, ${availableParallelism()} cores, ${process.platform} ${process.arch}, Node ${process.versions.node}`
  return load < 0.5 ? found : `${found}, amid other work (load ${load.toFixed(1)})`
}

/** Writes `bench/results/NAME.json`. */
export function writeResults(name: string, results: object): string {
  const file = path(`./results/${name}.json`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(
    file,
    `${JSON.stringify({ machine: machine(), date: new Date().toISOString(), ...results }, null, 2)}\n`,
  )
  return file
}

/** Replaces what stands between the comments `<!-- NAME -->` and `<!-- /NAME -->` of docs/performance.md. */
export function writeDocument(name: string, text: string): void {
  const file = path('../docs/performance.md')
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const document = readFileSync(file, 'utf8')
  const [from, to] = [document.indexOf(open), document.indexOf(close)]
  if (from < 0 || to < from) throw new Error(`${file} has no ${open} … ${close}`)
  writeFileSync(file, `${document.slice(0, from + open.length)}\n${text.trim()}\n${document.slice(to)}`)
}
