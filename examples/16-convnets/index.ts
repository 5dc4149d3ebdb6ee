/** Convolutional networks: handwriting, what lies under noise, digits made of noise, a residual network, and where one looks. */
import { config } from 'ferrograd'
import { heading } from '../terminal.js'
import { dcgan } from './dcgan.js'
import { denoising } from './denoising.js'
import { handwriting } from './handwriting.js'
import { looking } from './looking.js'
import { residual } from './residual.js'

const parts: Readonly<Record<string, () => Promise<void>>> = {
  '1. Handwriting (MNIST)': () => handwriting(process.argv[2] ?? '../shared/data/mnist'),
  '2. What lies under the noise': denoising,
  '3. Digits made of noise': dcgan,
  '4. A residual network, whose digits are a little different each time': residual,
  '5. Where it looks': looking,
}
for (const [title, part] of Object.entries(parts)) {
  // Each gives the same numbers by itself.
  config.setSeed(3)
  heading(title)
  await part()
}
