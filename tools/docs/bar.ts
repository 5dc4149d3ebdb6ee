/**
 * Draws docs/bar.svg, a terminal in the midst of a training, from what `fit` writes to one:
 * `node scripts/run.mjs tools/docs/bar.ts DIR`, with the test half of MNIST in DIR.
 */
import { writeFileSync } from 'node:fs'
import { config, Sequential } from 'ferrograd'
import { ProgbarLogger } from 'ferrograd/callbacks'
import { mnist } from 'ferrograd/datasets'
import { Dense, Dropout } from 'ferrograd/layers'

const [columns, epochs, shown] = [96, 5, 0.6]

/** A terminal that keeps what was written to it. */
class Terminal {
  readonly isTTY = true
  readonly columns: number = columns
  readonly frames: string[] = []

  hasColors(): boolean {
    return true
  }

  write(text: string): void {
    this.frames.push(text)
  }
}

/** The lines of the epochs that are done, and a frame of the last one, about `shown` of it done. */
async function framesOf(): Promise<string[]> {
  config.setSeed(1)
  const { test: train } = await mnist({ dir: process.argv[2] ?? '', parts: ['test'] })
  const model = new Sequential([
    new Dense({ units: 128, activation: 'relu', inputShape: [784] }),
    new Dropout({ rate: 0.2 }),
    new Dense({ units: 10, activation: 'softmax' }),
  ])
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] })
  const terminal = new Terminal()
  // `fit` adds a bar of its own for process.stdout unless there is one.
  const callbacks = [new ProgbarLogger({ stream: terminal })]
  await model.fit(train.x, train.y, { epochs, batchSize: 32, verbose: 1, callbacks })
  const lines = terminal.frames.filter((frame) => frame.endsWith('\n'))
  const last = terminal.frames.slice(terminal.frames.indexOf(lines.at(-2)!) + 1, -1)
  return [...lines.slice(0, -1), last[Math.floor(last.length * shown)]!]
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const classes: Readonly<Record<string, string>> = { '32': 'bar', '2': 'faint' }

/** `ESC[32m…ESC[39m` as `<tspan class="bar">…</tspan>`. */
function spans(line: string): string {
  const text = line.slice('\r\u001b[2K'.length).trimEnd()
  return text
    .split('\u001b[')
    .map((part, i) => {
      const [, code = '', words = ''] = i === 0 ? [part, '', part] : (/^(\d+)m(.*)/.exec(part) ?? [])
      const name = classes[code]
      return name === undefined ? escaped(words) : `<tspan class="${name}">${escaped(words)}</tspan>`
    })
    .join('')
}

const [size, left, line] = [14, 18, 24]
const width = Math.round(columns * size * 0.602) + 2 * left

function draw(lines: readonly string[]): string {
  const height = 54 + line * (lines.length + 1)
  const rows = ['<tspan class="faint">$ node train.mjs</tspan>', ...lines.map(spans)].map(
    (row, i) => `<text x="${left}" y="${58 + i * line}" xml:space="preserve">${row}</text>`,
  )
  const lights = ['#ff5f56', '#ffbd2e', '#27c93f'].map(
    (fill, i) => `<circle cx="${22 + 20 * i}" cy="20" r="6" fill="${fill}"/>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="A training in a terminal">
<style>text { font: ${size}px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #d7dae0 } .bar { fill: #7ec77b } .faint { fill: #8a919e }</style>
<rect width="${width}" height="${height}" rx="9" fill="#1b1f26"/>
${lights.join('')}
${rows.join('\n')}
</svg>
`
}

writeFileSync(new URL('../../docs/bar.svg', import.meta.url), draw(await framesOf()))
