import { input, ops, type Tensor, tensor } from 'ferrograd'
import { Layer } from 'ferrograd/layers'
import { expect, test } from 'vitest'
import { caught } from '../caught.js'

class Summed extends Layer {
  override call([q, k]: readonly [Tensor, Tensor]): Tensor {
    return ops.add(q, k)
  }
}

class Named extends Layer {
  override call({ q, k, scale: by }: { q: Tensor; k: Tensor; scale?: Tensor }): Tensor {
    const sum = ops.add(q, k)
    return by === undefined ? sum : ops.multiply(sum, by)
  }
}

class Longest extends Layer {
  override call([a, b]: readonly [Tensor, Tensor]): Tensor {
    return ops.reshape(a, b.shape)
  }
}

class Places extends Layer {
  override call([q, k = q, v, ...more]: readonly Tensor[]): Tensor {
    return more.reduce<Tensor>((sum, one) => ops.add(sum, one), ops.add(ops.add(q!, k!), v!))
  }
}

class Second extends Layer {
  override call([, k]: readonly Tensor[]): Tensor {
    return ops.square(k!)
  }
}

const one = tensor([
  [1, 2],
  [3, 4],
])
const apply = (layer: Layer, x: unknown): unknown => (layer.apply as (x: unknown) => unknown).call(layer, x)

test.each([
  [
    'a tensor for a list, whose rows would be the inputs',
    new Summed(),
    one,
    'a list of 2 tensors, [q, k], got one tensor',
  ],
  [
    'nested numbers for a list',
    new Summed(),
    [
      [1, 2],
      [3, 4],
    ],
    'a list of 2 tensors, [q, k], got one tensor',
  ],
  ['a symbolic tensor for a list', new Summed(), input({ shape: [2] }), 'a list of 2 tensors, [q, k], got one tensor'],
  ['a list that is too short', new Summed(), [one], 'a list of 2 tensors, [q, k], got a list of 1'],
  ['a list that is too short, whose shape is asked for', new Longest(), [one], '[a, b], got a list of 1'],
  ['a name that is missing', new Named(), { q: one }, '{ q, k, scale }, got { q }'],
  [
    'a place behind one that has a default',
    new Places(),
    [one, one],
    'a list of 3 or more tensors, [q, k, v, ...more], got a list of 2',
  ],
  ['a place behind one that is passed over', new Second(), [one], 'a list of 2 tensors, [_, k], got a list of 1'],
  ['a tensor for names', new Named(), one, 'tensors by name, { q, k, scale }, got one tensor'],
])('%s is told by the names that call has', (_, layer, x, words) => {
  const error = caught(() => apply(layer, x)) as Error
  expect(error).toMatchObject({ code: 'ERR_SHAPE', message: expect.stringContaining(words) })
  expect(error.message).toMatch(
    /^(Summed|Named|Longest|Places|Second) input: expected .* Its call takes them apart: apply\((\[|\{)/,
  )
})

test('what is right is called, and what may be left out is', () => {
  expect(String(new Summed().apply([one, one]))).toContain('[2. 4.]')
  expect(String(new Named().apply({ q: one, k: one }))).toContain('[6. 8.]')
  expect(String(apply(new Places(), [one, undefined, one]))).toContain('[ 9. 12.]')
})

test('a mistake inside a call stays what it is', () => {
  class Broken extends Layer {
    override call([a, b]: readonly [Tensor, Tensor]): Tensor {
      return ops.add(ops.add(a, b), undefined as never)
    }
  }
  expect((caught(() => new Broken().apply([one, one])) as Error).message).toBe(
    'add, argument 2: expected a number, nested arrays or a typed array, got undefined',
  )
})
