// The pages of the site, from what the repository has: documents with the output of their code, examples with theirs, and
// the errors by code. Written to docs/site/pages, which VitePress reads.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { fencedBlocks } from '../../scripts/check-examples.mjs'
import { at, capture, filesUnder, Stop } from '../../scripts/lib.mjs'

export const PAGES = 'docs/site/pages'

/** Code runs under the root, where `ferrograd` is the package itself; whatever it writes stays here. */
const RUNS = 'target/docs-runs'

const write = (page, text) => {
  mkdirSync(dirname(at(PAGES, page)), { recursive: true })
  writeFileSync(at(PAGES, page), text)
}

/** Runs a TypeScript file as a user's; gives what it printed. */
async function outputOf(file, args = [], cwd = at()) {
  const options = { cwd, env: { TSX_TSCONFIG_PATH: at('tsconfig.run.json'), NO_COLOR: '1' } }
  const { code, output } = await capture(process.execPath, ['--import', 'tsx', file, ...args], options)
  if (code !== 0) throw new Stop(`${output.trimEnd()}\n\n${file} failed (exit code ${code}).`)
  return stripVTControlCharacters(output).trimEnd()
}

/** In a draft nothing is run. */
const draftOf = async () => '(a draft: this was not run)'

const fence = (language, text) => `\`\`\`${language}\n${text}\n\`\`\``
const prints = (text) => (text === '' ? '' : `\n<div class="prints">\n\n${fence('text', text)}\n\n</div>\n`)

/** A document with its code blocks as VitePress wants them, each \`\`\`ts run followed by what it prints. */
async function withOutputs(name, text, printed) {
  const lines = text.split('\n')
  const folder = at(RUNS, name)
  let written = ''
  let from = 0
  for (const { flags, first, last } of fencedBlocks(lines)) {
    written += `${lines.slice(from, first).join('\n')}\n${fence('ts', lines.slice(first + 1, last).join('\n'))}\n`
    if (flags.includes('run')) written += prints(await runBlock(folder, first, lines.slice(first + 1, last), printed))
    from = last + 1
  }
  return written + lines.slice(from).join('\n')
}

function runBlock(folder, line, code, printed) {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `line-${line + 1}.mts`)
  writeFileSync(file, code.join('\n'))
  return printed(file, [], folder)
}

/** Links between documents hold on the site as they are; those to other files of the repository are turned to pages. */
const withLinks = (text) =>
  text
    .replaceAll(/\]\((?:docs\/)(\w[^)]*)\)/g, '](./$1)')
    .replaceAll(
      /\]\((?:\.\.\/)?(CONTRIBUTING|CHANGELOG|SECURITY)\.md(#[\w-]+)?\)/g,
      (_, page, anchor = '') => `](./${page.toLowerCase()}.md${anchor})`,
    )
    .replaceAll(/\]\((?:\.\.\/)?examples\/([\w-]+)\/?(?:index\.ts)?\)/g, '](./examples/$1.md)')

async function writeDocuments(printed) {
  const documents = readdirSync(at('docs')).filter((name) => name.endsWith('.md'))
  for (const name of documents)
    write(name, withLinks(await withOutputs(name, readFileSync(at('docs', name), 'utf8'), printed)))
  for (const name of readdirSync(at('docs')).filter((name) => /\.(svg|png)$/.test(name))) {
    cpSync(at('docs', name), at(PAGES, name))
    cpSync(at('docs', name), at(PAGES, 'public', name))
  }
  for (const name of ['CONTRIBUTING', 'CHANGELOG', 'SECURITY'].filter((name) => existsSync(at(`${name}.md`))))
    write(`${name.toLowerCase()}.md`, withLinks(readFileSync(at(`${name}.md`), 'utf8')))
  cpSync(at('docs/site/index.md'), at(PAGES, 'index.md'))
}

/** The comment at the head of an example: its first sentence, and the rest. */
function headOf(source) {
  const comment = /^\/\*\*\s*([\s\S]*?)\s*\*\//.exec(source)?.[1] ?? ''
  return comment.replaceAll(/\s*\n\s*\*\s*/g, ' ')
}

/** `Small problems` of `04-small-problems`. */
export function titleOf(name) {
  const words = name.replace(/^\d+-/, '').replaceAll('-', ' ')
  return words.replace(/^./, (first) => first.toUpperCase()).replace(/\b(mnist|csv)\b/i, (word) => word.toUpperCase())
}

/** One page an example: what it is, what it prints, its code. */
async function writeExample(name, printed) {
  const files = filesUnder([`examples/${name}`]).filter((file) => file.endsWith('.ts'))
  const main = `examples/${name}/index.ts`
  const source = readFileSync(at(main), 'utf8')
  // Its data do not ship with the package.
  const output = source.includes('datasets/mnist') || source.includes('mnist(') ? '' : await printed(at(main))
  const sections = files
    .sort((a, b) => Number(b === main) - Number(a === main))
    .map((file) => `## ${file.split('/').at(-1)}\n\n${fence('ts', readFileSync(at(file), 'utf8').trimEnd())}\n`)
  const how = `Run it in a clone: \`node scripts/run.mjs ${main}\`.`
  const shown = output === '' ? '' : `\n## What it prints\n\n${fence('text', output)}\n`
  write(`examples/${name}.md`, `# ${titleOf(name)}\n\n${headOf(source)}\n\n${how}\n${shown}\n${sections.join('\n')}`)
}

export const exampleNames = () =>
  readdirSync(at('examples')).filter((name) => existsSync(at('examples', name, 'index.ts')))

export async function writePages({ draft = false } = {}) {
  const printed = draft ? draftOf : outputOf
  for (const folder of [PAGES, RUNS]) rmSync(at(folder), { recursive: true, force: true })
  mkdirSync(at(RUNS), { recursive: true })
  // What guides use besides ferrograd (web servers) is found where the site's tools are.
  symlinkSync(at('docs/site/node_modules'), at(RUNS, 'node_modules'), 'junction')
  await writeDocuments(printed)
  for (const name of exampleNames()) await writeExample(name, printed)
}
