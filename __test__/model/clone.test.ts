/** A clone has the layers, not the weights; both learn apart. */
import { cloneModel, input, Model, Sequential, tensor } from 'ferrograd'
import { Add, Dense } from 'ferrograd/layers'
import { expect, test } from 'vitest'

const x = tensor([
  [1, 2],
  [3, 4],
])

function models(): Model[] {
  const start = input({ shape: [2] })
  const bent = new Dense({ units: 2, activation: 'tanh', kernelInitializer: 'glorotUniform' }).apply(start)
  const sequence = new Sequential([new Dense({ units: 3, inputShape: [2] }), new Dense({ units: 1 })])
  return [sequence, new Model({ inputs: start, outputs: new Add().apply([start, bent]) })]
}

test('a clone computes the same once it has the weights, and keeps them when the model learns on', async () => {
  for (const model of models()) {
    const twin = cloneModel(model)
    expect(twin.summary({ print: false })).toEqual(model.summary({ print: false }))
    expect([...twin.weights[0]!.dataSync()]).not.toEqual([...model.weights[0]!.dataSync()])
    twin.setWeights(model.getWeights())
    const before = [...(await model.predict(x)).dataSync()]
    expect([...(await twin.predict(x)).dataSync()]).toEqual(before)
    model.compile({ optimizer: 'sgd', loss: 'mse' })
    await model.fit(x, tensor(new Float32Array(before.length), [2, before.length / 2]), { verbose: 0 })
    expect([...(await twin.predict(x)).dataSync()]).toEqual(before)
    expect([...(await model.predict(x)).dataSync()]).not.toEqual(before)
  }
})
