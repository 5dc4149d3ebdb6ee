// Characters one by one: a step of a recurrent network a call, its states kept outside.
import { jit, ops, tensor } from 'ferrograd'
import { repeat } from './serve.mjs'

/** Characters of a turn, as each side has it. */
const COUNT = 1000

/** The likeliest character, again and again, from the first one on; `model` is a table, an LSTM and a dense layer. */
export function generatedCharacters(model) {
  const [table, lstm, head] = model.layers
  const { units } = lstm.options
  const step = jit((last, h, c) => {
    const [output, states] = lstm.cell.apply(table.apply(last), { states: [h, c] })
    return [ops.argmax(head.apply(output), { axis: 1 }), ...states]
  })
  const run = async (count) => {
    let state = [tensor([0], [1], 'int32'), ops.zeros([1, units]), ops.zeros([1, units])]
    const said = []
    for (let i = 0; i < count; i++) {
      state = await step(...state)
      said.push(state[0].dataSync()[0])
    }
    return said
  }
  return {
    // A character is compared as the number after it, which is never 0.
    agree: async () => (await run(40)).map((character) => character + 1),
    chunk: async (seconds, least) => ({
      microseconds: await repeat(async () => (await run(COUNT)).length, seconds, least),
    }),
  }
}
