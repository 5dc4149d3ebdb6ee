/** Four small transformers: sonnets learnt by heart, dates written in another way, what a sentence says of a film, and digits. */
import { config } from 'ferrograd'
import { heading } from '../terminal.js'
import { dates } from './dates.js'
import { gpt } from './gpt.js'
import { patches } from './patches.js'
import { praise } from './praise.js'

config.setSeed(3)

heading('1. Sonnets, letter by letter')
await gpt()
heading('2. Dates, as people write them')
await dates()
heading('3. What a sentence says of a film')
await praise()
heading('4. Digits, patch by patch')
await patches()
