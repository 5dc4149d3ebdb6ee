/** Pictures in characters: what the examples draw in a terminal. */

const csi = '\u001b['

/** Whether colours and half blocks make sense where the output goes. */
export const colourful: boolean = process.stdout.isTTY === true && process.stdout.hasColors(256)

/** Text in a colour of the 256, where there are colours. */
export function paint(text: string, colour: number): string {
  return colourful ? `${csi}38;5;${colour}m${text}${csi}0m` : text
}

/** Bold text, where there are colours. */
export function bold(text: string): string {
  return colourful ? `${csi}1m${text}${csi}22m` : text
}

/** A heading with room above it. */
export function heading(text: string): void {
  console.log(`\n${bold(text)}\n`)
}

/**
 * Lines of a grey image of values from 0 to 1. A pixel of a small image is two characters wide and one line high, which
 * is about square; of a large one it is one character wide and half a line high.
 */
export function drawImage(pixels: ArrayLike<number>, height: number, width: number): string[] {
  const at = (y: number, x: number): number => (y < height ? pixels[y * width + x]! : 0)
  if (width <= 16) return rows(height, (y) => line(width, (x) => square(at(y, x))))
  return rows(Math.ceil(height / 2), (y) => line(width, (x) => pair(at(2 * y, x), at(2 * y + 1, x))))
}

function line(width: number, cell: (x: number) => string): string {
  return rows(width, cell).join('') + (colourful ? `${csi}0m` : '')
}

/** The 24 greys from 232 on. */
function grey(value: number): number {
  return 233 + Math.round(Math.min(1, Math.max(0, value)) * 22)
}

const ramp = ' ░▒▓█'

function shade(value: number): string {
  return ramp[Math.min(4, Math.round(value * 4))]!
}

function square(value: number): string {
  return colourful ? `${csi}48;5;${grey(value)}m  ` : shade(value).repeat(2)
}

/** Two pixels above each other: the upper half block in one grey on the other; without colours, their mean. */
function pair(upper: number, lower: number): string {
  return colourful ? `${csi}38;5;${grey(upper)};48;5;${grey(lower)}m▀` : shade((upper + lower) / 2)
}

/** Pictures side by side, each under its caption. */
export function gallery(pictures: readonly { readonly lines: readonly string[]; readonly caption: string }[]): string {
  const width = Math.max(...pictures.flatMap(({ lines, caption }) => [...lines, caption].map(visibleLength)))
  const height = Math.max(...pictures.map(({ lines }) => lines.length))
  const row = (texts: readonly string[]): string =>
    texts
      .map((text) => padVisible(text, width))
      .join('   ')
      .trimEnd()
  return [
    row(pictures.map(({ caption }) => caption)),
    ...rows(height, (y) => row(pictures.map(({ lines }) => lines[y] ?? ''))),
  ].join('\n')
}

function visibleLength(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  return text.replace(/\u001b\[[0-9;]*m/g, '').length
}

function padVisible(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - visibleLength(text)))
}

/** How often each true class (row) was taken for each class (column). */
export function confusion(truth: ArrayLike<number>, guesses: ArrayLike<number>, classes: number): number[][] {
  const counts = rows(classes, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < truth.length; i++) counts[truth[i]!]![guesses[i]!]! += 1
  return counts
}

/** The matrix with right answers in green, wrong ones in red, zeros as dots. */
export function drawConfusion(counts: readonly (readonly number[])[]): string {
  const head = `  true ╲ said ${counts.map((_, i) => String(i).padStart(4)).join('')}`
  const line = (row: readonly number[], i: number): string =>
    `  ${String(i).padStart(11)} │${row.map((count, j) => cellOf(count, i === j)).join('')}`
  return [head, `  ${'─'.repeat(12)}┼${'─'.repeat(4 * counts.length)}`, ...counts.map(line)].join('\n')
}

function cellOf(count: number, right: boolean): string {
  const text = (count === 0 ? '·' : String(count)).padStart(4)
  return count === 0 ? paint(text, 240) : paint(text, right ? 35 : 203)
}

function rows<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}
