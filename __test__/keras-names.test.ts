/** Every class, argument and default of Keras is here, or docs/keras.md says that it is not. */

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { document } from '../tools/docs/keras.js'
import type { Layer } from '../ts/layers/layer.js'
import { Sequential } from '../ts/model/index.js'
import { type Configured, classNameOf, fieldsOf } from '../ts/options/configured.js'
import type { FieldSpec } from '../ts/options/fields.js'
import { checkRange } from '../ts/options/kinds.js'
import { camel, canonical, snake } from '../ts/options/names.js'
import { planFit, planPass } from '../ts/training/options.js'
import { families } from './families.js'
import { fixture } from './oracle.js'

type Argument = readonly [name: string, byDefault?: unknown]

interface Signature {
  readonly name: string
  readonly family: string
  readonly arguments: readonly Argument[]
  /** What a layer's call takes `training` for where nobody says. */
  readonly training?: boolean
}

const { cases } = fixture<Signature>('signatures')
const text = readFileSync(document, 'utf8')
const section = (title: string): string => text.split(`## ${title}\n`)[1]!.split('\n## ')[0]!
const quoted = (part: string): string[] => [...part.matchAll(/`([^`]+)`/g)].map(([, word]) => word!)

/** Who lacks which arguments, row by row. */
const lacking = section('Arguments of Keras that are not here')
  .split('\n')
  .filter((line) => line.startsWith('| `') || line.startsWith('| all layers'))
  .map((line) => line.split('|'))
  .map(([, of, names]) => ({ all: of!.includes('all layers'), of: quoted(of!), names: quoted(names!) }))
const absent = new Set(quoted(section('Classes of Keras that are not here')))

function isLacking({ name, family }: Signature, argument: string): boolean {
  return lacking.some(
    ({ all, of, names }) => ((all && family === 'layers') || of.includes(name)) && names.includes(argument),
  )
}

/** Our class of Keras's name. */
function ours({ name, family }: Signature): Configured | undefined {
  return families[family]?.find((type) => classNameOf(type) === name)
}

function fieldOf(type: Configured, argument: string): FieldSpec | undefined {
  return Object.entries(fieldsOf(type)).find(([key, spec]) => spec.config === argument || snake(key) === argument)?.[1]
}

/** Two ways to write one default. */
function sameDefault(argument: string, keras: unknown, spec: FieldSpec): boolean {
  // A name is that of the class unless it is given.
  if (argument === 'name' && spec.default === null) return true
  // No activation is the linear one, no format the usual one.
  if (keras === null && ['linear', 'channelsLast'].includes(String(spec.default))) return true
  // One number stands for as much either way.
  if (spec.type === 'range' && typeof keras === 'number')
    return JSON.stringify(checkRange(keras, argument, spec)) === JSON.stringify(spec.default)
  if (spec.type === 'perAxis' && typeof keras === 'number') return [spec.default].flat().every((one) => one === keras)
  if (typeof keras === 'string') return typeof spec.default === 'string' && canonical(keras) === canonical(spec.default)
  return JSON.stringify(keras) === JSON.stringify(spec.default)
}

/** Needed in Keras: it refuses null for the first, and weights may stay in memory with the second. */
const optional = ['CategoryEncoding.num_tokens', 'ModelCheckpoint.filepath']

const signatures = cases.filter(({ family }) => family !== 'model')
const here = signatures.filter((one) => ours(one) !== undefined && !absent.has(one.name))

describe('classes', () => {
  it.each(Object.keys(families))('%s', (family) => {
    const missing = signatures.filter((one) => one.family === family && ours(one) === undefined)
    expect(missing.map(({ name }) => name).filter((name) => !absent.has(name))).toEqual([])
  })

  it('none is said to be absent that is here', () => {
    const bases = ['Layer', 'Loss', 'Metric', 'Optimizer', 'Schedule', 'Initializer', 'Regularizer', 'Constraint']
    const known = signatures.filter((one) => ours(one) !== undefined).map(({ name }) => name)
    expect(known.filter((name) => absent.has(name) && !bases.includes(name))).toEqual([])
  })
})

describe('arguments and defaults', () => {
  it.each(here.map((one) => [`${one.family} ${one.name}`, one] as const))('%s', (_, one) => {
    const type = ours(one)!
    for (const [name, ...byDefault] of one.arguments) {
      const field = fieldOf(type, name)
      if (field === undefined) {
        expect(isLacking(one, name), `${one.name}(${name}) is neither here nor in docs/keras.md`).toBe(true)
        continue
      }
      expect(isLacking(one, name), `${one.name}(${name}) is here, whatever docs/keras.md says`).toBe(false)
      const same =
        byDefault.length === 0 ? !('default' in field) : 'default' in field && sameDefault(name, byDefault[0], field)
      if (!same && optional.includes(`${one.name}.${name}`)) continue
      expect(same, `${one.name}(${name}): ${JSON.stringify(byDefault)} became ${JSON.stringify(field.default)}`).toBe(
        true,
      )
    }
  })
})

describe('modes', () => {
  it.each(here.filter(({ family }) => family === 'layers').map((one) => [one.name, one] as const))('%s', (_, one) => {
    expect((ours(one) as typeof Layer).trainingDefault).toBe(one.training)
  })
})

/** Whether a method takes an option; what it says of a value does not matter. */
const takers: Readonly<Record<string, (option: string) => void>> = {
  compile: (option) => void new Sequential().compile({ loss: 'mse', [option]: null } as never),
  fit: (option) => void planFit({ [option]: undefined }),
  evaluate: (option) => void planPass('evaluate', { [option]: undefined }),
  predict: (option) => void planPass('predict', { [option]: undefined }),
  summary: (option) => void new Sequential([], {}).summary({ print: false, [option]: undefined }),
}

describe('methods', () => {
  it.each(
    cases.filter(({ family, name }) => family === 'model' && name in takers).map((one) => [one.name, one] as const),
  )('%s', (_, one) => {
    for (const [name] of one.arguments) {
      const take = (): void => takers[one.name]!(camel(name))
      if (isLacking(one, name)) expect(take, name).toThrow('unknown option')
      else expect(take, name).not.toThrow(`unknown option '${camel(name)}'`)
    }
  })
})
