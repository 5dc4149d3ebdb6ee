import { GradientTape, jit, ops, random, type Tensor, type Variable } from 'ferrograd'
import { type AnyLayer, Dense, GRUCell } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { paint } from '../terminal.js'

// A sign at the entrance, a corridor without any, a fork at its end: left or right, as the sign said.
const [LENGTH, STEPS, WALKERS, ROUNDS, UNITS] = [6, 12, 128, 400, 24]
const [FORWARD, TURNS] = [0, 2]
const DISCOUNT = 0.95

/** What it thinks of forward, left and right, from what it sees and what it remembers. */
interface Policy {
  readonly layers: readonly AnyLayer[]
  decide(seen: Tensor, memory: Tensor): readonly [logits: Tensor, memory: Tensor]
}

/** Walks that an agent learns from by their rewards: one with a memory learns the way, one without cannot know it. */
export async function corridor(): Promise<void> {
  const [remembers, forgets] = [await trained('with a memory', gated()), await trained('without one', memoryless())]
  if (remembers < 0.95) throw new Error(`With a memory ${remembers} of the walks end well: at least 0.95 was expected`)
  if (forgets > 0.6) throw new Error(`Without a memory ${forgets} of the walks end well: nobody could know the way`)
}

function gated(): Policy {
  const [cell, head] = [new GRUCell({ units: UNITS }), new Dense({ units: 1 + TURNS })]
  const decide = (seen: Tensor, memory: Tensor): readonly [Tensor, Tensor] => {
    const [h] = cell.apply(seen, { states: [memory] })
    return [head.apply(h), h]
  }
  return { layers: [cell, head], decide }
}

function memoryless(): Policy {
  const [hidden, head] = [new Dense({ units: UNITS, activation: 'tanh' }), new Dense({ units: 1 + TURNS })]
  return { layers: [hidden, head], decide: (seen, memory) => [head.apply(hidden.apply(seen)), memory] }
}

/** The share of the last walks that end well. */
async function trained(name: string, policy: Policy): Promise<number> {
  policy.decide(ops.zeros([1, 4]), ops.zeros([1, UNITS]))
  const weights: Variable[] = policy.layers.flatMap((layer) => layer.trainableWeights)
  const optimizer = new Adam({ learningRate: 0.01 })
  const seed = new random.SeedGenerator(4)

  /** Walks, is paid, learns: one program, whose loop over the steps is one op. */
  const round = jit(() => {
    // Dice are thrown before the loop: a step only looks at its own.
    const sign = random.randint([WALKERS], 0, TURNS, { seed })
    const dice = ops.negative(ops.log(ops.negative(ops.log(random.uniform([STEPS, WALKERS, 1 + TURNS], { seed })))))
    const tape = new GradientTape()
    const [loss, solved] = tape.record(() => {
      const { surprise, reward, solved } = walks(policy, sign, dice)
      // What is paid from a step on, against what all walkers are paid on average.
      const ahead = ops.stopGradient(returns(reward))
      const advantage = ops.subtract(ahead, ops.mean(ahead, { axis: 1, keepdims: true }))
      return [ops.mean(ops.multiply(surprise, advantage)), solved] as const
    })
    optimizer.apply(tape.gradient(loss, weights), weights)
    return ops.mean(solved)
  })

  let recent: number[] = []
  for (let i = 1; i <= ROUNDS; i++) {
    recent.push(await (await round()).item())
    if (i % (ROUNDS / 4) !== 0) continue
    const mean = recent.reduce((sum, share) => sum + share, 0) / recent.length
    const bar = paint('█'.repeat(Math.round(40 * mean)), 35)
    console.log(`  ${name.padEnd(13)}  rounds to ${i}  ends well ${(100 * mean).toFixed(1).padStart(5)} %  ${bar}`)
    if (i === ROUNDS) return mean
    recent = []
  }
  throw new Error('there is a last round')
}

/** `−ln π(action)` and the reward of each step (steps, walkers), and whether a walk ends well. */
function walks(
  policy: Policy,
  sign: Tensor,
  dice: Tensor,
): { readonly surprise: Tensor; readonly reward: Tensor; readonly solved: Tensor } {
  const zeros = ops.zeros([WALKERS])
  const step = (at: Walk, luck: Tensor) => {
    const [logits, memory] = policy.decide(view(at.place, sign), at.memory)
    const action = ops.argmax(ops.add(ops.stopGradient(logits), luck), { axis: 1 })
    const atFork = ops.equal(at.place, LENGTH)
    const walking = ops.logicalNot(at.done)
    const turns = ops.logicalAnd(ops.logicalAnd(walking, atFork), ops.notEqual(action, FORWARD))
    const right = ops.logicalAnd(turns, ops.equal(action, ops.add(sign, 1)))
    const moves = ops.logicalAnd(walking, ops.equal(action, FORWARD))
    const next: Walk = {
      memory,
      place: ops.minimum(ops.add(at.place, ops.cast(moves, 'float32')), LENGTH),
      done: ops.logicalOr(at.done, turns),
      solved: ops.maximum(at.solved, ops.cast(right, 'float32')),
    }
    const surprise = ops.multiply(ops.sparseSoftmaxCrossEntropy(logits, action), ops.cast(walking, 'float32'))
    return [next, { surprise, reward: ops.cast(right, 'float32') }] as const
  }
  const start: Walk = { memory: ops.zeros([WALKERS, UNITS]), place: zeros, done: ops.greater(zeros, 0), solved: zeros }
  const [end, kept] = ops.scan(step, start, dice)
  return { ...kept, solved: end.solved }
}

interface Walk {
  readonly memory: Tensor
  /** Steps from the entrance. */
  readonly place: Tensor
  readonly done: Tensor
  readonly solved: Tensor
}

/** The sign where it stands, and whether the fork is here (walkers, 4). */
function view(place: Tensor, sign: Tensor): Tensor {
  const here = ops.expandDims(ops.cast(ops.equal(place, 0), 'float32'), 1)
  const fork = ops.expandDims(ops.cast(ops.equal(place, LENGTH), 'float32'), 1)
  return ops.concatenate([ops.multiply(ops.oneHot(sign, TURNS), here), fork, ops.onesLike(fork)], { axis: 1 })
}

/** `Gₜ = rₜ + γ·Gₜ₊₁` */
function returns(reward: Tensor): Tensor {
  const step = (ahead: Tensor, now: Tensor) => {
    const sum = ops.add(now, ops.multiply(ahead, DISCOUNT))
    return [sum, sum] as const
  }
  return ops.scan(step, ops.zeros([WALKERS]), reward, { reverse: true })[1]
}
