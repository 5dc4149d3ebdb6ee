/** A dense layer along any axes, by an einsum equation. */

import type { Tensor } from '../core/tensor.js'
import type { Variable } from '../core/variable.js'
import { fail } from '../errors.js'
import * as ops from '../ops.js'
import type { With } from '../options/configurable.js'
import type { OptionsOf } from '../options/fields.js'
import type { PartialShape, Shape } from '../types.js'
import type { LayerOptions } from './layer.js'
import { type LowRank, LowRankLayer, loraFields, type Tuned } from './low-rank.js'

const ownFields = {
  /** `input,kernel->output`, with `...` for any axes before or after. */
  equation: { type: 'string' },
  /** The shape of one sample of the result; null where it is the input's. */
  outputShape: { type: 'outputShape' },
  /** Applied to the result. Default 'linear'. */
  activation: { type: 'activation', default: 'linear' },
  /** The letters of the result that the bias runs along; no bias unless given. */
  biasAxes: { type: 'string', default: null },
  /** First value of the kernel. Default 'glorotUniform'. */
  kernelInitializer: { type: 'initializer', default: 'glorotUniform' },
  /** First value of the bias. Default 'zeros'. */
  biasInitializer: { type: 'initializer', default: 'zeros' },
  /** Penalty on the kernel. Default null. */
  kernelRegularizer: { type: 'regularizer', default: null },
  /** Penalty on the bias. Default null. */
  biasRegularizer: { type: 'regularizer', default: null },
  /** Penalty on the result. Default null. */
  activityRegularizer: { type: 'regularizer', default: null },
  /** What the kernel is set back to after each step. Default null. */
  kernelConstraint: { type: 'constraint', default: null },
  /** What the bias is set back to after each step. Default null. */
  biasConstraint: { type: 'constraint', default: null },
} as const
const fields: typeof ownFields & typeof loraFields = { ...ownFields, ...loraFields }

/** An equation without dots, and the length of each letter. */
interface Plan {
  readonly equation: string
  readonly kernel: Shape
  /** The bias's shape, broadcast from the right over the result. */
  readonly bias: Shape | undefined
}

/** Options of {@link EinsumDense}. */
export interface EinsumDenseOptions extends OptionsOf<typeof fields>, LayerOptions {}

const EinsumDenseBase: With<typeof LowRankLayer, typeof fields, EinsumDenseOptions> = LowRankLayer.with(fields)

/**
 * `y = activation(einsum(equation, x, kernel) + bias)`.
 *
 * @see keras.layers.EinsumDense
 *
 * @example
 * import { EinsumDense } from 'ferrograd/layers'
 *
 * const layer = new EinsumDense({ equation: 'abc,cd->abd', outputShape: [null, 64], biasAxes: 'd' })
 */
export class EinsumDense extends EinsumDenseBase {
  static override readonly className = 'EinsumDense'
  protected override readonly takes = 'one' as const
  kernel!: Variable
  bias: Variable | undefined

  override build(inputShape: Shape): void {
    const { kernelInitializer, kernelRegularizer, kernelConstraint, biasInitializer, biasRegularizer, biasConstraint } =
      this.options
    const { kernel, bias } = this.#plan(inputShape)
    this.kernel = this.addWeight({
      name: 'kernel',
      shape: kernel,
      initializer: kernelInitializer,
      regularizer: kernelRegularizer,
      constraint: kernelConstraint,
    })
    if (bias)
      this.bias = this.addWeight({
        name: 'bias',
        shape: bias,
        initializer: biasInitializer,
        regularizer: biasRegularizer,
        constraint: biasConstraint,
      })
    this.enableGiven(this.options)
  }

  protected override get tuned(): Tuned {
    const { kernelRegularizer: regularizer, kernelConstraint: constraint } = this.options
    return { weight: this.kernel, prefix: 'lora_kernel', regularizer, constraint }
  }

