/** Networks that make things: digits out of four numbers, points of a ring out of noise. Loops of one's own, compiled. */
import { config } from 'ferrograd'
import { heading } from '../terminal.js'
import { gan } from './gan.js'
import { vae } from './vae.js'

config.setSeed(7)

heading('1. A variational autoencoder dreams of digits')
const loss = await vae()
if (!(loss > 15 && loss < 27)) throw new Error(`The loss of the autoencoder is ${loss}: 15 to 27 was expected`)

heading('2. A generative adversarial network finds a ring')
const { radius, spread, losses } = await gan()
console.log(`  mean radius ${radius.toFixed(3)}, give or take ${spread.toFixed(3)}`)
if (Math.abs(radius - 1) > 0.15 || spread > 0.3) throw new Error(`The ring has radius ${radius} ± ${spread}`)
if (!losses.every((value) => value > 0.3 && value < 2.5)) throw new Error(`The losses are ${losses}`)
