// Which modules of `ts/` are files of their own in `dist/parts`, read when something in them is first used: V8 reads code in
// proportion to its length before anything runs, and a program that trains on arrays has no need of these.

const inside = (folder, names) => names.split(/\s+/).map((name) => `${folder}/${name}`)

/** The folders and files of each part; `but` are those in them that every program runs. */
const PARTS = {
  data: {
    of: ['data', 'training/block-feed', 'training/stream-feed', 'layers/vocabulary-file'],
    but: inside('data', 'index copy marshal'),
  },
  datasets: { of: ['datasets'], but: ['datasets/index'] },
  explain: { of: ['explain'], but: ['explain/index'] },
  keras: { of: inside('model', 'keras-ops keras-op-table'), but: [] },
  // One file, as is the shelf: whoever imports a kind as an ES module has all of its classes read.
  layers: {
    of: ['layers'],
    but: inside(
      'layers',
      `activation adaptation affine asked attention/decoding attention/index augmentation/index batch-normalization call context dense
      destructured direct-call embedding family flatten index input input-spec kinds layer low-rank merging/index options owner
      ownership pictures/index recurrent/index regularization reshape taps tracking weight`,
    ),
  },
  ops: {
    of: ['core/loop-body', ...inside('ops', 'attention carried ctc fourier image scan segments while-loop')],
    but: inside('ops/image', 'index interpolation'),
  },
  report: { of: ['report', ...inside('model', 'summary text-table diagram')], but: ['report/index'] },
  saving: {
    of: [
      'saving',
      ...inside('model', 'config from-config keras2'),
      'options/function-text',
      ...inside('training', 'checkpoint identity'),
    ],
    but: inside('saving', 'index deserialize model-files options'),
  },
  search: { of: ['search'], but: ['search/index'] },
  // What goes by a name and is asked for less often.
  shelf: {
    of: [
      ...['callbacks', 'metrics', 'optimizers', 'schedules'],
      ...inside('initializers', 'identity orthogonal'),
      ...inside('losses', 'ctc focal overlap probabilistic'),
    ],
    but: [
      ...inside('callbacks', 'callback history index list progbar-logger progress-line rate'),
      ...inside('metrics', 'accuracy family index mean metric regression'),
      ...inside('optimizers', 'adam bounded checks clip family fields guards index optimizer sgd'),
      ...inside('schedules', 'family index schedule'),
    ],
  },
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

/** An entry of a table, such as that of the names of all losses. */
const ENTRY = /(?<=[\t ])([\w$]+): (\w+\.part\.[\w$]+)(?=,?$| \})/gm

/**
 * The code of a file, as rolldown writes it, with each part that it requires read where something in it is first used. What was
 * a member stays one, so that it means the same behind `new`, too; an entry of a table is read when it is looked up.
 */
export const withLateParts = (code) =>
  [...code.matchAll(LATE)]
    .reduce(
      (late, [line, name, file]) =>
        late
          .replaceAll(uses(name), `${name}.part.$1`)
          .replace(line, `let ${name}$\nconst ${name} = { get part() { return (${name}$ ??= require("${file}")) } }\n`),
      code,
    )
    .replaceAll(ENTRY, 'get $1() { return $2 }')

/** A namespace of modules, such as `layers`, as rolldown writes it. */
const SPACE = /^var (\w+_exports) = \/\* @__PURE__ \*\/ __exportAll\(\{\n((?:\t.*\n)+)\}\);\n/gm

const lateSpace = (_text, name, entries) =>
  `let ${name}$\nconst ${name} = { get part() { return (${name}$ ??= asModule({\n${entries.replaceAll(/: \(\) => /g, ': ')}})) } }\n`

const AS_MODULE =
  "const asModule = (all) => Object.freeze(Object.defineProperty(all, Symbol.toStringTag, { value: 'Module' }))\n"

/**
 * The code of the file that every program reads, with each namespace made when it is first asked for: all that it holds is there by
 * then. As rolldown writes them, each of six hundred names takes V8 a function and a property before anything runs.
 */
export const withLateSpaces = (code) =>
  AS_MODULE + code.replaceAll(SPACE, lateSpace).replaceAll(/(?<!["\w]|const |let )\w+_exports\b(?![$"])/g, '$&.part')

const SHARED = "Symbol.for('ferrograd.parts')"

/** What the file that every program reads gives to others, in one of the two ways in which rolldown writes it. */
const GIVEN =
  /^(?:exports\.([\w$]+) = (.*);|Object\.defineProperty\(exports, "([\w$]+)", \{\n\tenumerable: true,\n\tget: function\(\) \{\n\t\treturn (.*);\n\t\}\n\}\);)\n/gm

/**
 * The code of that file, where what parts alone take of it is no export that users see: it stands in an object of its own, behind
 * which are the exports, and which the first part makes.
 */
export function withShared(code, published) {
  const shared = []
  const own = code.replaceAll(GIVEN, (text, fixed, value, changing, current) => {
    if (published.includes(fixed ?? changing)) return text
    shared.push(fixed === undefined ? `get ${changing}() { return ${current} }` : `${fixed}: ${value}`)
    return ''
  })
  const made = `shared$ ??= {\n  __proto__: exports,\n  ${shared.join(',\n  ')}\n}`
  return `let shared$\nObject.defineProperty(exports, ${SHARED}, { get: () => { return ${made} } })\n${own}`
}

const RUNTIME = /^(const require_rolldown_runtime = )?require\("\.\/rolldown-runtime\.cjs"\);\n/m
const WHOLE = 'const require_index = require("../index.cjs");\n'

/**
 * The code of a part with what it takes of that file in variables of its own: the file has run by then, and an object of so many
 * names is a table that each use would look into. What may still change is left there; it has a getter.
 */
export function withOwnNames(part, whole) {
  const code = part.replace(RUNTIME, '').replaceAll('require_rolldown_runtime.', 'require_index.')
  const names = [...new Set([...code.matchAll(uses('require_index'))].map(([, name]) => name))]
  const fixed = names.filter((name) => whole.includes(`\nexports.${name} = `))
  const declared = fixed.map((name) => `  ${name}: ${name}$index,\n`).join('')
  return code
    .replaceAll(uses('require_index'), (use, name) => (fixed.includes(name) ? `${name}$index` : use))
    .replace(WHOLE, () => `${WHOLE.replace(';', `[${SHARED}];`)}const {\n${declared}} = require_index;\n`)
}
