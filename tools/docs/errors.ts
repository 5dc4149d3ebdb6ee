/**
 * Writes docs/errors.md: each code with its comment in `ts/errors.ts`, and with a mistake that really causes it:
 * `npx tsx tools/docs/errors.ts`.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { tensor } from '../../ts/core/tensor.js'
import { type ErrorCode, FerrogradError } from '../../ts/errors.js'
import { Dense, Embedding } from '../../ts/layers/index.js'
import { Sequential } from '../../ts/model/index.js'
import * as ops from '../../ts/ops.js'
import { deserialize, loadModel } from '../../ts/saving/index.js'

/** A mistake as a user would write it, and the same as code. */
interface Mistake {
  readonly code: string
  readonly make: () => unknown
}

const net = (): Sequential => new Sequential([new Dense({ units: 1, inputShape: [2] })])
const compiled = (): Sequential => {
  const model = net()
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })
  return model
}

/** At least one for every code, as the type asks; none where only a bug could cause it. */
const mistakes: Readonly<Record<ErrorCode, readonly Mistake[]>> = {
  ERR_SHAPE: [
    { code: 'ops.add(tensor([1, 2]), tensor([1, 2, 3]))', make: () => ops.add(tensor([1, 2]), tensor([1, 2, 3])) },
    { code: 'model.fit([[1, 2], [3]], [1, 2])', make: () => compiled().fit([[1, 2], [3]], [1, 2], { verbose: 0 }) },
    { code: 'model.predict([[1, 2, 3]])  // inputShape: [2]', make: () => net().predict([[1, 2, 3]]) },
  ],
  ERR_DTYPE: [
    { code: 'ops.take([1, 2, 3], tensor([0.5]))', make: () => ops.take(tensor([1, 2, 3]), tensor([0.5])) },
    {
      code: "new Dense({ units: 1, dtype: 'float16' })",
      make: () => new Dense({ units: 1, dtype: 'float16' as never }),
    },
  ],
  ERR_CONFIG: [
    { code: 'new Dense({ units: -1 })', make: () => new Dense({ units: -1 }) },
    { code: 'new Dense({ unit: 3 })', make: () => new Dense({ unit: 3 } as never) },
    { code: "model.compile({ optimizer: 'adma' })", make: () => net().compile({ optimizer: 'adma' as never }) },
  ],
  ERR_DATA: [
    { code: 'model.fit([[1, NaN]], [1])', make: () => compiled().fit([[1, Number.NaN]], [1], { verbose: 0 }) },
    {
      code: 'new Embedding({ inputDim: 3, outputDim: 2 }).apply(tensor([7]))',
      make: () => new Embedding({ inputDim: 3, outputDim: 2 }).apply(tensor([7])).data(),
    },
  ],
  ERR_STATE: [{ code: 'model.fit(x, y)  // before compile', make: () => net().fit([[1, 2]], [1], { verbose: 0 }) }],
  ERR_MEMORY: [
    {
      code: 'await ops.matmul(column, row).sum().item()  // [1000000, 1] · [1, 1000000]',
      make: () =>
        ops
          .matmul(ops.ones([1e6, 1]), ops.ones([1, 1e6]))
          .sum()
          .item(),
    },
  ],
  ERR_NON_FINITE: [
    {
      code: 'model.fit([[1e30, 1e30]], [1])',
      make: () => compiled().fit([[1e30, 1e30]], [1], { verbose: 0 }),
    },
  ],
  ERR_ABORTED: [
    {
      code: 'model.fit(x, y, { signal: AbortSignal.abort() })',
      make: () => compiled().fit([[1, 2]], [1], { verbose: 0, signal: AbortSignal.abort() }),
    },
  ],
  ERR_FORMAT: [
    {
      code: "deserialize({ class_name: 'Dens', config: {} })",
      make: () => deserialize({ class_name: 'Dens', config: {} }),
    },
  ],
  ERR_IO: [{ code: "loadModel('nowhere.keras')", make: () => loadModel('nowhere.keras') }],
  ERR_INTERNAL: [],
}

const source = readFileSync(new URL('../../ts/errors.ts', import.meta.url), 'utf8')

/** The comment that stands over a code in its declaration. */
function commentOf(code: string): string {
  return new RegExp(`/\\*\\* ([^\\n]+) \\*/\\s*\\| '${code}'`).exec(source)?.[1] ?? ''
}

/** A message without what the machine has: how much memory. */
function onAnyMachine(message: string): string {
  return message.replace(/fits \d+ bytes/, 'fits … bytes')
}

/** The message of a mistake, which must be an error of that code. */
async function messageOf(code: string, { make, code: text }: Mistake): Promise<string> {
  try {
    await make()
  } catch (error) {
    if (error instanceof FerrogradError && error.code === code) return onAnyMachine(error.message)
    throw new Error(`${text} gave ${error}, not ${code}`)
  }
  throw new Error(`${text} gave no error`)
}

async function sectionText(code: string, list: readonly Mistake[]): Promise<string> {
  const shown = await Promise.all(
    list.map(async (mistake) => `\`\`\`js\n${mistake.code}\n// ${await messageOf(code, mistake)}\n\`\`\``),
  )
  return [`## ${code}`, commentOf(code), ...shown].join('\n\n')
}

const begin = '<!-- written by tools/docs/errors.ts from here on -->'

/** Where the document is. */
export const document: URL = new URL('../../docs/errors.md', import.meta.url)

/** The codes that have a section. */
export const codes: readonly string[] = Object.keys(mistakes)

/** The document with its sections written anew. */
export async function withSections(text: string): Promise<string> {
  const sections = await Promise.all(Object.entries(mistakes).map(([code, list]) => sectionText(code, list)))
  return `${text.slice(0, text.indexOf(begin) + begin.length)}\n\n${sections.join('\n\n')}\n`
}

if (process.argv[1]?.endsWith('errors.ts')) writeFileSync(document, await withSections(readFileSync(document, 'utf8')))
