import { beamSearch, jit, ops, type Tensor, tensor } from 'ferrograd'
import { expect, test } from 'vitest'

/** Logits by the last token and by how many came before: a state that differs from line to line. */
const table = tensor(
  Float64Array.from({ length: 4 * 4 }, (_, i) => 2 * Math.sin(3 * i + 1)),
  [4, 4],
)
const step = (token: Tensor, sum: Tensor): readonly [Tensor, Tensor] => {
  const own = ops.add(sum, ops.reshape(ops.cast(token, 'float64'), [-1, 1]))
  return [
    ops.add(ops.take(table, token, { axis: 0 }), ops.multiply(own, tensor([[0.3, -0.2, 0.1, 0]], [1, 4], 'float64'))),
    own,
  ]
}
const nothing = (): Tensor => tensor([[0]], [1, 1], 'float64')
const END = 3

/** Every sequence with its log probability, by plain loops. */
function everything(maxLength: number): { tokens: number[]; score: number; ended: boolean }[] {
  const rows = table.arraySync() as number[][]
  const all: { tokens: number[]; score: number; ended: boolean }[] = []
  const visit = (tokens: number[], last: number, sum: number, score: number): void => {
    if (tokens.length === maxLength) return void all.push({ tokens, score, ended: false })
    const own = sum + last
    const logits = [0.3, -0.2, 0.1, 0].map((by, k) => rows[last]![k]! + by * own)
    const total = Math.log(logits.reduce((z, x) => z + Math.exp(x), 0))
    for (const [token, logit] of logits.entries()) {
      const next = score + logit - total
      if (token === END) all.push({ tokens, score: next, ended: true })
      else visit([...tokens, token], token, own, next)
    }
  }
  visit([], 0, 0, 0)
  return all.sort((a, b) => b.score - a.score)
}

test('as wide as all sequences it finds what there is, the best first; one of jit is called with one shape', async () => {
  const shapes = new Set<string>()
  const compiled = jit(step)
  const watched = (token: Tensor, sum: Tensor) => {
    shapes.add(`${token.shape} ${sum.shape}`)
    return compiled(token, sum)
  }
  const found = await beamSearch(watched, 0, [nothing()], { beamWidth: 60, maxLength: 4, endToken: END })
  const wanted = everything(4).slice(0, 60)
  expect(found.map(({ tokens, ended }) => [tokens, ended])).toEqual(wanted.map(({ tokens, ended }) => [tokens, ended]))
  for (const [i, { score }] of found.entries()) expect(score).toBeCloseTo(wanted[i]!.score, 12)
  expect([...shapes]).toEqual(['60 60,1'])
})

test('of width 1 it takes the likeliest token each time; wider ones find nothing worse', async () => {
  const one = await beamSearch(step, 0, [nothing()], { beamWidth: 1, maxLength: 5 })
  const greedy: number[] = []
  let [last, sum] = [tensor(Int32Array.of(0)), nothing()]
  for (let i = 0; i < 5; i++) {
    const [logits, next] = step(last, sum)
    greedy.push(ops.argmax(ops.reshape(logits, [-1])).itemSync())
    ;[last, sum] = [tensor(Int32Array.of(greedy[i]!)), next]
  }
  expect(one.map(({ tokens }) => tokens)).toEqual([greedy])
  let best = one[0]!.score
  for (const beamWidth of [2, 4, 100]) {
    const [found] = await beamSearch(step, 0, [nothing()], { beamWidth, maxLength: 5 })
    expect(found!.score).toBeGreaterThanOrEqual(best - 1e-12)
    best = found!.score
  }
})

test('ends early where nothing can pass, and ranks by length where that is asked for', async () => {
  let calls = 0
  const sure = (token: Tensor) => {
    calls += 1
    return [ops.add(ops.multiply(ops.reshape(ops.cast(token, 'float32'), [-1, 1]), 0), [[0, 5]])] as const
  }
  const [best] = await beamSearch(sure, 0, [], { beamWidth: 1, maxLength: 50, endToken: 1 })
  expect([best!.tokens, best!.ended, calls]).toEqual([[], true, 1])
  const options = { beamWidth: 60, maxLength: 4, endToken: END }
  const long = await beamSearch(step, 0, [nothing()], { ...options, lengthPenalty: 1 })
  const length = (one: (typeof long)[number]): number => one.tokens.length + Number(one.ended)
  const ranks = long.map((one) => one.score / length(one))
  expect(ranks).toEqual([...ranks].sort((a, b) => b - a))
  const [first] = everything(4).sort((a, b) => b.score / length(b) - a.score / length(a))
  expect(long[0]!.tokens).toEqual(first!.tokens)
})

test('refuses states of several rows and logits of other shapes, and ends with its signal', async () => {
  const options = { beamWidth: 2, maxLength: 3 }
  await expect(beamSearch(step, 0, [ops.zeros([2, 1])], options)).rejects.toThrow(
    'beamSearch states[0]: expected [1, …]',
  )
  const flat = (): readonly [Tensor] => [ops.zeros([3])]
  await expect(beamSearch(flat, 0, [], options)).rejects.toThrow('logits [2, vocabulary], got [3]')
  await expect(beamSearch(step, 0, [nothing()], { ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'ERR_ABORTED',
  })
  await expect(beamSearch(step, 0, [nothing()], { beamWidth: 2 } as never)).rejects.toThrow('maxLength')
})
