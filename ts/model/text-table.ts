/** Tables in box-drawing characters that fit a width. */

/** A column: its title, and which side its cells lean to. */
export interface ColumnHead {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** Draws rows under heads, at most `width` characters wide; cells that do not fit are wrapped. */
export function drawTable(heads: readonly ColumnHead[], rows: readonly (readonly string[])[], width: number): string {
  const widths = columnWidths(heads, rows, width)
  const rule = (left: string, line: string, cross: string, right: string): string =>
    left + widths.map((length) => line.repeat(length + 2)).join(cross) + right
  const body = rows.map((row) => drawRow(row, widths, heads, '│'))
  return [
    rule('┏', '━', '┳', '┓'),
    drawRow(
      heads.map(({ title }) => title),
      widths,
      heads,
      '┃',
    ),
    rule('┡', '━', '╇', '┩'),
    body.join(`\n${rule('├', '─', '┼', '┤')}\n`),
    rule('└', '─', '┴', '┘'),
  ].join('\n')
}

/** Natural widths; while their sum is too large, the widest column gives way. */
function columnWidths(heads: readonly ColumnHead[], rows: readonly (readonly string[])[], width: number): number[] {
  const widths = heads.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => longestLine(row[i] ?? ''))))
  const available = width - 3 * heads.length - 1
  const narrowest = Math.min(8, Math.floor(available / heads.length))
  while (sum(widths) > available) {
    const widest = widths.indexOf(Math.max(...widths))
    if (widths[widest]! <= narrowest) break
    widths[widest]! -= 1
  }
  return widths
}

function drawRow(
  cells: readonly string[],
  widths: readonly number[],
  heads: readonly ColumnHead[],
  bar: string,
): string {
  const wrapped = cells.map((cell, i) => wrap(cell, widths[i]!))
  const height = Math.max(...wrapped.map((lines) => lines.length))
  const line = (k: number): string =>
    wrapped.map((lines, i) => pad(lines[k] ?? '', widths[i]!, heads[i]!.align)).join(` ${bar} `)
  return Array.from({ length: height }, (_, k) => `${bar} ${line(k)} ${bar}`).join('\n')
}

/** Breaks at spaces where that helps, else anywhere. */
function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    const lines: string[] = []
    let rest = line
    while (rest.length > width) {
      const space = rest.lastIndexOf(' ', width)
      const cut = space > 0 ? space : width
      lines.push(rest.slice(0, cut))
      rest = rest.slice(cut).trimStart()
    }
    return [...lines, rest]
  })
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  return align === 'left' ? text.padEnd(width) : text.padStart(width)
}

const longestLine = (text: string): number => Math.max(...text.split('\n').map((line) => line.length))
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
