/** One declaration of fields: option types, checks and their messages, defaults, Keras's names. */

import { describe, expect, it } from 'vitest'
import { FerrogradError, suggest } from '../../ts/errors.js'
import { ops, type Tensor } from '../../ts/index.js'
import { BatchNormalization, Dense, Dropout, Flatten, Layer, Reshape } from '../../ts/layers/index.js'
import { getLoss } from '../../ts/losses/index.js'
import { Adam, getOptimizer, SGD } from '../../ts/optimizers/index.js'
import { camel, canonical, snake, snakeClass } from '../../ts/options/names.js'

/** What a thrown error says, after its code. */
function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof FerrogradError) return `${error.code} ${error.message}`
    throw error
  }
  return 'accepted'
}

describe('options are checked, and the message says what to do', () => {
  const rows: readonly [what: string, act: () => unknown, says: string][] = [
    ['units 0', () => new Dense({ units: 0 }), 'ERR_CONFIG Dense.units: expected an integer ≥ 1, got 0'],
    ['units −3', () => new Dense({ units: -3 }), 'ERR_CONFIG Dense.units: expected an integer ≥ 1, got -3'],
    ['units 2.5', () => new Dense({ units: 2.5 }), 'got 2.5'],
    ['units NaN', () => new Dense({ units: Number.NaN }), 'got NaN'],
    ['units 2³¹', () => new Dense({ units: 2 ** 31 }), 'got 2147483648'],
    ["units '8'", () => new Dense({ units: '8' as never }), "got '8'"],
    ['units missing', () => new Dense({} as never), 'ERR_CONFIG Dense.units: is required'],
    ['no options', () => new Dense(undefined as never), 'ERR_CONFIG Dense.units: is required'],
    ['options an array', () => new Dense([3] as never), 'ERR_CONFIG Dense: expected an options object, got [3]'],
    ['options null', () => new Dense(null as never), 'ERR_CONFIG Dense: expected an options object, got null'],
    ['unknown option', () => new Dense({ units: 1, activaton: 'relu' } as never), "Did you mean 'activation'?"],
    ['unknown activation', () => new Dense({ units: 1, activation: 'rleu' as never }), "did you mean 'relu'?"],
    ['useBias 1', () => new Dense({ units: 1, useBias: 1 as never }), 'Dense.useBias: expected true or false, got 1'],
    ['dtype', () => new Dense({ units: 1, dtype: 'float16' as never }), 'ERR_DTYPE Dense.dtype'],
    ['empty name', () => new Dense({ units: 1, name: '' }), 'Dense.name: expected a non-empty string'],
    [
      'regularizer',
      () => new Dense({ units: 1, kernelRegularizer: 'l3' as never }),
      'Dense.kernelRegularizer: expected a regularizer',
    ],
    ['dropout 1', () => new Dropout({ rate: 1 }), 'Dropout.rate: expected a number in [0, 1), got 1'],
    ['dropout 2', () => new Dropout({ rate: 2 }), 'got 2'],
    ['dropout −1', () => new Dropout({ rate: -1 }), 'got -1'],
    ['momentum 2', () => new BatchNormalization({ momentum: 2 }), 'expected a number in [0, 1], got 2'],
    [
      'target shape',
      () => new Reshape({ targetShape: ['3'] as never }),
      'Reshape.targetShape: expected a list of integers',
    ],
    ['choice', () => new Flatten({ dataFormat: 'first' as never }), "expected one of 'channelsLast', 'channelsFirst'"],
    ['rate NaN', () => new SGD({ learningRate: Number.NaN }), 'ERR_CONFIG SGD.learningRate'],
    ['rate −1', () => new SGD({ learningRate: -1 }), 'got -1'],
    ['rate 1e30', () => new SGD({ learningRate: 1e30 }), 'got 1e+30'],
    ['rate undefined', () => new SGD({ learningRate: undefined as never }), 'got undefined'],
    ["rate '0.1'", () => new SGD({ learningRate: '0.1' as never }), "got '0.1'"],
    [
      'two clips',
      () => new Adam({ clipnorm: 1, clipvalue: 1 }),
      'at most one of clipnorm, globalClipnorm and clipvalue',
    ],
    ['beta 1', () => new Adam({ beta1: 1 }), 'Adam.beta1: expected a number in [0, 1), got 1'],
    ['optimizer', () => getOptimizer('adma' as never), "got 'adma'; did you mean 'adam'?"],
    ['loss', () => getLoss('categorical_crossentrop' as never), "did you mean 'categoricalCrossentropy'?"],
    ['loss a number', () => getLoss(3 as never), 'ERR_CONFIG loss: expected a loss'],
  ]
  it.each(rows)('%s', (_, act, says) => expect(refusal(act)).toContain(says))
})

