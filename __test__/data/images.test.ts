/** Pictures of files: against what TensorFlow, Keras and Pillow make of the same files, and whatever else files may be. */

import {
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { FerrogradError, Sequential, viz } from 'ferrograd'
import { type Dataset, decodeImage, decodeImages, imageFolder, type Picture, type Sharp } from 'ferrograd/data'
import { Dense, Flatten, Rescaling } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

interface Numbers {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

interface Size {
  readonly size: readonly [number, number]
  readonly interpolation: 'bilinear' | 'nearest' | 'bicubic' | 'lanczos3' | 'mitchellcubic'
  readonly antialias: boolean
  readonly frame: 'stretch' | 'crop' | 'pad'
  readonly value: Numbers
}

const fixtures = new URL('../fixtures/image-files/', import.meta.url)
const path = (name: string): string => fileURLToPath(new URL(name, fixtures))
const bytes = (name: string): Buffer => readFileSync(new URL(name, fixtures))
const pictures = JSON.parse(bytes('pictures.json').toString()) as Readonly<Record<string, Numbers>>
const sizes = JSON.parse(bytes('sizes.json').toString()) as readonly Size[]

/** A link where there may be any: Windows asks for a right to make them, and wine makes none. */
function linked(target: string, link: string): boolean {
  try {
    symlinkSync(target, link)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
  return lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

// The real library, where `npm ci --prefix __test__/data/libraries` has installed it.
const require = createRequire(new URL('./libraries/package.json', import.meta.url))
let sharp: Sharp | undefined
try {
  sharp = ((await import(pathToFileURL(require.resolve('sharp')).href)) as { readonly default: Sharp }).default
} catch (error) {
  console.warn(`Without sharp, whose tests are skipped: ${(error as Error).message.split('\n')[0]}`)
}

/** The greatest difference, and the mean one. */
function differences(got: Picture, wanted: Numbers): { readonly most: number; readonly mean: number } {
  expect(got.shape).toEqual(wanted.shape)
  let [most, sum] = [0, 0]
  for (const [i, value] of got.values.entries()) {
    const off = Math.abs(value - wanted.data[i]!)
    most = Math.max(most, off)
    sum += off
  }
  return { most, mean: sum / got.values.length }
}

const refused = async (image: Parameters<typeof decodeImage>[0], options = {}): Promise<FerrogradError> => {
  const error = await decodeImage(image, options).catch((one: unknown) => one)
  expect(error).toBeInstanceOf(FerrogradError)
  return error as FerrogradError
}

describe('what is in a file', () => {
  const names = Object.keys(pictures)

  test.each(names.filter((name) => name.endsWith('.png')))('%s, to the bit', async (name) => {
    expect(differences(await decodeImage(path(name)), pictures[name]!).most).toBe(0)
    expect(differences(await decodeImage(bytes(name)), pictures[name]!).most).toBe(0)
  })

  // Decoders of JPEG round the cosine transform and the colours each in its way.
  test.each(names.filter((name) => name.endsWith('.jpg')))('%s, within 4 of 255', async (name) => {
    const { most, mean } = differences(await decodeImage(path(name)), pictures[name]!)
    expect(most).toBeLessThanOrEqual(4)
    expect(mean).toBeLessThan(1)
  })

  test('grey and alpha where they are asked for', async () => {
    const rgba = await decodeImage(path('rgba.png'), { colorMode: 'rgba' })
    expect(differences(rgba, pictures['rgba.png as rgba']!).most).toBe(0)
    expect(
      [...(await decodeImage(path('rgb.png'), { colorMode: 'rgba' })).values].filter((_, i) => i % 4 === 3),
    ).toEqual(new Array<number>(13 * 17).fill(255))
    const grey = await decodeImage(path('rgb.png'), { colorMode: 'grayscale' })
    expect(differences(grey, pictures['rgb.png as grey']!).most).toBe(0)
    const luma = await decodeImage(path('444.jpg'), { colorMode: 'grayscale' })
    expect(differences(luma, pictures['444.jpg as grey']!).most).toBeLessThanOrEqual(2)
  })

  test('sharp’s raw output, arrays and buffers go the same way', async () => {
    const { values, shape } = await decodeImage(path('rgb.png'))
    const [height, width, channels] = shape as [number, number, number]
    const raw = { data: Buffer.from(values), info: { width, height, channels } }
    const wanted = await decodeImage(path('rgb.png'), { size: [6, 5] })
    for (const image of [raw, { values, shape }, bytes('rgb.png'), new Uint8Array(bytes('rgb.png')).buffer])
      expect(await decodeImage(image, { size: [6, 5] })).toEqual(wanted)
    // A view of the middle of some memory is what it shows, at the call.
    const memory = Buffer.concat([Buffer.from('before'), bytes('rgb.png'), Buffer.from('behind')])
    const soon = decodeImage(memory.subarray(6, -6), { size: [6, 5] })
    memory.fill(0)
    expect(await soon).toEqual(wanted)
  })
})

describe('other sizes', () => {
  // Keras computes in floats; here each of the two passes rounds to a byte, and Lanczos's weights add up to 1.4 without their signs.
  test.each(sizes.map((one) => [`${one.size} ${one.interpolation} ${one.antialias} ${one.frame}`, one] as const))(
    '%s, within 1 of Keras',
    async (_, { size, interpolation, antialias, frame, value }) => {
      const cut = { cropToAspectRatio: frame === 'crop', padToAspectRatio: frame === 'pad' }
      const got = await decodeImage(path('rgb.png'), { size, interpolation, antialias, ...cut })
      const wanted = { ...value, data: value.data.map((one) => Math.min(255, Math.max(0, one))) }
      const { most, mean } = differences(got, wanted)
      expect(most).toBeLessThanOrEqual(interpolation === 'nearest' ? 0 : interpolation === 'lanczos3' ? 1.25 : 1.01)
      expect(mean).toBeLessThan(0.5)
    },
  )

  test('many at a time are each as one alone', async () => {
    const names = ['rgb.png', '420.jpg', 'grey-16.png', 'cmyk.jpg', 'one-pixel.jpg', 'palette.png']
    const all = await decodeImages(names.map(path), { size: 7 })
    expect(all.shape).toEqual([6, 7, 7, 3])
    for (const [i, name] of names.entries())
      expect((await decodeImage(path(name), { size: 7 })).values).toEqual(all.values.slice(i * 147, (i + 1) * 147))
    expect((await decodeImages([], { size: 7 })).shape).toEqual([0, 7, 7, 3])
  })
})

describe('what is no picture is refused', () => {
  test('by its first bytes, not by its name', async () => {
    expect(await refused(Buffer.from('text'))).toMatchObject({
      code: 'ERR_FORMAT',
      message: 'decodeImage: expected a picture (JPEG, PNG), got the first bytes 74 65 78 74',
    })
    expect(await refused(new Uint8Array(0))).toMatchObject({ code: 'ERR_FORMAT' })
    expect(await refused(path('missing.png'))).toMatchObject({ code: 'ERR_IO' })
    expect(await refused(tmpdir())).toMatchObject({ code: 'ERR_IO', message: expect.stringContaining('no file') })
  })

  test('by its header, before there is memory for it', async () => {
    const before = process.memoryUsage().rss
    expect(await refused(path('bomb.png'))).toMatchObject({
      code: 'ERR_DATA',
      message: 'decodeImage: 100000 × 100000 pixels, and at most 67108864 are allowed. Allow more by maxPixels',
    })
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20)
    expect(await refused(path('rgb.png'), { maxPixels: 220 })).toMatchObject({ code: 'ERR_DATA' })
    expect((await decodeImage(path('rgb.png'), { maxPixels: 221 })).shape).toEqual([13, 17, 3])
  })

  test('cut off anywhere', async () => {
    for (const name of ['420.jpg', 'progressive.jpg', 'thumbnail.jpg', 'rgb.png'])
      for (const share of [0.3, 0.6, 0.9]) {
        const file = bytes(name)
        const { code, message } = await refused(file.subarray(0, Math.floor(file.length * share)))
        expect([code, message]).toEqual(['ERR_FORMAT', expect.stringMatching(/damaged or cut off|cut off/)])
      }
  })

  test('with the number of the picture', async () => {
    await expect(decodeImages([bytes('rgb.png'), Buffer.from('x')], { size: 4 })).rejects.toThrow(
      /^decodeImages\[1\]: /,
    )
  })

  test.each([
    [7, 'decodeImage: expected a path, bytes'],
    [{ values: new Float32Array(3), shape: [1, 1, 3] }, 'decodeImage: expected bytes (a Uint8Array)'],
    [
      { values: new Uint8Array(3), shape: [1, 1, 4] },
      'decodeImage: expected [height, width, 1 to 4 channels] of 3 bytes',
    ],
    [
      { values: new Uint8Array(5), shape: [1, 1, 5] },
      'decodeImage: expected [height, width, 1 to 4 channels] of 5 bytes',
    ],
    [
      { values: new Uint8Array(0), shape: [0, 0, 3] },
      'decodeImage: expected [height, width, 1 to 4 channels] of 0 bytes',
    ],
  ])('%j', async (image, message) => {
    expect((await refused(image as never)).message).toContain(message)
  })

  test.each([
    [
      { size: [0, 4] },
      'ERR_CONFIG',
      'decodeImage.size: expected an integer ≥ 1, or 2 of them, one an axis, got [0, 4]',
    ],
    [{ size: 70_000 }, 'ERR_CONFIG', 'decodeImage.size: expected sides of at most 65535'],
    [{ colorMode: 'rbg' }, 'ERR_CONFIG', "did you mean 'rgb'?"],
    [{ interpolation: 'linear' }, 'ERR_CONFIG', "did you mean 'bilinear'?"],
    [{ maxPixels: 0 }, 'ERR_CONFIG', 'decodeImage.maxPixels'],
    [{ size: 4, cropToAspectRatio: true, padToAspectRatio: true }, 'ERR_CONFIG', 'decodeImage.cropToAspectRatio'],
    [
      { padToAspectRatio: true },
      'ERR_CONFIG',
      'decodeImage.size: expected a height and a width beside padToAspectRatio',
    ],
    [{ siez: 4 }, 'ERR_CONFIG', "decodeImage: unknown option 'siez'. Did you mean 'size'?"],
  ])('%j', async (options, code, message) => {
    expect(await refused(path('rgb.png'), options)).toMatchObject({ code, message: expect.stringContaining(message) })
  })
})

describe('formats that others decode', () => {
  test('take sharp, and say so', async () => {
    const where = path('foreign.webp')
    const error = await refused(where)
    // Where the project has sharp beside it, the picture is read.
    expect(error).toMatchObject({
      code: 'ERR_CONFIG',
      message: `${where}: expected sharp, got a package that is not installed. JPEG and PNG are decoded without it; for WebP: npm install sharp`,
    })
  })

  test('go through what is called as sharp is', async () => {
    const { data } = pictures['rgb.png']!
    const asked: unknown[] = []
    const stand: Sharp = (input, options) => {
      asked.push([input.length, options])
      const image = {
        toColourspace: () => image,
        raw: () => image,
        toBuffer: async () => ({ data: Uint8Array.from(data), info: { width: 17, height: 13, channels: 3 } }),
      }
      return image
    }
    for (const options of [{}, { size: [6, 5] as const }]) {
      const got = await decodeImage(path('foreign.bmp'), { ...options, maxPixels: 1000, sharp: stand })
      expect(got).toEqual(await decodeImage(path('rgb.png'), options))
    }
    expect(asked[0]).toEqual([bytes('foreign.bmp').length, { limitInputPixels: 1000 }])
    const broken: Sharp = () => {
      throw new Error('no such codec')
    }
    expect(await refused(path('foreign.gif'), { sharp: broken })).toMatchObject({
      code: 'ERR_FORMAT',
      message: 'decodeImage: sharp cannot read it as GIF: no such codec',
    })
  })

  test.skipIf(sharp === undefined).each(['foreign.webp', 'foreign.gif'])('%s by sharp itself', async (name) => {
    const got = await decodeImages([path('rgb.png'), bytes(name)], { size: [13, 17], sharp: sharp! })
    const own = { values: got.values.slice(13 * 17 * 3), shape: [13, 17, 3] }
    expect(differences(own, pictures[name]!).most).toBe(0)
  })
})

describe('a folder', () => {
  let folder: string
  let hasLink: boolean
  /** Twelve pictures of two classes; a few files that are none. */
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ferrograd-pictures-'))
    for (const name of ['cats', 'dogs/small', 'dogs/large', '.hidden'])
      mkdirSync(join(folder, name), { recursive: true })
    for (let i = 0; i < 5; i++) copyFileSync(path('rgb.png'), join(folder, `cats/${i}.png`))
    copyFileSync(path('444.jpg'), join(folder, 'cats/wrongly-called.png'))
    for (let i = 0; i < 4; i++) copyFileSync(path('420.jpg'), join(folder, `dogs/small/${i}.JPG`))
    for (let i = 0; i < 2; i++) copyFileSync(path('grey.png'), join(folder, `dogs/large/${i}.jpeg`))
    copyFileSync(path('rgb.png'), join(folder, '.hidden/1.png'))
    copyFileSync(path('rgb.png'), join(folder, 'beside.png'))
    writeFileSync(join(folder, 'cats/notes.txt'), 'text')
    hasLink = linked(join(folder, 'cats'), join(folder, 'dogs/link'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const labels = async (data: Dataset<{ readonly y: number }>): Promise<number[]> =>
    (await data.toArray()).map(({ y }) => y)

  test('is pictures and the numbers of their folders', async () => {
    const data = await imageFolder(folder, { size: [6, 5], shuffle: false })
    expect([data.classNames, data.count, data.files.length]).toEqual([['cats', 'dogs'], 12, 12])
    expect(data.files.map((file) => relative(folder, file).replaceAll(sep, '/'))).toEqual([
      ...[0, 1, 2, 3, 4].map((i) => `cats/${i}.png`),
      'cats/wrongly-called.png',
      ...[0, 1].map((i) => `dogs/large/${i}.jpeg`),
      ...[0, 1, 2, 3].map((i) => `dogs/small/${i}.JPG`),
    ])
    const rows = await data.toArray()
    expect(rows.map(({ y }) => y)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    for (const [i, { x }] of rows.entries()) expect(x).toEqual(await decodeImage(data.files[i]!, { size: [6, 5] }))
    const [first] = await data.batch(8).toArray()
    expect([first!.x.shape, first!.x.values.constructor, first!.y.values]).toEqual([
      [8, 6, 5, 3],
      Uint8Array,
      Int32Array.of(0, 0, 0, 0, 0, 0, 1, 1),
    ])
  })

  test('labels as they are asked for', async () => {
    const size = 2
    const [hot] = await (await imageFolder(folder, { size, labelMode: 'categorical', shuffle: false }))
      .take(1)
      .toArray()
    expect(hot!.y).toEqual({ values: Float32Array.of(1, 0), shape: [2] })
    const binary = await (await imageFolder(folder, { size, labelMode: 'binary', shuffle: false })).skip(11).toArray()
    expect(binary[0]!.y).toEqual({ values: Float32Array.of(1), shape: [1] })
    const none = await imageFolder(folder, { size, labels: null, shuffle: false })
    // Without classes all folders count, and so does what lies beside them.
    expect([none.count, none.classNames, Object.keys((await none.take(1).toArray())[0]!)]).toEqual([14, [], ['x']])
    expect(await labels(await imageFolder(folder, { size, classNames: ['dogs', 'cats'], shuffle: false }))).toEqual([
      0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1,
    ])
    const only = await imageFolder(folder, { size, classNames: ['dogs'], followLinks: true })
    expect(only.count).toBe(hasLink ? 12 : 6)
    const given = Array.from({ length: 14 }, (_, i) => i % 3)
    const own = await imageFolder(folder, { size, labels: given, shuffle: false })
    expect([await labels(own), own.classNames]).toEqual([given, ['0', '1', '2']])
  })

  test('is mixed anew each pass, by its seed', async () => {
    const options = { size: 2, seed: 3 } as const
    const [data, same] = [await imageFolder(folder, options), await imageFolder(folder, options)]
    const [first, second] = [await labels(data), await labels(data)]
    expect(first).not.toEqual(second)
    expect([await labels(same), await labels(same)]).toEqual([first, second])
    expect(first.toSorted()).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    const other = await imageFolder(folder, { ...options, seed: 4 })
    expect(await labels(other)).not.toEqual(first)
  })

  test.each(['throw', 'skip'] as const)('goes on at any place as it would have (%s)', async (onError) => {
    const make = async () =>
      (await imageFolder(folder, { size: 3, seed: 1, onError })).map(({ x, y }) => [y, ...x.values])
    const rest = async (data: Dataset<unknown>): Promise<unknown[]> => {
      const all: unknown[] = []
      for await (const one of data) all.push(one)
      return all
    }
    const whole = await make()
    const passes = [await rest(whole), await rest(whole)]
    for (const given of [0, 1, 5, 11, 12])
      for (const pass of [0, 1]) {
        const data = await make()
        data.restore({ pass, given })
        expect(await rest(data)).toEqual(passes[pass]!.slice(given))
      }
  })

  test('sets pictures aside, the same whoever asks', async () => {
    const options = { size: 2, validationSplit: 0.25, seed: 5 } as const
    const [training, validation] = await imageFolder(folder, { ...options, subset: 'both' })
    expect([training.count, validation.count]).toEqual([9, 3])
    // Of a pair those for validation keep their order, as Keras's do.
    expect(await labels(validation)).toEqual(validation.files.map((file) => Number(file.includes('dogs'))))
    expect([...training.files, ...validation.files].toSorted()).toEqual((await imageFolder(folder)).files)
    expect((await imageFolder(folder, { ...options, subset: 'training' })).files).toEqual(training.files)
    const aside = await imageFolder(folder, { ...options, subset: 'validation', shuffle: false })
    expect([aside.files, aside.classNames]).toEqual([validation.files, ['cats', 'dogs']])
    const other = await imageFolder(folder, { ...options, seed: 6, subset: 'validation' })
    expect(other.files).not.toEqual(validation.files)
  })

  test('is trained on, and the stages that know numbers read nothing', async () => {
    const two = mkdtempSync(join(tmpdir(), 'ferrograd-two-'))
    for (const [label, value] of [20, 220].entries()) {
      mkdirSync(join(two, `${label}`), { recursive: true })
      for (let i = 0; i < 6; i++) {
        const one = { values: new Uint8Array(64).map((_, k) => value + ((7 * k + i) % 30)), shape: [8, 8] }
        writeFileSync(join(two, `${label}/${i}.png`), viz.pictures(one, { range: [0, 255] }).png({ scale: 1 }))
      }
    }
    const data = await imageFolder(two, { size: 8, seed: 1, colorMode: 'grayscale' })
    const model = new Sequential([
      new Rescaling({ scale: 1 / 255 }),
      new Flatten(),
      new Dense({ units: 2, activation: 'softmax' }),
    ])
    model.compile({
      optimizer: new Adam({ learningRate: 0.05 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    })
    const { history } = await model.fit(data.batch(5), { epochs: 40, verbose: 0 })
    expect(history.accuracy!.at(-1)).toBe(1)
    rmSync(two, { recursive: true })
    expect((await data.shard(3, 0).split(0.5)).train.count).toBe(2)
  })

  test('decodes off the event loop', async () => {
    const data = await imageFolder(folder, { size: 400, interpolation: 'lanczos3' })
    let turns = 0
    const timer = setInterval(() => {
      turns += 1
    }, 1)
    await data.batch(12).toArray()
    clearInterval(timer)
    expect(turns).toBeGreaterThan(2)
  })

  describe('with files that are no pictures', () => {
    let damaged: string
    let hasGone: boolean
    beforeAll(() => {
      damaged = mkdtempSync(join(tmpdir(), 'ferrograd-damaged-'))
      mkdirSync(join(damaged, 'a'))
      for (let i = 0; i < 6; i++) copyFileSync(path('rgb.png'), join(damaged, `a/${i}.png`))
      writeFileSync(join(damaged, 'a/2-cut.jpg'), bytes('420.jpg').subarray(0, 900))
      copyFileSync(path('bomb.png'), join(damaged, 'a/bomb.png'))
      writeFileSync(join(damaged, 'a/text.png'), 'text')
      hasGone = linked(join(damaged, 'nowhere'), join(damaged, 'a/gone.png'))
    })
    afterAll(() => rmSync(damaged, { recursive: true }))

    test('names the first', async () => {
      const data = await imageFolder(damaged, { size: 4, shuffle: false })
      expect(data.count).toBe(hasGone ? 10 : 9)
      await expect(data.toArray()).rejects.toMatchObject({
        code: 'ERR_FORMAT',
        message: `${join(damaged, 'a/2-cut.jpg')}: a JPEG file that is cut off: its end is missing`,
      })
      await expect(data.take(2).toArray()).resolves.toHaveLength(2)
    })

    test('leaves them out where that is asked, warns once and tells which', async () => {
      const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
      const data = await imageFolder(damaged, { size: 4, onError: 'skip', seed: 2 })
      for (let pass = 0; pass < 2; pass++) expect(await data.toArray()).toHaveLength(6)
      const skipped = new Map([...data.skipped].map(([file, { code }]) => [basename(file), code]))
      const expected = { '2-cut.jpg': 'ERR_FORMAT', 'bomb.png': 'ERR_DATA', 'text.png': 'ERR_FORMAT' }
      expect(Object.fromEntries(skipped)).toEqual({ ...expected, ...(hasGone && { 'gone.png': 'ERR_IO' }) })
      expect(warn).toHaveBeenCalledTimes(hasGone ? 4 : 3)
      expect(warn.mock.calls[0]).toEqual([
        expect.stringMatching(/It is skipped$/),
        { type: 'FerrogradWarning', code: 'FERROGRAD_IMAGE' },
      ])
      warn.mockRestore()
      const [whole] = await data.batch(6).toArray()
      expect(whole!.x.shape).toEqual([6, 4, 4, 3])
    })

    test('a package that is missing is nobody’s damage', async () => {
      copyFileSync(path('foreign.webp'), join(damaged, 'a/z.webp'))
      const data = await imageFolder(damaged, { size: 4, onError: 'skip', shuffle: false })
      const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
      await expect(data.toArray()).rejects.toMatchObject({ code: 'ERR_CONFIG' })
      warn.mockRestore()
    })
  })

  test.each([
    [{ labels: [1, 2] }, 'ERR_SHAPE', 'imageFolder.labels: expected 14 classes, one for each file, got 2'],
    [
      { labels: new Array(14).fill(-1) },
      'ERR_DATA',
      'imageFolder.labels[0]: expected an integer from 0 to 1048575, got -1',
    ],
    [
      { labels: new Array(14).fill(2 ** 31 - 1) },
      'ERR_DATA',
      'imageFolder.labels[0]: expected an integer from 0 to 1048575',
    ],
    [
      { classNames: ['cats', 'dogs', 'cats'] },
      'ERR_CONFIG',
      "imageFolder.classNames: expected each class once, got 'cats'",
    ],
    [{ classNames: 'cats' }, 'ERR_CONFIG', "imageFolder.classNames: expected a list of strings, got 'cats'"],
    [{ sharp: {} }, 'ERR_CONFIG', "imageFolder.sharp: expected what import('sharp') has by default"],
    [{ clasNames: [] }, 'ERR_CONFIG', "imageFolder: unknown option 'clasNames'. Did you mean 'classNames'?"],
    [{ labels: 'infered' }, 'ERR_CONFIG', "imageFolder.labels: expected 'inferred', a list of class numbers, or null"],
    [{ labelMode: 'onehot' }, 'ERR_CONFIG', "imageFolder.labelMode: expected one of 'int', 'categorical', 'binary'"],
    [{ labelMode: 'binary', classNames: ['cats'] }, 'ERR_CONFIG', "expected two classes for 'binary', got 1"],
    [{ classNames: ['cast'] }, 'ERR_CONFIG', "did you mean 'cats'?"],
    [
      { classNames: ['cats'], labels: null },
      'ERR_CONFIG',
      "imageFolder.classNames: expected labels: 'inferred' beside it",
    ],
    [{ validationSplit: 0.2 }, 'ERR_CONFIG', 'imageFolder.subset: expected a value, as validationSplit has one'],
    [{ subset: 'both' }, 'ERR_CONFIG', 'imageFolder.validationSplit: expected a value, as subset has one'],
    [{ validationSplit: 0.01, subset: 'both' }, 'ERR_DATA', 'at least one picture on either side, got 0 of 12'],
    [{ validationSplit: 1, subset: 'both' }, 'ERR_CONFIG', 'imageFolder.validationSplit: expected a number'],
    [{ size: [4] }, 'ERR_CONFIG', 'imageFolder.size: expected an integer ≥ 1, or 2 of them, one an axis'],
    [{ onError: 'ignore' }, 'ERR_CONFIG', "imageFolder.onError: expected one of 'throw', 'skip'"],
    [{ batchSize: 3 }, 'ERR_CONFIG', "imageFolder: unknown option 'batchSize'"],
  ])('%j is refused', async (options, code, message) => {
    const error: unknown = await imageFolder(folder, options as never).catch((one: unknown) => one)
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
  })

  test('a folder that is not there, or has none', async () => {
    await expect(imageFolder(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'ERR_IO' })
    await expect(imageFolder(join(folder, 'dogs/small'))).rejects.toThrow('expected a folder for each class, got none')
    await expect(imageFolder(join(folder, '.hidden'), { labels: null })).resolves.toMatchObject({ count: 1 })
    await expect(imageFolder(7 as never)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})
