/** Digits as files in folders, one a class: read, changed and trained on as they come; a file that is cut off is left out by name. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { config, Sequential, viz } from 'ferrograd'
import { decodeImage, imageFolder } from 'ferrograd/data'
import { digits } from 'ferrograd/datasets'
import { Conv2D, Dense, Flatten, MaxPooling2D, Pipeline, RandomTranslation, Rescaling } from 'ferrograd/layers'
import { Adam } from 'ferrograd/optimizers'
import { bold, heading } from '../terminal.js'

config.setSeed(7)
const folder = mkdtempSync(join(tmpdir(), 'ferrograd-digits-'))
try {
  heading('1. A folder of pictures')
  const { x, y } = digits()
  for (let label = 0; label < 10; label++) mkdirSync(join(folder, `${label}`))
  const write = (i: number, label: number): Promise<void> => {
    const one = viz.pictures({ values: x.values.subarray(64 * i, 64 * (i + 1)), shape: [8, 8] }, { range: [0, 1] })
    return writeFile(join(folder, `${label}`, `${i}.png`), one.png({ scale: 2 }))
  }
  await Promise.all(Array.from(y, (label, i) => write(i, label)))
  const broken = join(folder, '3', `${Array.from(y).indexOf(3)}.png`)
  truncateSync(broken, Math.floor(readFileSync(broken).length / 2))
  console.log(`${y.length} files in ${folder}, one of which is cut off.`)

  heading('2. Read as they are trained on')
  const [training, validation] = await imageFolder(folder, {
    size: [16, 16],
    colorMode: 'grayscale',
    validationSplit: 0.2,
    subset: 'both',
    seed: 1,
    onError: 'skip',
  })
  console.log(`${training.files.length} to learn from, ${validation.files.length} kept aside: ${training.classNames}`)
  const model = new Sequential([
    new Pipeline({
      layers: [new Rescaling({ scale: 1 / 255 }), new RandomTranslation({ heightFactor: 0.1, widthFactor: 0.1 })],
    }),
    new Conv2D({ filters: 16, kernelSize: 3, activation: 'relu' }),
    new MaxPooling2D(),
    new Conv2D({ filters: 32, kernelSize: 3, activation: 'relu' }),
    new MaxPooling2D(),
    new Flatten(),
    new Dense({ units: 10, activation: 'softmax' }),
  ])
  const optimizer = new Adam({ learningRate: 3e-3 })
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] })
  await model.fit(training.batch(32), { epochs: 8, verbose: 0 })
  const { accuracy = 0 } = await model.evaluate(validation.batch(64), { verbose: 0 })
  console.log(`Right on ${bold(`${(100 * accuracy).toFixed(1)} %`)} of ${validation.files.length} digits.`)
  if (accuracy < 0.95) throw new Error(`The digits were not learned: ${accuracy}`)
  const skipped = [...training.skipped, ...validation.skipped].map(([file, { message }]) => [basename(file), message])
  if (skipped.length !== 1 || skipped[0]![0] !== basename(broken)) throw new Error(`Skipped: ${skipped}`)
  console.log(`Left out: ${skipped[0]![0]}, ${skipped[0]![1]!.split(': ').slice(1).join(': ')}`)

  heading('3. One picture, as a server is sent it')
  const upload = readFileSync(validation.files[0]!)
  const { values, shape } = await decodeImage(upload, { size: [16, 16], colorMode: 'grayscale' })
  const scores = await (await model.predict({ values, shape: [1, ...shape] })).data()
  console.log(viz.pictures({ values, shape: [1, ...shape] }).toString())
  console.log(`${basename(validation.files[0]!)}: a ${scores.indexOf(Math.max(...scores))}`)
} finally {
  rmSync(folder, { recursive: true })
}
