/** Letters of three by five pixels. */

// biome-ignore format: a table
/** Each letter's rows from the top, an octal digit each: 4 is the left pixel, 2 the middle, 1 the right. */
const GLYPHS: Readonly<Record<string, string>> = {
  '0': '75557', '1': '26227', '2': '71747', '3': '71717', '4': '55711', '5': '74717', '6': '74757', '7': '71122',
  '8': '75757', '9': '75717', A: '25755', B: '65656', C: '34443', D: '65556', E: '74647', F: '74644', G: '34553',
  H: '55755', I: '72227', J: '11152', K: '55655', L: '44447', M: '57755', N: '65555', O: '25552', P: '65644',
  Q: '25573', R: '65655', S: '34216', T: '72222', U: '55557', V: '55552', W: '55775', X: '55255', Y: '55222',
  Z: '71247', '.': '00002', ',': '00024', '-': '00700', '_': '00007', '+': '02720', '%': '51245', ':': '02020',
  '/': '11244', '(': '12221', ')': '42224', "'": '22000', '!': '22202', '?': '71202', '=': '07070', '#': '57575',
  '&': '25257', '*': '52500', '<': '12421', '>': '42124',
}

/** A letter that there is none for. */
const UNKNOWN = '77777'

export const LETTER_WIDTH = 3
export const LETTER_HEIGHT = 5

/** How many pixels wide a text is. */
export function textWidth(text: string): number {
  return Math.max(0, [...text].length * (LETTER_WIDTH + 1) - 1)
}

/** Calls `put` for each pixel of a text, from its upper left; accents are left out, and small letters are capitals. */
export function writeText(text: string, put: (x: number, y: number) => void): void {
  for (const [i, letter] of [...plain(text)].entries()) {
    const rows = letter === ' ' ? '00000' : (GLYPHS[letter] ?? UNKNOWN)
    for (const [y, row] of [...rows].entries())
      for (let x = 0; x < LETTER_WIDTH; x += 1) if ((Number(row) >> (2 - x)) & 1) put(i * (LETTER_WIDTH + 1) + x, y)
  }
}

export function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase()
}
