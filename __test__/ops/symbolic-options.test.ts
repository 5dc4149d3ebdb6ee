import { input, Model, ops, type Tensor, tensor } from 'ferrograd'
import { expect, test } from 'vitest'
import { caught } from '../caught.js'

const heads = tensor(
  Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
  [1, 3, 2, 4],
)
const allowed = tensor([
  [
    [
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ],
  ],
])

test('a symbolic tensor in options is recorded by its name, beside symbolic arguments, and JSON keeps it', async () => {
  const [q, mask] = [input({ shape: [3, 2, 4] }), input({ shape: [1, 3, 3], dtype: 'bool' })]
  const outputs = ops.dotProductAttention(q, q, q, { mask })
  const model = new Model({ inputs: [q, mask], outputs })
  const copy = Model.fromConfig(JSON.parse(JSON.stringify(model.toConfig())))
  expect(copy.toConfig()).toEqual(model.toConfig())
  const wanted = ops.dotProductAttention(heads, heads, heads, { mask: allowed }).dataSync()
  for (const one of [model, copy])
    expect(((await (one as Model).predict([heads, allowed] as never)) as Tensor).dataSync()).toEqual(wanted)
})

test('where it is the only symbolic one the call is recorded too: what does not fit is the option, by name', () => {
  const mask = input({ shape: [1, 3, 3], dtype: 'bool' })
  const error = caught(() => ops.dotProductAttention(heads, heads, heads, { mask })) as Error
  expect(error.message).toMatch(/^dotProductAttention mask: expected /)
})

test('an option that is a number is refused by name where it is symbolic', () => {
  const [x, axis] = [input({ shape: [4] }), input({ shape: [1] })]
  const [a, b] = [tensor([1]), tensor([2])]
  for (const [name, call] of Object.entries({
    sum: () => ops.sum(x, { axis: axis as never }),
    concatenate: () => ops.concatenate([a, b], { axis: axis as never }),
    'concatenate of symbols': () => ops.concatenate([x, x], { axis: axis as never }),
    stack: () => ops.stack([a, b], { axis: axis as never }),
    split: () => ops.split(a, 1, { axis: axis as never }),
    softmax: () => ops.softmax(x, { axis: axis as never }),
  }))
    expect((caught(call) as Error).message).toMatch(
      new RegExp(`^${name.split(' ')[0]} axis: expected a number.*, got an instance of (Symbolic)?Tensor`),
    )
  expect((caught(() => ops.sum(tensor([1]), { keepdims: axis as never })) as Error).message).toMatch(
    /^sum keepdims: expected/,
  )
})
