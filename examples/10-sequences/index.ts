/** Three small problems of sequences: sums written as text, a series ahead of its time, and what a sentence says of a film. */
import { config } from 'ferrograd'
import { heading } from '../terminal.js'
import { adder } from './adder.js'
import { forecast } from './forecast.js'
import { sentiment } from './sentiment.js'

config.setSeed(5)

heading('1. Sums, written as text')
await adder()
heading('2. A series, an hour ahead')
await forecast()
heading('3. What a sentence says of a film')
await sentiment()
