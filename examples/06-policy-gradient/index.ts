/**
 * Agents that learn by trying: a policy network over slot machines whose luck depends on what it sees, and one that has to
 * remember a sign until it comes to a fork.
 */
import { config, GradientTape, jit, ops, random, Sequential, type Tensor, tensor, valueAndGrad } from 'ferrograd'
import { Dense } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { checkGradients } from '../check.js'
import { heading, paint } from '../terminal.js'
import { corridor } from './corridor.js'

config.setSeed(9)
const [machines, lamps, batchSize, rounds] = [5, 4, 64, 600]
// How often each machine pays under each lamp: one good machine a lamp, another each time.
const odds = Array.from({ length: lamps }, (_, lamp) =>
  Array.from({ length: machines }, (_, machine) => (machine === (2 * lamp + 1) % machines ? 0.9 : 0.1 + 0.1 * machine)),
)

const policy = new Sequential([
  new Dense({ units: 16, activation: 'tanh', inputShape: [lamps] }),
  new Dense({ units: machines }),
])
const optimizer = new Adam({ learningRate: 0.02 })
const seed = new random.SeedGenerator(3)

/** `−mean((reward − baseline) · ln π(action | lamp))`: its gradient is the policy gradient. */
function objective(logits: Tensor, actions: Tensor, advantage: Tensor): Tensor {
  return ops.mean(ops.multiply(advantage, ops.sparseSoftmaxCrossEntropy(logits, actions)))
}

/** Looks, acts, is paid, learns: all in one program; the dice are thrown in Rust. */
const round = jit(() => {
  const lamp = random.randint([batchSize], 0, lamps, { seed })
  const seen = ops.oneHot(lamp, lamps)
  const actions = random.categorical(policy.apply(seen), { seed })
  const chance = ops.sum(ops.multiply(ops.take(tensor(odds), lamp, { axis: 0 }), ops.oneHot(actions, machines)), {
    axis: 1,
  })
  const reward = ops.cast(ops.less(random.uniform([batchSize], { seed }), chance), 'float32')
  const mean = ops.mean(reward)

  const tape = new GradientTape()
  const loss = tape.record(() => objective(policy.apply(seen), actions, ops.subtract(reward, mean)))
  optimizer.apply(tape.gradient(loss, policy.trainableVariables), policy.trainableVariables)
  return mean
})

heading('1. The gradient, in float64')
config.setFloatx('float64')
const twin = new Sequential([new Dense({ units: machines, inputShape: [lamps] })])
const [actions, advantage] = [tensor([0, 3, 2], [3], 'int32'), tensor([0.5, -0.5, 0.2])]
const loss = (): Tensor => objective(twin.apply(ops.eye(3, { columns: lamps })), actions, advantage)
checkGradients(loss, twin.trainableVariables, valueAndGrad(loss, twin.trainableVariables)[1])
config.setFloatx('float32')

heading('2. Six hundred rounds of trying')
let recent: number[] = []
for (let i = 1; i <= rounds; i++) {
  recent.push(await (await round()).item())
  if (i % 100 !== 0) continue
  const mean = recent.reduce((sum, reward) => sum + reward, 0) / recent.length
  console.log(
    `  rounds to ${String(i).padStart(3)}  paid ${(100 * mean).toFixed(1).padStart(5)} %  ${paint('█'.repeat(Math.round(40 * mean)), 35)}`,
  )
  if (i === rounds && mean < 0.82) throw new Error(`The agent is paid ${mean} of the time: at least 0.82 was expected`)
  recent = []
}

heading('3. What it does under each lamp')
const chosen = ops.argmax(policy.apply(ops.eye(lamps)), { axis: 1 }).dataSync()
for (const [lamp, chances] of odds.entries()) {
  const best = chances.indexOf(Math.max(...chances))
  console.log(`  lamp ${lamp + 1}: machine ${chosen[lamp]! + 1}, and machine ${best + 1} is the best`)
  if (chosen[lamp] !== best) throw new Error(`Under lamp ${lamp + 1} the agent takes machine ${chosen[lamp]! + 1}`)
}

heading('4. A sign, a corridor, a fork')
await corridor()
