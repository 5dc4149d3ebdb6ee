// Networks for pictures of our side of the bench, of the layers that a user has.
import { input, Model } from 'ferrograd'
import {
  Activation,
  Add,
  BatchNormalization,
  Concatenate,
  Conv2D,
  Conv2DTranspose,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Flatten,
  GlobalAveragePooling2D,
  MaxPooling2D,
} from 'ferrograd/layers'
import { pictureKernels, RESIDUAL, SEPARABLE } from './numbers.mjs'

/** A model with logits, its weights those that every side begins with. */
export function pictureNetwork(workload) {
  const { layers, dropout, pictures } = workload
  const x = input({ shape: [pictures.side, pictures.side, layers[0]] })
  // In the order in which they are made, which is that of the kernels.
  const made = []
  const of = (layer) => {
    made.push(layer)
    return layer
  }
  const outputs = networks[pictures.kind](x, of, layers.at(-1), dropout)
  const model = new Model({ inputs: x, outputs })
  for (const [i, { values }] of pictureKernels(workload).entries()) made[i].kernel.set(values)
  return model
}

const relu = (h) => new Activation({ activation: 'relu' }).apply(h)
const conv = (filters, kernelSize, rest = {}) => new Conv2D({ filters, kernelSize, ...rest })
const same = (filters, kernelSize, strides = 1) =>
  conv(filters, kernelSize, { strides, padding: 'same', useBias: false })

const networks = {
  lenet: (x, of, classes) =>
    x.pipe(
      of(conv(6, 5, { padding: 'same', activation: 'relu' })),
      new MaxPooling2D(),
      of(conv(16, 5, { activation: 'relu' })),
      new MaxPooling2D(),
      new Flatten(),
      of(new Dense({ units: 120, activation: 'relu' })),
      of(new Dense({ units: 84, activation: 'relu' })),
      of(new Dense({ units: classes })),
    ),

  convnet: (x, of, classes, rate) =>
    x.pipe(
      of(conv(32, 3, { activation: 'relu' })),
      new MaxPooling2D(),
      of(conv(64, 3, { activation: 'relu' })),
      new MaxPooling2D(),
      new Flatten(),
      ...(rate ? [new Dropout({ rate })] : []),
      of(new Dense({ units: classes })),
    ),

  resnet: (x, of, classes) => {
    let h = relu(x.pipe(of(same(16, 3)), new BatchNormalization()))
    for (const [filters, stride] of RESIDUAL) {
      const first = relu(h.pipe(of(same(filters, 3, stride)), new BatchNormalization()))
      const second = first.pipe(of(same(filters, 3)), new BatchNormalization())
      const keeps = stride === 1 && h.shape.at(-1) === filters
      const past = keeps ? h : h.pipe(of(same(filters, 1, stride)), new BatchNormalization())
      h = relu(new Add().apply([past, second]))
    }
    return h.pipe(new GlobalAveragePooling2D(), of(new Dense({ units: classes })))
  },

  separable: (x, of, classes) => {
    let h = relu(x.pipe(of(same(32, 3)), new BatchNormalization()))
    for (const [filters, strides] of SEPARABLE) {
      const depthwise = new DepthwiseConv2D({ kernelSize: 3, strides, padding: 'same', useBias: false })
      h = relu(h.pipe(of(depthwise), new BatchNormalization()))
      h = relu(h.pipe(of(same(filters, 1)), new BatchNormalization()))
    }
    return h.pipe(new GlobalAveragePooling2D(), of(new Dense({ units: classes })))
  },

  unet: (x, of, classes) => {
    const like = { padding: 'same', activation: 'relu' }
    const twice = (h, filters) => h.pipe(of(conv(filters, 3, like)), of(conv(filters, 3, like)))
    const up = (h, skip, filters) => {
      const larger = of(new Conv2DTranspose({ filters, kernelSize: 2, strides: 2 })).apply(h)
      return twice(new Concatenate().apply([larger, skip]), filters)
    }
    const first = twice(x, 16)
    const second = twice(new MaxPooling2D().apply(first), 32)
    const bottom = twice(new MaxPooling2D().apply(second), 64)
    return up(up(bottom, second, 32), first, 16).pipe(of(conv(classes, 1)))
  },
}
