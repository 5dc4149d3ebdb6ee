/** The nets that are timed, as `workloads.json` has them; data and initial weights are made from them on every side. */
import { readFileSync } from 'node:fs'
import { pictureKernels } from './numbers.mjs'

/** A net, what is done with it, and in what batches. */
export interface Workload {
  readonly name: string
  readonly task: 'train' | 'predict' | 'attention' | 'generate' | 'characters'
  /** How ours predicts: by a compiled function, or by `model.predict`. */
  readonly way?: 'jit' | 'predict'
  /** Inputs, then the units of each layer; of a sequence the features of a step. */
  readonly layers: readonly number[]
  /** Of dense hidden layers. */
  readonly activation?: 'relu' | 'sigmoid'
  /**
   * Hidden layers that go along so many steps; the last of them gives what it ends with to a dense layer. Of characters, which a
   * table makes as wide as the first layer, the dense layer reads each step and says which one follows.
   */
  readonly recurrent?: {
    readonly cell: 'lstm' | 'gru'
    readonly steps: number
    readonly bidirectional?: boolean
    readonly characters?: boolean
  }
  /**
   * Blocks of a transformer, whose layers are tokens (or numbers of a patch), width and classes: all places see all (encoder), those
   * before (gpt), or are patches of a picture (vit). Of attention alone the layers are the width of a head.
   */
  readonly transformer?: {
    readonly kind: 'encoder' | 'gpt' | 'vit' | 'attention'
    readonly blocks: number
    readonly heads: number
    readonly steps: number
  }
  /** Networks for pictures of a side, whose layers are channels and classes. */
  readonly pictures?: {
    readonly kind: 'lenet' | 'convnet' | 'resnet' | 'separable' | 'unet'
    readonly side: number
  }
  /** Batch normalization between each hidden layer and its activation. */
  readonly batchNorm?: boolean
  /** The rate of a dropout behind each hidden layer. */
  readonly dropout?: number
  readonly loss: 'meanSquaredError' | 'sparseCategoricalCrossentropy'
  /** `medium`: products of bfloat16, PyTorch's by autocast; float32 unless given. */
  readonly precision?: 'medium'
  /** The only peers that have something to compare. */
  readonly peers?: readonly string[]
  /** The largest relative difference of losses that counts as agreement; 1e-3 unless given. */
  readonly tolerance?: number
  readonly batch: number
  /** Batches of an epoch. */
  readonly batches: number
  /** The ratio to reach to the better of PyTorch and JAX: on one thread, on all. */
  readonly marks: readonly [number | null, number | null]
}

/** What `npm run bench:peers` times. */
export const workloads: readonly Workload[] = JSON.parse(
  readFileSync(new URL('./workloads.json', import.meta.url), 'utf8'),
)

/** Tokens that are generated, as each side has it. */
const TOKENS = 200

/** Of one step of training; of attention alone with its gradients; of the tokens that are generated. */
function workOfTransformer({ layers, batch, task, transformer }: Workload): number {
  const { blocks, steps, heads } = transformer!
  if (task === 'attention') return 2 * 2 * 3.5 * heads * steps ** 2 * layers[0]!
  const [width, outputs] = [layers[1]!, layers.at(-1)!]
  const perToken = blocks * (12 * width ** 2 + 2 * steps * width) + width * outputs
  return task === 'generate' ? 2 * perToken * TOKENS : 3 * 2 * perToken * batch * steps
}

/** Each number of a kernel meets each of its places. */
function workOfPictures(workload: Workload): number {
  const products = pictureKernels(workload).reduce((sum, { values, places }) => sum + values.length * places, 0)
  return 2 * products * workload.batch * (workload.task === 'train' ? 3 : 1)
}

/** Floating-point operations of a step's matrix products: two a weight and row, three times over in training. */
export function work(workload: Workload): number {
  const { layers, batch, task, recurrent, transformer } = workload
  if (transformer) return workOfTransformer(workload)
  if (workload.pictures) return workOfPictures(workload)
  const ways = recurrent?.bidirectional ? 2 : 1
  const width = (index: number): number => layers[index]! * (index > 0 ? ways : 1)
  const weights = layers.slice(1).reduce((sum, units, index) => {
    const isLast = index === layers.length - 2
    if (recurrent === undefined || (isLast && !recurrent.characters)) return sum + units * width(index)
    const steps = task === 'characters' ? 1 : recurrent.steps
    if (isLast) return sum + steps * units * width(index)
    const gates = recurrent.cell === 'lstm' ? 4 : 3
    return sum + ways * steps * gates * units * (width(index) + units)
  }, 0)
  return 2 * weights * batch * (task === 'train' ? 3 : 1)
}
