// Saves one model over and over, until somebody kills it: `node save-child.mjs PATH`. Says when it begins.
import { config, layers, Sequential } from '../../dist/index.js'

const [, , path] = process.argv
config.setSeed(1)
const model = new Sequential([new layers.Dense({ units: 256, inputShape: [256] })])
const [kernel, bias] = model.weights
for (let round = 0; ; round += 1) {
  // All numbers of a file are of one round.
  kernel.set(new Float32Array(kernel.shape[0] * kernel.shape[1]).fill(round))
  bias.set(new Float32Array(bias.shape[0]).fill(round))
  await model.save(path)
  if (round === 0) process.stdout.write('saving\n')
}
