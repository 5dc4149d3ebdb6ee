/** One step of training, evaluation or prediction, drawn in ops; called while a program is traced. */

import { Attached } from '../core/attached.js'
import { returnedNow, returnedScalar } from '../core/check-returned.js'
import { alone, isNamed, listOf } from '../core/structure.js'
import type { Tensor } from '../core/tensor.js'
import { fail } from '../errors.js'
import { gradient } from '../gradient.js'
import type { Tensors } from '../layers/layer.js'
import { laidAgainst } from '../losses/align.js'
import type { Model } from '../model/model.js'
import * as ops from '../ops.js'
import type { Resolved } from './compile.js'

/** Inputs as a model is called with them: alone, in a list, or by name. */
export type Inputs = Tensors | Readonly<Record<string, Tensor | undefined>>

/**
 * The tensors of one batch: alone, or in a list where the model has several inputs or outputs. A subclass that is given
 * its inputs by name has them by name: `Batch<{ query: Tensor; value: Tensor }>`.
 */
export interface Batch<X extends Inputs = Tensors> {
  readonly x: X
  readonly y?: Tensors | undefined
  readonly sampleWeight?: Tensors | readonly (Tensor | undefined)[] | undefined
}

/** What a step reports beyond the compiled loss and metrics: scalars by name; `loss` is watched for NaN. */
export type StepLogs = Readonly<Record<string, Tensor>>

/** The loss of a batch and what it is made of. */
export interface LossParts {
  /** The outputs' losses by their weights, and what layers added: what is minimised. */
  readonly total: Tensor
  /** The loss of each output that has one, unweighted. */
  readonly parts: readonly Tensor[]
  /** What regularizers and layers add, part of the total. */
  readonly penalty: Tensor | undefined
}

/** Predicts, derives, updates the weights, and the loss and metrics so far. */
export function trainStep(model: Model, batch: Batch<Inputs>): StepLogs {
  const yPred = outputsOf(model, batch.x, true)
  const loss = lossOf(model, batch, yPred)
  const { optimizer } = model.compiled
  const variables = model.trainableVariables
  if (variables.length === 0) noVariables(model)
  optimizer.apply(gradient(optimizer.scaleLoss(loss.total), variables), variables)
  return track(model, batch, yPred, loss)
}

/** Predicts, and updates the loss and metrics so far. */
export function testStep(model: Model, batch: Batch<Inputs>): StepLogs {
  const yPred = outputsOf(model, batch.x, false)
  return track(model, batch, yPred, lossOf(model, batch, yPred))
}

/** The outputs of a model as a list. */
export function outputsOf(model: Model, x: unknown, training: boolean): Tensor[] {
  return model.applyMany(x, { training })
}

/** What {@link computeLoss} gave last for each model. */
const lastParts = new Attached<Model, LossParts>('loss parts')

/** The loss as the model computes it, which a subclass may override; its parts are those of the compiled loss, if it was asked. */
function lossOf(model: Model, batch: Batch<Inputs>, yPred: readonly Tensor[]): LossParts {
  lastParts.set(model, undefined)
  const given: unknown = model.computeLoss(batch, alone(yPred))
  const total = ops.reshape(returnedScalar(given, `${model.constructor.name}.computeLoss`), [])
  const known = lastParts.get(model)
  lastParts.set(model, undefined)
  return { parts: [], penalty: undefined, ...known, total }
}

/** `Σ weight·loss + Σ penalties`. */
export function computeLoss(model: Model, batch: Batch<Inputs>, predictions: Tensors): LossParts {
  const parts = lossParts(model, batch, predictions)
  lastParts.set(model, parts)
  return parts
}

