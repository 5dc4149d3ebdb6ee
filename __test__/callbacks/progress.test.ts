import { ProgbarLogger } from 'ferrograd/callbacks'
import { describe, expect, test } from 'vitest'
import {
  drawBar,
  formatNumber,
  formatSeconds,
  type LineParts,
  liveLine,
  plain,
  plainLine,
} from '../../ts/callbacks/progress-line.js'

const parts: LineParts = {
  epoch: 3,
  epochs: 12,
  step: 9,
  steps: 36,
  samples: 288,
  seconds: 0.5,
  waited: 0.01,
  logs: { loss: 0.123456, accuracy: 0.9731 },
  done: false,
}

describe('the line', () => {
  test('shows everything where there is room', () => {
    expect(liveLine(parts, 120, plain)).toBe(
      'Epoch  3/12  ━━━━━━━╸──────────────────────   9/36  loss 0.1235  accuracy 0.9731  ETA 1.5s  576 samples/s',
    )
  })

  test.each([120, 100, 80, 60, 40, 20])('fits %i columns', (columns) => {
    expect(liveLine(parts, columns, plain).length).toBeLessThanOrEqual(columns)
  })

  test('drops the rate first, then the time, never the loss while there is room', () => {
    expect(liveLine(parts, 80, plain)).not.toContain('samples/s')
    expect(liveLine(parts, 70, plain)).toContain('loss 0.1235')
  })

  test('is plain in a log file', () => {
    expect(plainLine({ ...parts, done: true })).toBe('Epoch  3/12  loss 0.1235  accuracy 0.9731  0.50s  576 samples/s')
  })

  test('says where a twentieth of the time or more went by for want of data', () => {
    const waiting = { ...parts, waited: 0.21 }
    expect(plainLine({ ...waiting, done: true })).toMatch(/576 samples\/s {2}42% waiting for data$/)
    expect(liveLine(waiting, 140, plain)).toMatch(/576 samples\/s {2}42% waiting for data$/)
    expect(liveLine(waiting, 100, plain)).not.toContain('waiting')
  })

  test('draws half characters', () => {
    expect(drawBar(0, 4, plain)).toBe('────')
    expect(drawBar(0.625, 4, plain)).toBe('━━╸─')
    expect(drawBar(1, 4, plain)).toBe('━━━━')
  })

  test.each([
    [0.03125, '0.0313'],
    [0, '0.0000'],
    [1.2e-7, '1.20e-7'],
    [123.456, '123.46'],
    [Number.NaN, 'NaN'],
    [2e9, '2.00e+9'],
  ])('%d is written %s', (value, text) => {
    expect(formatNumber(value)).toBe(text)
  })

  test.each([
    [0.0034, '3ms'],
    [0.42, '0.42s'],
    [5.23, '5.2s'],
    [59.4, '59s'],
    [185, '3m 05s'],
    [7620, '2h 07m'],
  ])('%d seconds are %s', (value, text) => {
    expect(formatSeconds(value)).toBe(text)
  })
})

/** Runs one epoch of two steps through a logger and returns what it wrote. */
function written(verbose: 0 | 1 | 2, stream: { isTTY?: boolean; columns?: number }): string {
  const chunks: string[] = []
  const logger = new ProgbarLogger({ stream: { write: (text: string) => chunks.push(text), ...stream } })
  logger.setParams({ epochs: 1, initialEpoch: 0, steps: 2, samples: 64, verbose, logNames: ['loss'] })
  logger.onEpochBegin(0)
  logger.onTrainProgress({ epoch: 0, step: 1, steps: 2, samples: 32, seconds: 0.1, waited: 0 }, { loss: 2 })
  logger.onEpochEnd(0, { loss: 1, val_loss: 3 })
  return chunks.join('')
}

describe('ProgbarLogger', () => {
  test('redraws one line on a terminal', () => {
    const text = written(1, { isTTY: true, columns: 100 })
    expect(text.split('\r')).toHaveLength(4)
    expect(text.match(/\n/g)).toHaveLength(1)
    expect(text).toContain('1/2  loss 2.0000')
    expect(text.endsWith('\n')).toBe(true)
    expect(text).toContain('2/2  loss 1.0000  val_loss 3.0000')
  })

  test('writes one line an epoch elsewhere, and with verbose 2', () => {
    for (const text of [written(1, {}), written(2, { isTTY: true })]) {
      expect(text).toMatch(/^Epoch 1\/1 {2}loss 1\.0000 {2}val_loss 3\.0000 .*\n$/)
    }
  })

  test('is silent at 0', () => {
    expect(written(0, { isTTY: true })).toBe('')
  })
})
