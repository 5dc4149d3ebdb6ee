/** Tables of text and numbers, without lines. */

/** The first column leans left, the others right. */
export function drawPlain(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)))
  const cell = (text: string, i: number): string => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))
  return all.map((row) => row.map(cell).join('  ').trimEnd()).join('\n')
}
