/**
 * Five small problems of sequences: sums written as text, a series ahead of its time, what a sentence says of a film, sonnets
 * letter by letter, and handwritten numbers.
 */
import { config } from 'ferrograd'
import { heading } from '../terminal.js'
import { adder } from './adder.js'
import { forecast } from './forecast.js'
import { letters } from './letters.js'
import { sentiment } from './sentiment.js'
import { strips } from './strips.js'

config.setSeed(5)

heading('1. Sums, written as text')
await adder()
heading('2. A series, an hour ahead')
await forecast()
heading('3. What a sentence says of a film')
await sentiment()
heading('4. Sonnets, letter by letter')
await letters()
heading('5. Handwritten numbers')
await strips()
