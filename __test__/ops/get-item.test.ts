/** Parts of tensors in NumPy's way, with axes left to an ellipsis. */

import { expect, it } from 'vitest'
import { tensor } from '../../ts/core/tensor.js'
import { modelFromConfig } from '../../ts/model/from-config.js'
import * as ops from '../../ts/ops.js'
import { caught } from '../caught.js'

const x = ops.reshape(ops.arange(24), [2, 3, 4])

it('an ellipsis stands for the axes that no item is for', () => {
  const last = ops.getItem(x, ['...', { stop: 2 }])
  expect(last.shape).toEqual([2, 3, 2])
  expect(last.arraySync()).toEqual(ops.getItem(x, [{}, {}, { stop: 2 }]).arraySync())
  expect(ops.getItem(x, [1, '...', 0]).arraySync()).toEqual([12, 16, 20])
  expect(ops.getItem(x, ['...', null, -1]).shape).toEqual([2, 3, 1])
  expect(ops.getItem(x, [0, '...', 1, 2]).itemSync()).toBe(6)
  expect((caught(() => ops.getItem(x, ['...', '...'])) as Error).message).toContain('at most once')
  expect((caught(() => ops.getItem(x, ['...', 0, 0, 0, 0])) as Error).message).toContain('at most 3 axes')
})

it("a graph of Keras's with an ellipsis is read and written as it was", () => {
  const sent = {
    class_name: '__keras_tensor__',
    config: { shape: [null, 3, 4], dtype: 'float32', keras_history: ['i', 0, 0] },
  }
  const key = [
    { class_name: '__ellipsis__', config: {} },
    { class_name: '__slice__', config: { start: null, stop: 2, step: null } },
  ]
  const layers = [
    {
      module: 'keras.layers',
      class_name: 'InputLayer',
      config: { batch_shape: [null, 3, 4], dtype: 'float32', name: 'i' },
      name: 'i',
      inbound_nodes: [],
    },
    {
      module: 'keras.src.ops.numpy',
      class_name: 'GetItem',
      config: { name: 'get_item' },
      registered_name: 'GetItem',
      name: 'get_item',
      inbound_nodes: [{ args: [sent, key], kwargs: {} }],
    },
  ]
  const config = {
    name: 'm',
    trainable: true,
    layers,
    input_layers: ['i', 0, 0],
    output_layers: ['get_item', 0, 0],
  }
  const model = modelFromConfig({ module: 'keras', class_name: 'Functional', config, registered_name: 'Functional' })
  const y = model.apply(
    tensor(
      Float32Array.from({ length: 12 }, (_, i) => i),
      [1, 3, 4],
    ),
  )
  expect(y.arraySync()).toEqual([
    [
      [0, 1],
      [4, 5],
      [8, 9],
    ],
  ])
  const written = JSON.stringify(model.toConfig())
  expect(written).toContain(JSON.stringify(key))
})
