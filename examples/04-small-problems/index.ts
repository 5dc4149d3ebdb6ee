/** Three small problems, each with a picture: XOR, two moons, a curve with its uncertainty. */
import { config } from 'ferrograd'
import { heading } from '../terminal.js'
import { moons } from './moons.js'
import { uncertainty } from './uncertainty.js'
import { xor } from './xor.js'

config.setSeed(3)

heading('1. XOR')
await xor()
heading('2. Two moons, and the border between them')
await moons()
heading('3. A curve, and how sure the model is of it')
await uncertainty()
