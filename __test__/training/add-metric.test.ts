/** What a layer logs by `addMetric` is its mean over the samples of an epoch, a short last batch counted for what it is. */
import { ops, Sequential, type Tensor } from 'ferrograd'
import { Dense, Layer } from 'ferrograd/layers'
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