function lossParts(model: Model, batch: Batch<Inputs>, predictions: Tensors): LossParts {
  const yPred = listOf(predictions)
  const yTrue = targetsOf(batch, yPred.length)
  const { losses, lossWeights } = model.compiled.resolve(model, yTrue, yPred)
  const weights = listOf<Tensor | undefined>(batch.sampleWeight)
  const parts: Tensor[] = []
  const terms: Tensor[] = []
  for (const [i, loss] of losses.entries()) {
    if (loss === undefined) continue
    const target =
      yTrue[i] ?? fail('ERR_DATA', 'fit.y', `targets for output ${i + 1} of ${yPred.length}`, { text: 'none' })
    const part = loss.apply(target, yPred[i]!, { sampleWeight: weights[i] })
    if (part.size !== 1)
      fail('ERR_CONFIG', `compile.loss ${loss.name}`, 'a reduction that gives one number', loss.reduction)
    parts.push(part)
    terms.push(lossWeights[i] === 1 ? part : ops.multiply(part, lossWeights[i]!))
  }
  const scalars = (list: readonly Tensor[]): Tensor[] => list.map((term) => ops.reshape(term, []))
  const [data, penalties] = [scalars(terms), scalars(model.losses())]
  if (data.length + penalties.length === 0)
    fail('ERR_STATE', model.name, 'a loss', { text: 'none' }, 'Pass loss to compile, or call addLoss in a layer')
  return { total: sumOf([...data, ...penalties])!, parts, penalty: sumOf(penalties) }
}

function sumOf(terms: readonly Tensor[]): Tensor | undefined {
  const [first, ...rest] = terms
  return first && rest.reduce((sum, term) => ops.add(sum, ops.cast(term, sum.dtype)), first)
}

/** Takes a batch into the loss and the metrics so far; what is to be logged besides those. */
function track(model: Model, batch: Batch<Inputs>, yPred: readonly Tensor[], loss: LossParts): StepLogs {
  trackLoss(model, batch, yPred, loss)
  measured.delete(model)
  const logs: unknown = model.computeMetrics(batch, alone(yPred))
  const where = `${model.constructor.name}.computeMetrics`
  if (!isNamed(logs)) fail('ERR_DATA', where, 'scalars to log, by name; {} for none', logs)
  return { ...(logs as StepLogs), loss: loss.total }
}

function trackLoss(
  model: Model,
  batch: Batch<Inputs>,
  yPred: readonly Tensor[],
  { total, parts, penalty }: LossParts,
): void {
  const resolved: Resolved = model.compiled.resolve(model, targetsOf(batch, yPred.length), yPred)
  const samples = yPred[0]?.shape[0] ?? 1
  resolved.trackers[0]!.update(total, samples)
  // An own loss may leave out those of the outputs.
  for (const [i, part] of parts.entries()) resolved.outputTrackers[i]?.update(part, samples)
  if (penalty !== undefined) resolved.penalty.update(penalty, samples)
  for (const [name, value] of model.addedMetrics()) resolved.added(name).update(value, samples)
}

/** Models whose last step took its batch into the metrics of `compile`. */
const measured = new WeakSet<Model>()

/** Whether the step that was drawn last moves the metrics of `compile`: a subclass may leave them out. */
export function isMeasured(model: Model): boolean {
  return measured.has(model)
}

/** Takes a batch into the metrics of `compile`. They are logged without being named: nothing else is. */
export function computeMetrics(model: Model, batch: Batch<Inputs>, predictions: Tensors): StepLogs {
  const yPred = listOf(predictions)
  const yTrue = targetsOf(batch, yPred.length)
  const weights = listOf<Tensor | undefined>(batch.sampleWeight)
  for (const { metric, output, weighted } of model.compiled.resolve(model, yTrue, yPred).metrics) {
    const weighting = weighted ? { sampleWeight: weights[output] } : {}
    // As losses see them: (n) against (n, 1) would broadcast.
    const target = laidAgainst(yTrue[output]!, yPred[output]!.shape)
    returnedNow(metric.update(target, yPred[output]!, weighting), `${metric.className}.update`)
  }
  measured.add(model)
  return {}
}

function targetsOf(batch: Batch<Inputs>, outputs: number): (Tensor | undefined)[] {
  const targets = listOf<Tensor | undefined>(batch.y)
  return Array.from({ length: outputs }, (_, i) => targets[i])
}

function noVariables(model: Model): never {
  return fail(
    'ERR_STATE',
    `${model.name}`,
    'trainable weights',
    { text: 'none' },
    'Every layer is frozen or has no weights',
  )
}
