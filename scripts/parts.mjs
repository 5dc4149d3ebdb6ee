// Which modules of `ts/` are files of their own in `dist/parts`, read when something in them is first used: V8 reads code in
// proportion to its length before anything runs, and a program that trains on arrays has no need of these.

/** The folders and files of each part; `but` are those in them that every program runs. */
const PARTS = {
  data: {
    of: ['data', 'training/block-feed', 'training/stream-feed', 'layers/vocabulary-file'],
    but: ['data/index', 'data/copy', 'data/marshal'],
  },
  datasets: { of: ['datasets'], but: ['datasets/index'] },
  explain: { of: ['explain'], but: ['explain/index'] },
  keras: { of: ['model/keras-ops'], but: [] },
  ops: { of: ['ops/ctc', 'ops/fourier', 'ops/image'], but: ['ops/image/index', 'ops/image/interpolation'] },
  report: { of: ['report', 'model/summary', 'model/text-table', 'model/diagram'], but: ['report/index'] },
  saving: {
    of: ['saving', 'model/config', 'model/from-config', 'model/keras2', 'options/function-text'],
    but: ['saving/index', 'saving/deserialize', 'saving/model-files', 'saving/options'],
  },
  search: { of: ['search'], but: ['search/index'] },
  viz: { of: ['viz'], but: ['viz/index'] },
}

const holds = (names, module) => names.some((name) => module === `${name}.ts` || module.startsWith(`${name}/`))

/** The part that a module is in, by its path under `ts/`; nothing where it is in the file that every program reads. */
export const partOf = (module) =>
  Object.keys(PARTS).find((part) => holds(PARTS[part].of, module) && !holds(PARTS[part].but, module))

/** A part that a file requires. */
const LATE = /^const (\w+) = require\("(\.\/(?:parts\/)?\w+\.cjs)"\);\n/gm

/** `name.something`, also after the three dots of a spread. */
const uses = (name) => new RegExp(`(?<![\\w$]|(?<!\\.\\.)\\.)${name}\\.([\\w$]+)`, 'g')

/**
 * The code of a file, as rolldown writes it, with each part that it requires read where something in it is first used. What was
 * a member stays one, so that it means the same behind `new`, too.
 */
export const withLateParts = (code) =>
  [...code.matchAll(LATE)].reduce(
    (late, [line, name, file]) =>
      late
        .replaceAll(uses(name), `${name}.part.$1`)
        .replace(line, `let ${name}$\nconst ${name} = { get part() { return (${name}$ ??= require("${file}")) } }\n`),
    code,
  )

const SHARED = "Symbol.for('ferrograd.parts')"

/**
 * The code of the file that every program reads, where what parts alone take of it is no export that users see: it stands in
 * an object of its own, behind which are the exports.
 */
export function withShared(code, published) {
  const shared = code
    .replaceAll(/^exports\.([\w$]+) = /gm, (line, name) => (published.includes(name) ? line : `shared.${name} = `))
    .replaceAll(/^Object\.defineProperty\(exports, "([\w$]+)"/gm, (line, name) =>
      published.includes(name) ? line : line.replace('exports', 'shared'),
    )
  return `const shared = Object.create(exports)\nObject.defineProperty(exports, ${SHARED}, { value: shared })\n${shared}`
}

const WHOLE = 'const require_index = require("../index.cjs");\n'

/**
 * The code of a part with what it takes of that file in variables of its own: the file has run by then, and an object of so many
 * names is a table that each use would look into. What may still change is left there; it has a getter.
 */
export function withOwnNames(code, whole) {
  const names = [...new Set([...code.matchAll(uses('require_index'))].map(([, name]) => name))]
  const fixed = names.filter((name) => whole.includes(`\nexports.${name} = `))
  const declared = fixed.map((name) => `  ${name}: ${name}$index,\n`).join('')
  return code
    .replaceAll(uses('require_index'), (use, name) => (fixed.includes(name) ? `${name}$index` : use))
    .replace(WHOLE, () => `${WHOLE.replace(';', `[${SHARED}];`)}const {\n${declared}} = require_index;\n`)
}