describe('what does not exist does not compile', () => {
  it('names and options', () => {
    // @ts-expect-error: no such optimizer
    expect(() => getOptimizer('adma')).toThrow()
    // @ts-expect-error: no such option
    expect(() => new Dense({ units: 1, activaton: 'relu' })).toThrow()
    // @ts-expect-error: units is required
    expect(() => new Dense({})).toThrow()
    // @ts-expect-error: no such activation
    expect(() => new Dense({ units: 1, activation: 'rleu' })).toThrow()
    // @ts-expect-error: null is not among the values of rate
    expect(() => new Dropout({ rate: null })).toThrow()
    // @ts-expect-error: undefined is not a rate
    expect(() => new SGD({ learningRate: undefined })).toThrow()
  })

  it('both spellings do', () => {
    expect(
      new Dense({ units: 1, activation: 'leaky_relu', kernelInitializer: 'glorot_uniform' }).options.activation,
    ).toBe(new Dense({ units: 1, activation: 'leakyRelu' }).options.activation)
    expect(getLoss('mean_squared_error').className).toBe(getLoss('meanSquaredError').className)
  })
})

describe('defaults and configuration come from the same declaration', () => {
  it('Dense as Keras writes it', () => {
    expect(new Dense({ units: 3, activation: 'leakyRelu', name: 'd' }).getConfig()).toEqual({
      name: 'd',
      trainable: true,
      dtype: 'float32',
      units: 3,
      activation: 'leaky_relu',
      use_bias: true,
      kernel_initializer: {
        module: 'keras.initializers',
        class_name: 'GlorotUniform',
        config: { seed: null },
        registered_name: null,
      },
      bias_initializer: { module: 'keras.initializers', class_name: 'Zeros', config: {}, registered_name: null },
      kernel_regularizer: null,
      bias_regularizer: null,
      activity_regularizer: null,
      kernel_constraint: null,
      bias_constraint: null,
    })
  })

  it('Adam as Keras writes it', () => {
    expect(new Adam({ learningRate: 0.01 }).getConfig()).toEqual({
      name: 'adam',
      learning_rate: 0.01,
      weight_decay: null,
      clipnorm: null,
      global_clipnorm: null,
      clipvalue: null,
      use_ema: false,
      ema_momentum: 0.99,
      ema_overwrite_frequency: null,
      loss_scale_factor: null,
      gradient_accumulation_steps: null,
      beta_1: 0.9,
      beta_2: 0.999,
      epsilon: 1e-7,
      amsgrad: false,
    })
  })
})

describe('names', () => {
  it.each([
    ['leakyRelu', 'leaky_relu'],
    ['sumOverBatchSize', 'sum_over_batch_size'],
    ['ROC', 'ROC'],
  ])('%s ↔ %s', (ours, keras) => {
    expect(snake(ours)).toBe(keras)
    if (keras.includes('_')) expect(camel(keras)).toBe(ours)
    expect(canonical(ours)).toBe(canonical(keras))
  })

  it.each([
    ['BatchNormalization', 'batch_normalization'],
    ['ReLU', 're_lu'],
    ['PReLU', 'p_re_lu'],
    ['ELU', 'elu'],
    ['KLDivergence', 'kl_divergence'],
    ['RMSNormalization', 'rms_normalization'],
    ['Conv2D', 'conv2d'],
    ['R2Score', 'r2_score'],
  ])('a %s goes by %s', (className, name) => expect(snakeClass(className)).toBe(name))

  it('the nearest name, or none', () => {
    expect(suggest('adma', ['sgd', 'adam', 'adamw'])).toBe("did you mean 'adam'?")
    expect(suggest('mean_squared_eror', ['meanSquaredError', 'poisson'])).toBe("did you mean 'meanSquaredError'?")
    expect(suggest('quantum', ['sgd', 'adam'])).toBe('')
  })
})

describe('a class with options of its own', () => {
  class Scaled extends Layer.with({
    factor: { type: 'number', default: 2, above: 0 },
    mode: { type: 'choice', of: ['up', 'upsideDown'], default: 'up' },
  }) {
    override call(x: Tensor): Tensor {
      return ops.multiply(x, this.options.mode === 'up' ? this.options.factor : 1 / this.options.factor)
    }
  }

  it('has their values, checks, defaults and configuration from one table', () => {
    expect(new Scaled().apply([[3]]).arraySync()).toEqual([[6]])
    expect(new Scaled({ factor: 4, mode: 'upside_down' }).apply([[4]]).arraySync()).toEqual([[1]])
    expect(refusal(() => new Scaled({ factor: 0 }))).toContain('Scaled.factor: expected a number in (0, inf), got 0')
    expect(refusal(() => new Scaled({ faktor: 1 } as never))).toContain(
      "unknown option 'faktor'. Did you mean 'factor'?",
    )
    expect(new Scaled({ name: 's' }).getConfig()).toMatchObject({ name: 's', factor: 2, mode: 'up', trainable: true })
  })

  it('may extend another one', () => {
    class Shifted extends Scaled.with({ by: { type: 'number' } }) {
      override call(x: Tensor): Tensor {
        return ops.add(super.call(x), this.options.by)
      }
    }
    expect(new Shifted({ by: 1, factor: 3 }).apply([[2]]).arraySync()).toEqual([[7]])
    // @ts-expect-error: `by` is required
    expect(refusal(() => new Shifted({ factor: 3 }))).toContain('Shifted.by: is required')
  })

  it('that forgot to say so is told', () => {
    class Forgetful extends Layer {
      override call(x: Tensor): Tensor {
        return x
      }
    }
    // @ts-expect-error: no such option
    expect(refusal(() => new Forgetful({ slope: 2 }))).toContain('extend Layer.with({ … })')
  })
})
