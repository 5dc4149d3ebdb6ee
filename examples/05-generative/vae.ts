import {
  config,
  GradientTape,
  jit,
  ops,
  random,
  Sequential,
  type Tensor,
  tensor,
  type Variable,
  valueAndGrad,
} from 'ferrograd'
import { digits } from 'ferrograd/datasets'
import { Dense } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { checkGradients } from '../check.js'
import { drawImage, gallery } from '../terminal.js'

const [pixels, latent, batchSize, epochs] = [64, 4, 64, 40]

/** Digits squeezed through four numbers and drawn again: a variational autoencoder with a loop of its own. */
export async function vae(): Promise<number> {
  gradientsInFloat64()
  const { x, y } = digits()
  const encoder = new Sequential([
    new Dense({ units: 64, activation: 'relu', inputShape: [pixels] }),
    new Dense({ units: 2 * latent }),
  ])
  const decoder = new Sequential([
    new Dense({ units: 64, activation: 'relu', inputShape: [latent] }),
    new Dense({ units: pixels }),
  ])
  // An optimizer each: two halves, two speeds.
  const [encoding, decoding] = [new Adam({ learningRate: 2e-3 }), new Adam({ learningRate: 3e-3 })]
  const seed = new random.SeedGenerator(5)

  const step = jit((images: Tensor) => {
    const tape = new GradientTape()
    const noise = random.normal([batchSize, latent], { seed })
    const loss = tape.record(() => lossOf(images, noise, encoder, decoder))
    for (const [half, optimizer] of [
      [encoder, encoding],
      [decoder, decoding],
    ] as const) {
      const weights: Variable[] = half.trainableVariables
      optimizer.apply(tape.gradient(loss, weights), weights)
    }
    return loss
  })

  const batches = Array.from({ length: Math.floor(y.length / batchSize) }, (_, i) =>
    tensor(x.values.subarray(i * batchSize * pixels, (i + 1) * batchSize * pixels), [batchSize, pixels]),
  )
  let last = Number.NaN
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const losses = await Promise.all(batches.map((batch) => step(batch)))
    last = await ops.mean(ops.stack(losses)).item()
    if (epoch % 10 === 0) console.log(`  epoch ${epoch}  loss ${last.toFixed(2)}`)
  }

  const made = ops.sigmoid(decoder.apply(random.normal([6, latent], { seed })))
  const images = Float32Array.from(await made.data())
  const picture = (i: number) => ({
    lines: drawImage(images.subarray(i * pixels, (i + 1) * pixels), 8, 8),
    caption: `dream ${i + 1}`,
  })
  console.log(`\n${gallery([0, 1, 2, 3, 4, 5].map(picture))}`)
  return last
}

/** How badly images are drawn from their codes, and how far the codes are from standard normal ones: a mean. */
function lossOf(images: Tensor, noise: Tensor, encoder: Sequential, decoder: Sequential): Tensor {
  const [mean, logVariance] = ops.split(encoder.apply(images), 2, { axis: 1 }) as [Tensor, Tensor]
  const code = ops.add(mean, ops.multiply(ops.exp(ops.multiply(0.5, logVariance)), noise))
  return ops.mean(ops.add(unlike(images, decoder.apply(code)), divergence(mean, logVariance)))
}

/** A smaller twin in float64, against finite differences. */
function gradientsInFloat64(): void {
  config.setFloatx('float64')
  const encoder = new Sequential([new Dense({ units: 4, inputShape: [3] })])
  const decoder = new Sequential([new Dense({ units: 3, inputShape: [2] })])
  const loss = (): Tensor =>
    lossOf(
      tensor([
        [0, 0.5, 1],
        [1, 0.2, 0],
      ]),
      tensor([
        [0.3, -1],
        [0.8, 0.1],
      ]),
      encoder,
      decoder,
    )
  const weights = [...encoder.trainableVariables, ...decoder.trainableVariables]
  checkGradients(loss, weights, valueAndGrad(loss, weights)[1])
  config.setFloatx('float32')
}

/** `−Σ x ln x̂ + (1 − x) ln(1 − x̂)`: how badly each image is drawn. */
function unlike(images: Tensor, logits: Tensor): Tensor {
  return ops.sum(ops.sigmoidCrossEntropy(logits, images), { axis: 1 })
}

/** `½ Σ μ² + σ² − 1 − ln σ²`: how far each code is from a standard normal one. */
function divergence(mean: Tensor, logVariance: Tensor): Tensor {
  const terms = ops.subtract(ops.add(ops.square(mean), ops.exp(logVariance)), ops.add(1, logVariance))
  return ops.multiply(0.5, ops.sum(terms, { axis: 1 }))
}
