/** Who likes what: ratings are explained by a few tastes of each person and each film, found from a third of them. */
import { config, input, Model, ops, random, type Tensor, tensor, valueAndGrad } from 'ferrograd'
import { Dot, Embedding, Flatten } from 'ferrograd/layers'
import { MeanSquaredError } from 'ferrograd/losses'
import { Adam } from 'ferrograd/optimizers'
import { checkGradients } from '../check.js'
import { heading } from '../terminal.js'

config.setSeed(4)
const [people, films, rank, known] = [80, 60, 3, 0.4]
// Sparse identities: their numbers have gaps, as those of a real shop do.
const [personId, filmId] = [(person: number) => 7 * person + 3, (film: number) => 11 * film + 5]

heading('1. Ratings of known rank')
const seed = new random.SeedGenerator(1)
const [tastes, traits] = [random.normal([people, rank], { seed }), random.normal([films, rank], { seed })]
const ratings = ops.matmul(tastes, traits, { transposeB: true }).dataSync()
const told = random.bernoulli([people * films], known, { seed }).dataSync()
const cells = Array.from(ratings.keys())
const [seen, unseen] = [cells.filter((cell) => told[cell] === 1), cells.filter((cell) => told[cell] !== 1)]
console.log(
  `  ${people} people × ${films} films, ${rank} hidden tastes; ${seen.length} of ${cells.length} ratings are told`,
)

const columns = (list: readonly number[]) => ({
  x: [
    tensor(
      Int32Array.from(list, (cell) => personId(Math.floor(cell / films))),
      [list.length, 1],
    ),
    tensor(
      Int32Array.from(list, (cell) => filmId(cell % films)),
      [list.length, 1],
    ),
  ],
  y: tensor(
    Float32Array.from(list, (cell) => ratings[cell]!),
    [list.length, 1],
  ),
})

/** `r̂ = u_person · v_film`: two rows gathered, one product. */
function factors(): Model {
  const table = (last: number) =>
    new Embedding({ inputDim: last + 1, outputDim: rank, embeddingsInitializer: 'randomNormal' })
  const [person, film] = [input({ shape: [1], dtype: 'int32' }), input({ shape: [1], dtype: 'int32' })]
  const u = new Flatten().apply(table(personId(people - 1)).apply(person))
  const v = new Flatten().apply(table(filmId(films - 1)).apply(film))
  return new Model({ inputs: [person, film], outputs: new Dot({ axes: 1 }).apply([u, v]) })
}

config.setFloatx('float64')
const twin = factors()
const few = columns(seen.slice(0, 4))
const loss = (): Tensor => new MeanSquaredError().apply(ops.cast(few.y, 'float64'), twin.apply(few.x))
checkGradients(loss, twin.trainableVariables, valueAndGrad(loss, twin.trainableVariables)[1])
config.setFloatx('float32')

heading('2. Factors found')
const model = factors()
model.compile({ optimizer: new Adam({ learningRate: 0.02 }), loss: 'mse' })
const { x, y } = columns(seen)
for await (const { epoch, logs } of model.fit(x, y, { epochs: 120, batchSize: 128, verbose: 0 })) {
  if ((epoch + 1) % 30 === 0)
    console.log(`  epoch ${String(epoch + 1).padStart(3)}  mean squared error ${logs.loss!.toFixed(5)}`)
}

heading('3. Ratings that nobody told')
const hidden = columns(unseen)
const error = await model.evaluate(hidden.x, hidden.y, { verbose: 0 })
const root = Math.sqrt(error.loss!)
console.log(
  `  off by ${root.toFixed(3)} (root mean square); the ratings themselves vary by ${Math.sqrt(rank).toFixed(2)}`,
)
if (root > 0.15) throw new Error(`The error is ${root}: at most 0.15 was expected`)
