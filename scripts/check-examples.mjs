// Type-checks the code that readers copy: each ```ts block of a doc comment's `@example`, of README.md and of docs/.
// A block is a module of its own; a block opened by ```ts no-check is left out.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { at, capture, filesUnder, isMain, main, Stop, step, tool } from './lib.mjs'

/** Under `node_modules`, so that no tool takes the copies for sources; `.mts`, so that each is an ES module. */
const FOLDER = 'node_modules/.cache/ferrograd-examples'

const CONFIG = {
  extends: '../../../tsconfig.json',
  compilerOptions: {
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedDeclarations: false,
    declaration: false,
  },
  include: ['*.mts'],
  exclude: [],
}

/** Lines inside ```ts fences, each block with the file and line it came from. A doc comment's leading `*` is not code. */
function blocksOf(file) {
  const comments = file.endsWith('.ts')
  const blocks = []
  let block
  let inExample = false
  for (const [index, raw] of readFileSync(at(file), 'utf8').split('\n').entries()) {
    const line = comments ? raw.replace(/^\s*\* ?/, '') : raw
    if (/^\s*\/\*\*/.test(raw)) inExample = false
    if (/^@\w+/.test(line)) inExample = line.startsWith('@example')
    if (block !== undefined && /^\s*```/.test(line)) {
      blocks.push(block)
      block = undefined
    } else if (block !== undefined) {
      block.lines.push(line)
    } else if (/^\s*```(ts|typescript)\s*$/.test(line) && (inExample || !comments)) {
      block = { file, firstLine: index + 2, lines: [] }
    }
  }
  return blocks
}

/** Turns `12.mts(3,5): error …` into the place in the document that the block came from. */
function locate(output, blocks) {
  return output.replace(/^.*?(\d+)\.mts\((\d+),(\d+)\)/gm, (_, id, line, column) => {
    const { file, firstLine } = blocks[Number(id)]
    return `${file}(${firstLine + Number(line) - 1},${column})`
  })
}

export async function checkExamples() {
  const documents = filesUnder(['README.md', 'docs', 'ts'], ['generated']).filter((file) => /\.(md|ts)$/.test(file))
  const blocks = documents.flatMap(blocksOf)
  rmSync(at(FOLDER), { recursive: true, force: true })
  mkdirSync(at(FOLDER), { recursive: true })
  for (const [id, { lines }] of blocks.entries()) {
    writeFileSync(at(FOLDER, `${id}.mts`), [...lines, 'export {}', ''].join('\n'))
  }
  if (blocks.length === 0) return
  writeFileSync(at(FOLDER, 'tsconfig.json'), JSON.stringify(CONFIG))
  const { code, output } = await capture(process.execPath, [
    tool('typescript', 'tsc'),
    '--project',
    join(FOLDER, 'tsconfig.json'),
  ])
  if (code !== 0) throw new Stop(locate(output, blocks).trimEnd())
}

if (isMain(import.meta.url)) main(() => step('Checking the examples in comments and documents', checkExamples))
