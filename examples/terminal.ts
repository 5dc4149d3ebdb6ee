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
 * Lines of a grey image of values from 0 to 1, two characters a pixel wide where a line is one pixel high; on a terminal
 * with colours, half blocks put two pixels above each other into one character.
 */
export function drawImage(pixels: ArrayLike<number>, height: number, width: number): string[] {
  return colourful ? halfBlocks(pixels, height, width) : shades(pixels, height, width)
}

function shades(pixels: ArrayLike<number>, height: number, width: number): string[] {
  const ramp = ' ░▒▓█'
  const shade = (value: number): string => ramp[Math.min(4, Math.round(value * 4))]!.repeat(2)
  return rows(height, (y) => rows(width, (x) => shade(pixels[y * width + x]!)).join(''))
}

/** The 24 greys from 232 on; one line shows two rows of pixels. */
function halfBlocks(pixels: ArrayLike<number>, height: number, width: number): string[] {
  const grey = (value: number): number => 233 + Math.round(Math.min(1, Math.max(0, value)) * 22)
  const at = (y: number, x: number): number => (y < height ? pixels[y * width + x]! : 0)
  const cell = (y: number, x: number): string => `${csi}38;5;${grey(at(y, x))};48;5;${grey(at(y + 1, x))}m▀▀`
  const double = (y: number): string => `${rows(width, (x) => cell(2 * y, x)).join('')}${csi}0m`
  return rows(Math.ceil(height / 2), double)
}

/** Pictures side by side, each under its caption of at most `width` visible characters. */
export function gallery(
  pictures: readonly { readonly lines: readonly string[]; readonly caption: string }[],
  width: number,
): string {
  const height = Math.max(...pictures.map(({ lines }) => lines.length))
  const gap = '   '
  const captions = pictures.map(({ caption }) => padVisible(caption, width)).join(gap)
  const lines = rows(height, (y) => pictures.map((picture) => padVisible(picture.lines[y] ?? '', width)).join(gap))
  return [captions, ...lines].map((line) => line.trimEnd()).join('\n')
}

function padVisible(text: string, width: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  const visible = text.replace(/\u001b\[[0-9;]*m/g, '').length
  return text + ' '.repeat(Math.max(0, width - visible))
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
