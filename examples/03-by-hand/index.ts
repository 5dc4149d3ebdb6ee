/** The computations that introductions to neural networks do on paper: done here, and checked three ways. */
import { config } from 'ferrograd'
import { heading } from '../terminal.js'
import { tapeOnDigits } from './digits.js'
import { fitLine } from './line.js'
import { functional, twoLayers } from './models.js'
import { product } from './product.js'
import { sigmoids } from './sigmoids.js'
import { twoThreeOne } from './two-three-one.js'

config.setSeed(1)

heading('1. A straight line, by gradient descent written by hand')
fitLine()
heading('2. Two inputs, three sigmoid units, one output: forwards, backwards, one update')
twoThreeOne()
heading('3. Sigmoids everywhere: every z, a, gradient and updated weight')
sigmoids()
heading('4. A product of two functions, for three activations')
product()
heading('5. Real digits, by a GradientTape')
await tapeOnDigits()
heading('6. A graph of layers: 2-3-3-1')
await functional()
heading('7. Two layers through fit')
await twoLayers()
