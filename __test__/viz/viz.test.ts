import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { crc32, inflateSync } from 'node:zlib'
import { ops, report, tensor, viz } from 'ferrograd'
import { Conv2D } from 'ferrograd/layers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { colorDepth } from '../../ts/viz/terminal.js'

/** Reads a PNG of eight bits and three channels as the standard says, its checks and all. */
function decodePng(bytes: Uint8Array): { width: number; height: number; rgb: number[] } {
  const file = Buffer.from(bytes)
  expect([...file.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10])
  const chunks: { name: string; data: Buffer }[] = []
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at)
    const [name, data] = [file.toString('latin1', at + 4, at + 8), file.subarray(at + 8, at + 8 + length)]
    expect(file.readUInt32BE(at + 8 + length)).toBe(crc32(file.subarray(at + 4, at + 8 + length)))
    chunks.push({ name, data })
    at += 12 + length
  }
  expect(chunks.map(({ name }) => name)).toEqual(['IHDR', 'IDAT', 'IEND'])
  const header = chunks[0]!.data
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  expect([...header.subarray(8)]).toEqual([8, 2, 0, 0, 0])
  const rows = inflateSync(chunks[1]!.data)
  const size = 1 + 3 * width
  expect(rows).toHaveLength(height * size)
  const rgb = Array.from({ length: height }, (_, y) => {
    expect(rows[y * size]).toBe(0)
    return [...rows.subarray(y * size + 1, (y + 1) * size)]
  })
  return { width, height, rgb: rgb.flat() }
}

const colors = Uint8Array.from({ length: 5 * 7 * 3 }, (_, i) => (i * 37) % 256)
const one = { values: colors, shape: [5, 7, 3] }

describe('a PNG', () => {
  it('holds the numbers of a picture', () => {
    const { width, height, rgb } = decodePng(viz.pictures(one, { range: [0, 255] }).png({ scale: 1 }))
    expect([width, height]).toEqual([7, 5])
    expect(rgb).toEqual([...colors])
  })

  it('enlarged has squares of them', () => {
    const { width, height, rgb } = decodePng(viz.pictures(one).png({ scale: 3 }))
    expect([width, height]).toEqual([21, 15])
    for (let y = 0; y < 15; y += 1)
      for (let x = 0; x < 21; x += 1) {
        const from = 3 * (Math.floor(y / 3) * 7 + Math.floor(x / 3))
        expect(rgb.slice(3 * (y * 21 + x), 3 * (y * 21 + x) + 3)).toEqual([...colors.subarray(from, from + 3)])
      }
  })

  it('of a single pixel is a large square', () => {
    const { width, height } = decodePng(viz.pictures([[1]]).png())
    expect([width, height]).toEqual([400, 400])
  })

  it('is written to a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ferrograd-viz-'))
    const drawing = viz.pictures(one)
    await drawing.save(join(folder, 'one.png'), { scale: 2 })
    expect(new Uint8Array(readFileSync(join(folder, 'one.png')))).toEqual(drawing.png({ scale: 2 }))
    await expect(drawing.save(join(folder, 'no', 'one.png'))).rejects.toMatchObject({ code: 'ERR_IO' })
    await expect(drawing.save(join(folder, 'one.jpg'))).rejects.toThrow(/a path that ends in \.png/)
    rmSync(folder, { recursive: true })
  })
})

/** The colour of a pixel. */
function at({ width, rgb }: viz.Drawing, x: number, y: number): number[] {
  return [...rgb.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)]
}

