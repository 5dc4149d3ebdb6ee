/** Writes docs/keras.md, the table of Keras's names and ours, from the classes themselves: `npx tsx tools/docs/keras.ts`. */

import { readFileSync, writeFileSync } from 'node:fs'
import { constraintFamily } from '../../ts/constraints.js'
import { initializerFamily } from '../../ts/initializers/family.js'
import { layerFamily } from '../../ts/layers/family.js'
import { lossFamily } from '../../ts/losses/family.js'
import { statisticFamily } from '../../ts/metrics/family.js'
import { optimizerFamily } from '../../ts/optimizers/family.js'
import { fieldsOf } from '../../ts/options/configured.js'
import type { ClassOf, Family } from '../../ts/options/family.js'
import type { FieldSpec } from '../../ts/options/fields.js'
import { snake } from '../../ts/options/names.js'
import { regularizerFamily } from '../../ts/regularizers.js'
import { scheduleFamily } from '../../ts/schedules/family.js'

interface Section {
  readonly title: string
  readonly path: string
  readonly family: Family<unknown>
  /** Options that all classes of the family have, told once. */
  readonly shared: readonly string[]
}

const common = ['name', 'dtype']
const sections = [
  {
    title: 'Layers',
    path: 'layers',
    family: layerFamily,
    shared: [...common, 'trainable', 'inputShape', 'activityRegularizer'],
  },
  { title: 'Losses', path: 'losses', family: lossFamily, shared: [...common, 'reduction'] },
  { title: 'Metrics', path: 'metrics', family: statisticFamily, shared: common },
  {
    title: 'Optimizers',
    path: 'optimizers',
    family: optimizerFamily,
    shared: [
      'name',
      'learningRate',
      'weightDecay',
      'clipnorm',
      'clipvalue',
      'globalClipnorm',
      'useEma',
      'emaMomentum',
      'emaOverwriteFrequency',
      'lossScaleFactor',
      'gradientAccumulationSteps',
    ],
  },
  { title: 'Learning-rate schedules', path: 'schedules', family: scheduleFamily, shared: ['name'] },
  { title: 'Initializers', path: 'initializers', family: initializerFamily, shared: ['seed'] },
  { title: 'Regularizers', path: 'regularizers', family: regularizerFamily, shared: [] },
  { title: 'Constraints', path: 'constraints', family: constraintFamily, shared: [] },
] as unknown as readonly Section[]

function sectionText({ title, path, family, shared }: Section): string {
  const types = [...new Set(Object.values(family.classes))].sort((a, b) => nameOf(a).localeCompare(nameOf(b)))
  const names = shortNames(family)
  const rows = types.map((type) => `| \`${nameOf(type)}\` | ${names.get(type) ?? ''} | ${optionsText(type, shared)} |`)
  const all = shared.length === 0 ? '' : ` All take ${shared.map((name) => `\`${name}\``).join(', ')}.`
  return `## ${title}\n\n\`ferrograd/${path}\`.${all}\n\n| class | by name | options and defaults |\n|---|---|---|\n${rows.join('\n')}\n`
}

/** The strings that stand for a class with its defaults; layers have none. */
function shortNames({ classes, aliases = {}, module }: Family<unknown>): ReadonlyMap<unknown, string> {
  if (module === 'keras.layers' || module === 'keras.optimizers.schedules') return new Map()
  const entries = Object.entries(classes).map(([key, type]) => {
    const short = Object.keys(aliases).filter((alias) => aliases[alias] === key)
    return [type, [key, ...short].map((name) => `\`'${name}'\``).join(' ')] as const
  })
  return new Map(entries)
}

function optionsText(type: ClassOf<unknown>, shared: readonly string[]): string {
  const own = Object.entries(fieldsOf(type)).filter(([key]) => !shared.includes(key))
  return own.map(([key, spec]) => optionText(key, spec)).join(', ')
}

/** `units`, `useBias = true`; Keras's name where it is not simply the snake_case of ours. */
function optionText(key: string, spec: FieldSpec): string {
  const given = 'default' in spec ? ` = ${JSON.stringify(spec.default)?.replaceAll('"', "'")}` : ''
  const keras = typeof spec.config === 'string' && spec.config !== snake(key) ? ` (\`${spec.config}\`)` : ''
  return `\`${key}${given}\`${keras}`
}

const nameOf = (type: ClassOf<unknown>): string => type.className ?? type.name

const begin = '<!-- written by tools/docs/keras.ts from here on -->'

/** Where the document is. */
export const document: URL = new URL('../../docs/keras.md', import.meta.url)

/** The document with its tables written anew. */
export function withTables(text: string): string {
  const head = text.slice(0, text.indexOf(begin) + begin.length)
  return `${head}\n\n${sections.map(sectionText).join('\n')}`
}

if (process.argv[1]?.endsWith('keras.ts')) writeFileSync(document, withTables(readFileSync(document, 'utf8')))
