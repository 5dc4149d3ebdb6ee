import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { mnist } from 'ferrograd/datasets'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const real = fileURLToPath(new URL('../../../shared/data/mnist', import.meta.url))

/** An IDX file: `shape` big-endian after the magic number, then the bytes. */
function idx(shape: readonly number[], bytes: readonly number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length)
  header.writeUInt32BE(0x0800 + shape.length)
  shape.forEach((length, axis) => void header.writeUInt32BE(length, 4 + 4 * axis))
  return Buffer.concat([header, Buffer.from(bytes)])
}

const images = idx([2, 2, 3], [0, 51, 102, 153, 204, 255, 5, 4, 3, 2, 1, 0])
const labels = idx([2], [7, 9])

describe('mnist', () => {
  let dir = ''
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ferrograd-mnist-'))
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  function write(part: string, imageFile: Buffer, labelFile: Buffer, suffix = ''): void {
    writeFileSync(join(dir, `${part}-images-idx3-ubyte${suffix}`), imageFile)
    writeFileSync(join(dir, `${part}-labels-idx1-ubyte${suffix}`), labelFile)
  }

  test('reads plain and gzipped files alike', () => {
    write('train', images, labels)
    write('t10k', gzipSync(images), gzipSync(labels), '.gz')
    const { train, test: held } = mnist({ dir })
    expect(train).toEqual(held)
    expect(train.x.shape).toEqual([2, 6])
    expect(train.y).toEqual(Int32Array.of(7, 9))
    expect(train.x.values[1]).toBeCloseTo(0.2, 7)
  })

  test('lays images out as asked, unscaled if asked', () => {
    write('train', images, labels)
    const { train } = mnist({ dir, parts: ['train'], layout: 'channels', scale: false })
    expect(train.x.shape).toEqual([2, 2, 3, 1])
    expect(Array.from(train.x.values.subarray(0, 6))).toEqual([0, 51, 102, 153, 204, 255])
  })

  test('says what is missing', () => {
    write('t10k', images, labels)
    const message = /holds no train-images-idx3-ubyte, no train-labels-idx1-ubyte .*parts: \['test'\]/
    expect(() => mnist({ dir })).toThrow(message)
    expect(Object.keys(mnist({ dir, parts: ['test'] }))).toEqual(['test'])
  })

  test.each([
    ['a cut file', images.subarray(0, 20), labels, /expected \[2, 2, 3\] of uint8 after the header, got 4 bytes/],
    ['a file of another kind', idx([9], [1, 2, 3, 4, 5, 6, 7, 8, 9]), labels, /expected 3 axes, got 1/],
    ['an empty file', Buffer.alloc(0), labels, /got an empty one/],
    ['damaged gzip', gzipSync(images).subarray(0, 30), labels, /damaged or cut short/],
    ['fewer labels than images', images, idx([1], [3]), /expected 2 labels, one an image, got 1/],
    ['a label past 9', images, idx([2], [3, 10]), /labels from 0 to 9, got 10/],
  ])('refuses %s', (_, imageFile, labelFile, message) => {
    write('train', imageFile, labelFile)
    const read = (): unknown => mnist({ dir, parts: ['train'] })
    expect(read).toThrow(message)
    expect(read).toThrow(expect.objectContaining({ code: 'ERR_FORMAT' }))
  })

  test.each([
    [{}, /mnist\.dir: expected the path of a folder, got undefined/],
    [{ dir: 'x', parts: ['tset'] }, /did you mean 'test'/i],
    [{ dir: 'x', layout: 'flatt' }, /did you mean 'flat'/i],
    [{ dir: 'x', directory: 'y' }, /directory/],
  ])('refuses the options %j', (options, message) => {
    expect(() => mnist(options as never)).toThrow(message)
  })

  test.skipIf(!existsSync(real))('reads the real files', () => {
    const { test: held } = mnist({ dir: real, parts: ['test'] })
    expect(held.x.shape).toEqual([10000, 784])
    expect(Array.from(held.y.subarray(0, 10))).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
  })
})