describe('pictures', () => {
  it('lie in rows, with a gap', () => {
    const drawing = viz.pictures({ values: Float32Array.of(0, 0.2, 0.4, 0.6, 1), shape: [5, 1, 1, 1] }, { columns: 3 })
    expect([drawing.width, drawing.height]).toEqual([5, 3])
    expect([0, 2, 4].map((x) => at(drawing, x, 0)[0])).toEqual([0, 51, 102])
    expect([0, 2].map((x) => at(drawing, x, 2)[0])).toEqual([153, 255])
    expect(at(drawing, 1, 0)).toEqual(at(drawing, 4, 2))
  })

  it.each<[string, readonly number[], readonly number[]]>([
    ['from 0 to 1', [0, 0.5, 1], [0, 128, 255]],
    ['from 0 to 255', [0, 51, 255], [0, 51, 255]],
    ['from the least to the most', [-2, 0, 2], [0, 128, 255]],
    ['all alike', [-7, -7, -7], [0, 0, 0]],
  ])('of numbers %s', (_, values, bytes) => {
    const drawing = viz.pictures({ values: Float32Array.from(values), shape: [1, 1, 3, 1] })
    expect([0, 1, 2].map((x) => at(drawing, x, 0)[0])).toEqual(bytes)
  })

  it('are one, or of one channel, or of four, by their shape', () => {
    const sizes = ([...shape]: number[]): number[] => {
      const { width, height } = viz.pictures(ops.zeros(shape), { gap: 0, columns: 1 })
      return [height, width]
    }
    expect(sizes([4, 6])).toEqual([4, 6])
    expect(sizes([4, 6, 3])).toEqual([4, 6])
    expect(sizes([2, 6, 5])).toEqual([12, 5])
    expect(sizes([2, 6, 5, 4])).toEqual([12, 5])
  })

  it('of one channel have the colours of a map', () => {
    const drawing = viz.pictures({ values: Float32Array.of(0, 0.5, 1), shape: [1, 3, 1] }, { colors: 'diverging' })
    expect([0, 1, 2].map((x) => at(drawing, x, 0))).toEqual([
      [33, 102, 172],
      [247, 247, 247],
      [178, 24, 43],
    ])
  })
})

it('feature maps: a row for each sample, each in its own range', () => {
  const maps = tensor([
    [
      [
        [0, 5],
        [1, 7],
      ],
    ],
    [
      [
        [4, 1],
        [2, 1],
      ],
    ],
  ])
  const drawing = viz.featureMaps(maps, { colors: 'grey', gap: 0 })
  expect([drawing.width, drawing.height]).toEqual([4, 2])
  const grey = Array.from({ length: 8 }, (_, i) => at(drawing, i % 4, Math.floor(i / 4))[0])
  expect(grey).toEqual([0, 255, 0, 255, 255, 0, 0, 0])
})

describe('filters', () => {
  it('of one channel: 0 is white, whatever the numbers', () => {
    const drawing = viz.filters(tensor([[[[-1, 0, 4]]]]), { columns: 3, gap: 0 })
    expect(at(drawing, 1, 0)).toEqual([247, 247, 247])
    expect(at(drawing, 2, 0)).toEqual([178, 24, 43])
    // A quarter of the way to blue.
    const [red, , blue] = at(drawing, 0, 0)
    expect(blue! - red!).toBeGreaterThan(10)
  })

  it('of three channels have colours, of others a row for each channel', () => {
    const kernel = (channels: number) => {
      const layer = new Conv2D({ filters: 2, kernelSize: 2 })
      layer.build([1, 8, 8, channels])
      return layer.kernel.read()
    }
    const [colored, rows] = [viz.filters(kernel(3), { gap: 0 }), viz.filters(kernel(5), { gap: 0 })]
    expect([colored.width, colored.height]).toEqual([4, 2])
    expect([rows.width, rows.height]).toEqual([4, 10])
    const values = kernel(3)
    const drawing = viz.filters(values, { gap: 0 })
    const numbers = values.dataSync()
    const most = Math.max(...numbers.map(Math.abs))
    // Filter 1, row 1, column 0.
    const wanted = [0, 1, 2].map((channel) =>
      Math.round(127.5 * (numbers[((2 * 1 + 0) * 3 + channel) * 2 + 1]! / most + 1)),
    )
    expect(at(drawing, 2, 1)).toEqual(wanted)
  })
})

it('an overlay is the picture where the map is 0, and mostly the map where it is 1', () => {
  const picture = { values: Float32Array.of(0.4, 0.4), shape: [1, 1, 2, 1] }
  const drawing = viz.overlay(picture, { values: Float32Array.of(0, 3), shape: [1, 1, 2] }, { opacity: 0.5 })
  expect(at(drawing, 0, 0)).toEqual([102, 102, 102])
  expect(at(drawing, 1, 0)).toEqual([252, 255, 164].map((value) => Math.round(0.5 * 102 + 0.5 * value)))
})

it('an overlay knows maps by their pictures, also where a length could be channels', () => {
  const picture = ops.zeros([2, 4, 3, 3])
  const drawing = viz.overlay(picture, ops.ones([2, 4, 3]), { gap: 0, columns: 1, opacity: 1 })
  expect([drawing.width, drawing.height]).toEqual([3, 8])
  expect(at(drawing, 0, 0)).toEqual([252, 255, 164])
  const one = viz.overlay(ops.zeros([4, 3]), ops.ones([4, 3]), { opacity: 1 })
  expect([one.width, one.height, at(one, 2, 3)]).toEqual([3, 4, [252, 255, 164]])
})

