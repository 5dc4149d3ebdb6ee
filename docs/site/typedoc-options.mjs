// A TypeDoc plugin: a class with an options object gets a table of its options (types and comments as the compiler sees
// them, defaults and ranges from the one declaration of fields), and loses what it only inherits or overrides.
import { createRequire } from 'node:module'
import { Comment, CommentTag, Converter, ReflectionKind } from 'typedoc'
import ts from 'typescript'

const ferrograd = createRequire(import.meta.url)('../../dist/index.cjs')

/** Members that every class has for the library's own use, or that say again what the page says. */
const ROUTINE = new Set(['className', 'fields', 'build', 'call', 'constructor'])

/** The one declaration of a class's options, those of its ancestors first: `{ units: { type: 'integer', min: 1 } }`. */
function fieldsOf(type) {
  if (typeof type !== 'function') return {}
  return { ...fieldsOf(Object.getPrototypeOf(type)), ...(Object.hasOwn(type, 'fields') ? type.fields : {}) }
}

const RANGES = [
  ['min', (value) => `≥ ${value}`],
  ['above', (value) => `> ${value}`],
  ['max', (value) => `≤ ${value}`],
  ['below', (value) => `< ${value}`],
]

/** `≥ 0, < 1`; the values of a choice. */
function rangeOf(spec = {}) {
  const bounds = RANGES.filter(([key]) => key in spec).map(([key, write]) => write(spec[key]))
  return [...(spec.type === 'integer' ? ['whole'] : []), ...bounds].join(', ')
}

const quoted = (value) => (typeof value === 'string' ? `'${value}'` : JSON.stringify(value))
const cell = (text) => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')
const code = (text) => (text === '' ? '' : `\`${cell(text)}\``)

/** The type of the options object: that of the constructor's first parameter, which may be a tuple of one. */
function optionsType(checker, symbol, declaration) {
  const [signature] = checker.getTypeOfSymbolAtLocation(symbol, declaration).getConstructSignatures()
  const [parameter] = signature?.getParameters() ?? []
  if (parameter === undefined) return undefined
  const type = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(parameter, declaration))
  const [first] = checker.isTupleType(type) ? checker.getTypeArguments(type) : [type]
  return first && checker.getNonNullableType(first)
}

/** A choice is shown in one spelling, that of the declaration; `undefined` goes without saying. */
function typeText(checker, property, declaration, spec) {
  const nullable = spec?.default === null || spec?.nullable ? ' | null' : ''
  if (spec?.of !== undefined) return `${spec.of.map(quoted).join(' | ')}${nullable}`
  const type = checker.getTypeOfSymbolAtLocation(property, declaration)
  return checker.typeToString(type).replace(/ \| undefined$|^undefined \| /, '')
}

/** Its name (with a star where it must be given) over its type; its default; what it is, and its range. */
function row(checker, property, declaration, spec) {
  const optional = (property.flags & ts.SymbolFlags.Optional) !== 0
  const given = spec !== undefined && 'default' in spec ? quoted(spec.default) : ''
  const comment = property
    .getDocumentationComment(checker)
    .map(({ text }) => text)
    .join('')
    // It has a column of its own.
    .replace(/ Default [^.]*(\.\d[^.]*)*\.$/, '')
  const star = optional || given !== '' ? '' : ' \\*'
  const type = code(typeText(checker, property, declaration, spec))
  const range = rangeOf(spec)
  const words = `${cell(comment)}${range === '' ? '' : ` (${range})`}`
  return [`${code(property.name)}${star}<br>${type}`, code(given), words]
}

/** The table in Markdown, or nothing where the constructor takes no named options. */
function optionsTable(checker, symbol, fields) {
  const declaration = symbol.valueDeclaration
  const type = optionsType(checker, symbol, declaration)
  if (type === undefined || (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) === 0) return undefined
  const properties = checker.getPropertiesOfType(type)
  if (properties.length === 0 || properties.some(({ name }) => name === 'length')) return undefined
  const rows = properties.map((property) => row(checker, property, declaration, fields[property.name]))
  const head = ['option', 'default', '']
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** The class that users get under that name from that entry. */
function classOf(reflection) {
  const space = reflection.parent?.name.split('/')[0]
  return ferrograd[space]?.[reflection.name] ?? ferrograd[reflection.name]
}

/** `keras.layers.Dense` links to Keras's page of it. */
function linked(tag) {
  for (const part of tag.content) {
    const name = /^keras\.[\w.]+/.exec(part.text.trim())?.[0]
    if (name !== undefined) Object.assign(part, { text: `\`${name}\`` })
  }
}

function describe(context, reflection) {
  const symbol = context.getSymbolFromReflection(reflection)
  const declared = symbol?.valueDeclaration
  if (declared === undefined) return
  const program = context.programs.find((one) => one.getSourceFile(declared.getSourceFile().fileName) !== undefined)
  const table = optionsTable(program.getTypeChecker(), symbol, fieldsOf(classOf(reflection)))
  // The tables of fields that a base is given are the options below.
  for (const base of reflection.extendedTypes ?? []) base.typeArguments = undefined
  reflection.comment ??= new Comment()
  const { blockTags } = reflection.comment
  const see = blockTags.filter((tag) => tag.tag === '@see')
  for (const tag of see) linked(tag)
  const options = table === undefined ? [] : [new CommentTag('@options', [{ kind: 'text', text: table }])]
  reflection.comment.blockTags = [...blockTags.filter((tag) => tag.tag !== '@see'), ...options, ...see]
}

/** Whether a page of the class is better without it: what a base's page says, and routine. */
function isNoise(member) {
  if (member.kind === ReflectionKind.Constructor) return true
  return member.inheritedFrom !== undefined || (member.overwrites !== undefined && ROUTINE.has(member.name))
}

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_END, (context) => {
    const classes = context.project.getReflectionsByKind(ReflectionKind.Class)
    for (const reflection of classes) describe(context, reflection)
    for (const reflection of classes)
      for (const member of [...(reflection.children ?? [])])
        if (isNoise(member)) context.project.removeReflection(member)
  })
}
