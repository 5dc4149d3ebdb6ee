/** What a layer logs by `addMetric` is its mean over the samples of an epoch, a short last batch counted for what it is. */
import { ops, Sequential, type Tensor } from 'ferrograd'
import { type CallContext, Dense, Layer } from 'ferrograd/layers'
import { expect, test } from 'vitest'

class Watch extends Layer {
  override call(x: Tensor): Tensor {
    this.addMetric('mean_input', ops.mean(x))
    return x
  }
}

const x = [[1], [2], [6]]
const y = [0, 0, 0]

test('the mean over an uneven epoch, in training, validation and evaluation', async () => {
  const model = new Sequential([new Watch({ inputShape: [1] }), new Dense({ units: 1 })])
  model.compile({ optimizer: 'sgd', loss: 'mse' })
  const { history } = await model.fit(x, y, { batchSize: 2, epochs: 2, verbose: 0, validationData: [x, y] })
  expect(Object.keys(history).sort()).toEqual(['loss', 'mean_input', 'val_loss', 'val_mean_input'])
  for (const value of history.mean_input!) expect(value).toBeCloseTo(3, 6)
  expect((await model.evaluate([[5], [7]], [0, 0])).mean_input).toBeCloseTo(6, 6)
})

test('a value that is not a scalar is refused where it is logged', () => {
  class Wrong extends Layer {
    override call(x: Tensor): Tensor {
      this.addMetric('all', x)
      return x
    }
  }
  const build = (): Sequential => new Sequential([new Wrong({ inputShape: [2] }), new Dense({ units: 1 })])
  expect(build).toThrow(expect.objectContaining({ code: 'ERR_SHAPE', message: expect.stringContaining("'all'") }))
})

test.each([false, true])(
  'what a layer adds in training alone is of training alone (evaluated before: %s)',
  async (before) => {
    class Noisy extends Layer {
      override call(x: Tensor, { training }: CallContext): Tensor {
        if (training) {
          this.addMetric('trained_input', ops.mean(x))
          this.addLoss(ops.multiply(ops.mean(ops.square(x)), 0.5))
        } else this.addMetric('tested_input', ops.mean(x))
        return x
      }
    }
    const model = new Sequential([new Noisy({ inputShape: [1] }), new Dense({ units: 1 })])
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    if (before) expect(Object.keys(await model.evaluate(x, y))).toEqual(['loss', 'tested_input'])
    const { history } = await model.fit(x, y, { epochs: 2, verbose: 0, validationData: [x, y] })
    expect(Object.keys(history)).toEqual(['loss', 'penalty', 'trained_input', 'val_loss', 'val_tested_input'])
    for (const epoch of [0, 1]) {
      expect(history.trained_input![epoch]).toBeCloseTo(3, 6)
      expect(history.penalty![epoch]).toBeCloseTo((0.5 * (1 + 4 + 36)) / 3, 5)
      expect(history.val_tested_input![epoch]).toBeCloseTo(3, 6)
    }
  },
)

test('a name that the logs have already is refused', async () => {
  class Clash extends Layer {
    override call(x: Tensor): Tensor {
      this.addMetric('loss', ops.mean(x))
      return x
    }
  }
  const model = new Sequential([new Clash({ inputShape: [1] }), new Dense({ units: 1 })])
  model.compile({ optimizer: 'sgd', loss: 'mse' })
  await expect(model.fit(x, y, { verbose: 0 })).rejects.toThrow(
    "addMetric: expected a name that no loss or metric has, got 'loss'",
  )
})