it('an overlay of maps without a number above 0 is the picture', () => {
  const drawing = viz.overlay(ops.full([1, 2], 0.4), ops.full([1, 2], -3))
  expect(at(drawing, 1, 0)).toEqual([102, 102, 102])
})

describe('a confusion matrix', () => {
  const matrix = report.confusionMatrix([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1], { labels: ['a', 'b'] })

  it('has the colour of its share of a row in each cell', () => {
    const drawing = viz.confusionMatrix(matrix, { colors: 'grey' })
    // A letter and its margins are 7 pixels, a row is 9.
    expect([drawing.width, drawing.height]).toEqual([21, 27])
    const corners = [
      [7, 9],
      [14, 9],
      [7, 18],
      [14, 18],
    ].map(([x, y]) => at(drawing, x!, y!)[0])
    expect(corners).toEqual([191, 64, 0, 255])
  })

  it('has the numbers in it', () => {
    const drawing = viz.confusionMatrix(matrix, { colors: 'grey' })
    const digit = Array.from({ length: 5 }, (_, y) =>
      [0, 1, 2].map((x) => (at(drawing, 7 + 2 + x, 9 + 2 + y)[0] === 191 ? ' ' : '#')).join(''),
    )
    expect(digit).toEqual(['###', '  #', '###', '  #', '###'])
  })

  it('has room for hundreds of classes', () => {
    const drawing = viz.confusionMatrix(of(256), { colors: 'grey' })
    expect(drawing.height).toBe(257 * 9)
  })

  it('is a table in a terminal', () => {
    const drawing = viz.confusionMatrix(matrix)
    expect(drawing.toString({ depth: 1 })).toBe('    a  b\n a  3  1\n b  0  2')
    expect(drawing.toString({ depth: 24 })).toContain('\u001b[38;2;255;255;255;48;2;68;1;84m 0 \u001b[0m')
  })
})

describe('in a terminal', () => {
  const drawing = viz.pictures({ values: Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255]), shape: [3, 1, 3] })

  it('two pixels are one half block', () => {
    expect(drawing.toString({ depth: 24 })).toBe(
      '\u001b[38;2;255;0;0;48;2;0;255;0m▀\u001b[0m\n\u001b[38;2;0;0;255;49m▀\u001b[0m',
    )
    expect(drawing.toString({ depth: 8 })).toBe('\u001b[38;5;196;48;5;46m▀\u001b[0m\n\u001b[38;5;21;49m▀\u001b[0m')
  })

  it('without colours there are shades', () => {
    const steps = viz.pictures({ values: Float32Array.of(0, 0.25, 0.5, 0.75, 1), shape: [1, 5] })
    expect(steps.toString({ depth: 1 })).toBe(' ░▒▓█')
    expect(steps.toString({ depth: 4 })).toBe(' ░▒▓█')
  })

  it('what is too wide is made smaller', () => {
    const wide = viz.pictures({ values: Float32Array.from({ length: 200 }, (_, i) => i % 2), shape: [2, 100] })
    expect(wide.toString({ depth: 1, columns: 50 })).toBe('▒'.repeat(50))
  })

  it('a terminal that does not know its width has 80 characters', () => {
    const was = Object.getOwnPropertyDescriptor(process.stdout, 'columns')
    Object.defineProperty(process.stdout, 'columns', { value: 0, configurable: true })
    const wide = viz.pictures({ values: new Uint8Array(200).fill(255), shape: [1, 200] })
    const text = wide.toString({ depth: 1 })
    if (was === undefined) Reflect.deleteProperty(process.stdout, 'columns')
    else Object.defineProperty(process.stdout, 'columns', was)
    expect(text).toBe('█'.repeat(80))
  })

  it('is what the console shows', () => {
    vi.stubEnv('FORCE_COLOR', '3')
    expect(inspect(drawing)).toBe(drawing.toString({ depth: 24 }))
    vi.unstubAllEnvs()
  })
})

