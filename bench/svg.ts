/** Lines over logarithmic axes, drawn as SVG: a grid of panels that share one look. */
import type { Line, Panel } from './scaling.js'

const SIZE = { width: 460, height: 300, columns: 2, head: 44, left: 66, right: 92, top: 44, bottom: 46 }
const INK = { text: '#1f2933', faint: '#52606d', grid: '#e4e7eb', axis: '#9aa5b1', lines: ['#2563eb', '#d9480f'] }
const FONT = 'system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'

/** A picture of all panels under one title. */
export function drawPanels(title: string, panels: readonly Panel[]): string {
  const rows = Math.ceil(panels.length / SIZE.columns)
  const [width, height] = [SIZE.width * SIZE.columns, SIZE.head + SIZE.height * rows + 10]
  const drawn = panels.map((panel, index) => {
    const [column, row] = [index % SIZE.columns, Math.floor(index / SIZE.columns)]
    return `<g transform="translate(${column * SIZE.width} ${SIZE.head + row * SIZE.height})">${drawPanel(panel)}</g>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="${FONT}" font-size="12">`,
    `<rect width="${width}" height="${height}" rx="8" fill="#ffffff"/>`,
    text(24, 32, title, { size: 17, weight: 600 }),
    ...drawn,
    '</svg>\n',
  ].join('\n')
}

function drawPanel({ title, axis, timed, lines }: Panel): string {
  const points = lines.flatMap(({ points }) => points)
  const x = scale(
    points.map((point) => point.x),
    SIZE.left,
    SIZE.width - SIZE.right,
  )
  const y = scale(
    points.map((point) => point.y),
    SIZE.height - SIZE.bottom,
    SIZE.top,
  )
  const [left, right, top, bottom] = [SIZE.left, SIZE.width - SIZE.right, SIZE.top, SIZE.height - SIZE.bottom]
  const rule = (x1: number, y1: number, x2: number, y2: number, ink: string): string =>
    `<path d="M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}" stroke="${ink}"/>`
  const sizes = lines[0]!.points.map((point) => point.x)
  const marks = sizes.length > 8 ? sizes.filter((_, index) => index % 2 === 0) : sizes
  return [
    text(24, 22, title, { size: 13.5, weight: 600 }),
    ...tens(y.from, y.to).flatMap((value) => [
      rule(left, y.at(value), right, y.at(value), INK.grid),
      text(left - 8, y.at(value) + 4, duration(value), { anchor: 'end', ink: INK.faint }),
    ]),
    ...marks.flatMap((value) => [
      rule(x.at(value), bottom, x.at(value), bottom + 4, INK.axis),
      text(x.at(value), bottom + 18, count(value), { anchor: 'middle', ink: INK.faint }),
    ]),
    rule(left, bottom, right, bottom, INK.axis),
    text((left + right) / 2, bottom + 36, axis, { anchor: 'middle', ink: INK.faint }),
    text(left - 42, top - 6, `time of ${timed === 'step' ? 'a step' : 'an epoch'}`, { ink: INK.faint }),
    ...lines.map((line, index) => drawLine(line, x.at, y.at, INK.lines[index % INK.lines.length]!)),
    ...labels(lines, x.at, y.at),
  ].join('\n')
}

type Place = (value: number) => number

function drawLine({ points }: Line, x: Place, y: Place, ink: string): string {
  const places = points.map((point) => [round(x(point.x)), round(y(point.y))] as const)
  const path = places.map(([left, top], index) => `${index === 0 ? 'M' : 'L'}${left} ${top}`).join('')
  const dots = places.map(([left, top]) => `<circle cx="${left}" cy="${top}" r="3" fill="${ink}"/>`)
  return `<path d="${path}" fill="none" stroke="${ink}" stroke-width="2" stroke-linejoin="round"/>${dots.join('')}`
}

/** What each line is, behind its last point, and how steep it ends; kept apart where the lines end close together. */
function labels(lines: readonly Line[], x: Place, y: Place): string[] {
  const wanted = lines
    .map((line, index) => ({ line, ink: INK.lines[index % INK.lines.length]!, at: y(line.points.at(-1)!.y) }))
    .sort((a, b) => a.at - b.at)
  let free = Number.NEGATIVE_INFINITY
  const middle = wanted.reduce((sum, { at }) => sum + at, 0) / wanted.length
  const shift = wanted.length > 1 && wanted.at(-1)!.at - wanted[0]!.at < 32 ? middle - 16 : undefined
  return wanted.flatMap(({ line, ink, at }, index) => {
    const place = Math.max(shift === undefined ? at : shift + 32 * index, free)
    free = place + 32
    const left = x(line.points.at(-1)!.x) + 10
    return [
      text(left, place, line.threads === 1 ? '1 thread' : `${line.threads} threads`, { ink, weight: 600 }),
      text(left, place + 14, `slope ${line.powerAtTheEnd.toFixed(2)}`, { ink, size: 11 }),
    ]
  })
}

/** A logarithmic scale over the values, from one place to another. */
function scale(values: readonly number[], start: number, end: number): { from: number; to: number; at: Place } {
  const [from, to] = [Math.min(...values), Math.max(...values)]
  const share: Place = (value) => Math.log(value / from) / Math.log(to / from)
  return { from, to, at: (value) => start + (end - start) * share(value) }
}

/** The powers of ten from one value to another. */
function tens(from: number, to: number): number[] {
  const first = Math.ceil(Math.log10(from) - 1e-9)
  const last = Math.floor(Math.log10(to) + 1e-9)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => 10 ** (first + index))
}

function duration(microseconds: number): string {
  if (microseconds >= 1e6) return `${microseconds / 1e6} s`
  return microseconds >= 1e3 ? `${microseconds / 1e3} ms` : `${microseconds} µs`
}

function count(value: number): string {
  if (value >= 1 << 20) return `${value / (1 << 20)}M`
  return value >= 1024 ? `${value / 1024}k` : String(value)
}

interface Style {
  readonly size?: number
  readonly weight?: number
  readonly anchor?: 'middle' | 'end'
  readonly ink?: string
}

function text(x: number, y: number, words: string, { size, weight, anchor, ink = INK.text }: Style = {}): string {
  const look = [
    `fill="${ink}"`,
    ...(size === undefined ? [] : [`font-size="${size}"`]),
    ...(weight === undefined ? [] : [`font-weight="${weight}"`]),
    ...(anchor === undefined ? [] : [`text-anchor="${anchor}"`]),
  ]
  return `<text x="${round(x)}" y="${round(y)}" ${look.join(' ')}>${words}</text>`
}

const round = (value: number): number => Math.round(value * 10) / 10
