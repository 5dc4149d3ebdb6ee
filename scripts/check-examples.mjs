// Type-checks the code that readers copy: the `@example` of every doc comment in ts/, with or without a ```ts fence, and
// each ```ts block of README.md and docs/. A block is a module of its own; ```ts no-check leaves one out, and ```ts run is
// run, too, when the documentation site is built (scripts/docs.mjs).
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
    incremental: false,
    tsBuildInfoFile: null,
  },
  include: ['*.mts'],
  exclude: [],
}

const FENCE = /^\s*```/
const TS_FENCE = /^\s*```(?:ts|typescript)\b(.*)$/

/** The ```ts blocks in lines: the words after `ts`, and the positions of the fences around the code. */
export function fencedBlocks(lines) {
  const blocks = []
  let open
  for (const [index, line] of lines.entries()) {
    if (!FENCE.test(line)) continue
    if (open === undefined) open = { flags: TS_FENCE.exec(line)?.[1].split(/\s+/), first: index }
    else {
      if (open.flags !== undefined) blocks.push({ ...open, last: index })
      open = undefined
    }
  }
  return blocks
}

/** The code of those that are checked, in lines that begin at line `firstLine` of a file. */
const checkedBlocks = (lines, firstLine) =>
  fencedBlocks(lines)
    .filter(({ flags }) => !flags.includes('no-check'))
    .map(({ first, last }) => ({ firstLine: firstLine + first + 1, lines: lines.slice(first + 1, last) }))

/** Each `@example` of the doc comments: the lines from the tag to the next tag or the comment's end. */
function exampleSections(text) {
  const sections = []
  let section
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/^\s*(\/\*\*|\*(?!\/)) ?/, '')
    const tag = /^@(\w+)\s*(.*)$/.exec(line)
    const inComment = /^\s*(\/\*\*|\*)/.test(raw) && !raw.includes('*/')
    if (tag !== null || !inComment) section = undefined
    if (section !== undefined) section.lines.push(line)
    if (tag?.[1] === 'example') {
      section = { firstLine: index + 2, lines: [] }
      sections.push(section)
    }
  }
  return sections
}

const exampleBlocks = ({ firstLine, lines }) =>
  lines.some((line) => FENCE.test(line)) ? checkedBlocks(lines, firstLine) : [{ firstLine, lines }]

function blocksOf(file) {
  const text = readFileSync(at(file), 'utf8')
  const blocks = file.endsWith('.md')
    ? checkedBlocks(text.split('\n'), 1)
    : exampleSections(text).flatMap(exampleBlocks)
  return blocks.map((block) => ({ file, ...block }))
}

/** Turns `12.mts(3,5): error …` into the place that the block came from. */
function locate(output, blocks) {
  return output.replace(/^.*?(\d+)\.mts\((\d+),(\d+)\)/gm, (_, id, line, column) => {
    const { file, firstLine } = blocks[Number(id)]
    return `${file}(${firstLine + Number(line) - 1},${column})`
  })
}

export async function checkExamples() {
  const documents = filesUnder(['README.md', 'docs', 'ts'], ['generated', 'site']).filter((file) =>
    /\.(md|ts)$/.test(file),
  )
  const blocks = documents.flatMap(blocksOf)
  rmSync(at(FOLDER), { recursive: true, force: true })
  if (blocks.length === 0) return
  mkdirSync(at(FOLDER), { recursive: true })
  writeFileSync(at(FOLDER, 'tsconfig.json'), JSON.stringify(CONFIG))
  for (const [id, { lines }] of blocks.entries()) {
    writeFileSync(at(FOLDER, `${id}.mts`), [...lines, 'export {}', ''].join('\n'))
  }
  const project = join(FOLDER, 'tsconfig.json')
  const { code, output } = await capture(process.execPath, [tool('typescript', 'tsc'), '--project', project])
  if (code !== 0) throw new Stop(locate(output, blocks).trimEnd())
}

if (isMain(import.meta.url)) main(() => step('Checking the examples in comments and documents', checkExamples))