describe('colours', () => {
  afterEach(() => void vi.unstubAllEnvs())
  const terminal = (isTTY: boolean, env: Readonly<Record<string, string | undefined>>): number => {
    const was = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY')
    Object.defineProperty(process.stdout, 'isTTY', { value: isTTY, configurable: true })
    for (const name of [
      'FORCE_COLOR',
      'NO_COLOR',
      'NODE_DISABLE_COLORS',
      'COLORTERM',
      'TERM',
      'CI',
      'TMUX',
      'TERM_PROGRAM',
    ])
      vi.stubEnv(name, env[name])
    const depth = colorDepth()
    if (was === undefined) Reflect.deleteProperty(process.stdout, 'isTTY')
    else Object.defineProperty(process.stdout, 'isTTY', was)
    return depth
  }

  it.each([
    ['a pipe', false, { TERM: 'xterm-256color', COLORTERM: 'truecolor' }, 1],
    ['a pipe that is forced', false, { FORCE_COLOR: '3' }, 24],
    ['a terminal of true colours', true, { TERM: 'xterm-256color', COLORTERM: 'truecolor' }, 24],
    // Windows goes by its own version, and by no TERM.
    ...(process.platform === 'win32' ? [] : [['a terminal of 256', true, { TERM: 'xterm-256color' }, 8] as const]),
    ['NO_COLOR', true, { TERM: 'xterm-256color', COLORTERM: 'truecolor', NO_COLOR: '1' }, 1],
  ] as const)('%s', (_, isTTY, env, depth) => {
    expect(terminal(isTTY, env)).toBe(depth)
  })
})

/** The matrix of so many classes, of which each is taken for itself once. */
function of(classes: number): report.ConfusionMatrix {
  const labels = Array.from({ length: classes }, (_, i) => i)
  return report.confusionMatrix(labels, labels)
}

it.each<[string, () => unknown, RegExp]>([
  [
    'numbers in a row',
    () => viz.pictures([1, 2, 3]),
    /viz\.pictures: expected pictures \[samples, height, width, channels\], got \[3\]/,
  ],
  ['no numbers', () => viz.pictures('cat' as never), /numbers/],
  [
    'unknown colours',
    () => viz.pictures([[1]], { colors: 'gray' as never }),
    /colors: expected one of 'grey'.*did you mean 'grey'/,
  ],
  ['a misspelt option', () => viz.featureMaps([[1]], { column: 2 } as never), /unknown option 'column'.*columns/],
  ['no columns', () => viz.pictures([[1]], { columns: 0 }), /columns: expected an integer ≥ 1, got 0/],
  [
    'a range turned over',
    () => viz.pictures([[1]], { range: [1, 0] }),
    /range: expected two numbers, the smaller one first/,
  ],
  ['a kernel of other axes', () => viz.filters([[1]]), /a kernel \[height, width, channels, filters\], got \[1, 1\]/],
  [
    'maps of another size',
    () => viz.overlay(ops.zeros([2, 4, 4, 3]), ops.zeros([2, 4, 5])),
    /maps: expected \[2, 4, 4\], as x has/,
  ],
  ['an opacity of 2', () => viz.overlay([[1]], [[1]], { opacity: 2 }), /opacity: expected a number in \[0, 1\], got 2/],
  [
    'an opacity that is text',
    () => viz.overlay([[1]], [[1]], { opacity: '0.5' as never }),
    /opacity: expected a number in \[0, 1\], got '0.5'/,
  ],
  [
    'two channels',
    () => viz.pictures(ops.zeros([2, 4, 4, 2])),
    /viz\.pictures: expected pictures of 1, 3 or 4 channels, got \[2, 4, 4, 2\]/,
  ],
  [
    'one feature map',
    () => viz.featureMaps(ops.zeros([4, 4, 8])),
    /feature maps \[samples, height, width, channels\], got \[4, 4, 8\]/,
  ],
  [
    'what is not finite',
    () => viz.pictures([[1, Number.NaN]]),
    /viz\.pictures sample 0, feature 1: expected a finite number, got NaN/,
  ],
  [
    'options of a PNG that there are not',
    () => viz.pictures([[1]]).png({ scael: 2 } as never),
    /Drawing\.png: unknown option 'scael'.*'scale'/,
  ],
  [
    'more classes than there is room for',
    () => viz.confusionMatrix(of(257)),
    /at most 256 classes, got 257\. Draw the counts alone/,
  ],
  ['no matrix', () => viz.confusionMatrix([[1]] as never), /what report\.confusionMatrix gives/],
  ['a scale of 0', () => viz.pictures([[1]]).png({ scale: 0 }), /Drawing\.png\.scale/],
  ['a depth of 3', () => viz.pictures([[1]]).toString({ depth: 3 as never }), /depth: expected one of 1, 4, 8, 24/],
])('refuses %s', (_, call, message) => {
  expect(call).toThrow(message)
})