  override call(input: Tensor): Tensor {
    const [x, lora] = [this.cast(input), this.lora]
    const { equation } = this.#plan(x.shape)
    const product = lora === undefined ? ops.einsum(equation, x, this.kernel) : this.#tuned(equation, x, lora)
    return this.options.activation(this.bias === undefined ? product : ops.add(product, this.bias))
  }

  /** Through the factors one by one, which are small, where the kernel's last axis is the result's. */
  #tuned(equation: string, x: Tensor, lora: LowRank): Tensor {
    const [, kernel = '', output = ''] = equation.split(/,|->/)
    if (kernel.at(-1) !== output.at(-1)) return ops.einsum(equation, x, this.merged())
    return ops.add(ops.einsum(equation, x, this.kernel), this.raised(ops.einsum(equation, x, lora.a), lora))
  }

  #plan(inputShape: Shape): Plan {
    const { equation, outputShape, biasAxes } = this.options
    const found = /^(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?$/.exec(equation)
    if (found === null || found[1] !== found[5] || found[3] !== found[7]) {
      return fail('ERR_CONFIG', 'EinsumDense.equation', `'ab,bc->ac', '...b,bc->...c' or 'ab...,bc->ac...'`, equation)
    }
    const [, left, input = '', right, weight = '', , output = ''] = found
    const free = spare(inputShape.length - input.length, equation)
    if (free.length > 0 && !left && !right)
      fail('ERR_SHAPE', 'EinsumDense input', `${input.length} axes for '${equation}'`, inputShape)
    const whole = (letters: string): string => (left ? free + letters : letters + (right ? free : ''))
    const lengths = lettersOf(whole(input), inputShape)
    addOutput(lengths, whole(output), [outputShape].flat(), left ? Math.max(1, free.length) : 1)
    const known = (letter: string): number =>
      lengths.get(letter) ??
      fail('ERR_CONFIG', 'EinsumDense.equation', `'${letter}' in the input or the result`, equation)
    return {
      equation: `${whole(input)},${weight}->${whole(output)}`,
      kernel: [...weight].map(known),
      bias: biasAxes === null ? undefined : biasShape(biasAxes, output, right ? free.length : 0, known),
    }
  }
}

/** Letters that an equation does not use. */
function spare(count: number, equation: string): string {
  const unused = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter(
    (letter) => !equation.includes(letter),
  )
  return unused.slice(0, Math.max(0, count)).join('')
}

function lettersOf(letters: string, shape: Shape): Map<string, number> {
  return new Map([...letters].map((letter, i) => [letter, shape[i]!]))
}

/** Adds the lengths that only the result names. Its given shape starts after the batch, or after the axes that the dots stand for. */
function addOutput(lengths: Map<string, number>, output: string, given: PartialShape, start: number): void {
  for (const [i, length] of given.entries()) {
    const letter = output[start + i]
    if (letter === undefined)
      fail('ERR_CONFIG', 'EinsumDense.outputShape', `at most ${output.length - start} lengths`, given)
    const known = lengths.get(letter)
    if (known !== undefined && length !== null && known !== length)
      fail('ERR_SHAPE', 'EinsumDense.outputShape', `${known} for '${letter}'`, length)
    if (known === undefined && length !== null) lengths.set(letter, length)
  }
}

/** The bias has the wanted letters' lengths, and 1 for the others from the first wanted one on. */
function biasShape(axes: string, output: string, elided: number, known: (letter: string) => number): number[] {
  const missing = [...axes].find((letter) => !output.includes(letter))
  if (missing !== undefined) fail('ERR_CONFIG', 'EinsumDense.biasAxes', `letters of the result '${output}'`, axes)
  const first = Math.min(...[...axes].map((letter) => output.indexOf(letter)))
  const along = [...output.slice(first)].map((letter) => (axes.includes(letter) ? known(letter) : 1))
  return [...along, ...new Array<number>(elided).fill(1)]
}
