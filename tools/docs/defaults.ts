/** Writes the default of each option at the end of its comment, from the tables themselves: `npx tsx tools/docs/defaults.ts`. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const WIDTH = 120

/** The source with the comment of every field that has a default ending in it. */
export function withDefaults(source: string): string {
  const file = ts.createSourceFile('fields.ts', source, ts.ScriptTarget.Latest, true)
  const edits: { from: number; to: number; text: string }[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.initializer && isTable(node.initializer))
      for (const property of node.initializer.expression.properties) {
        const edit = ts.isPropertyAssignment(property) ? editOf(source, property) : undefined
        if (edit !== undefined) edits.push(edit)
      }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return edits
    .reverse()
    .reduce((text, { from, to, text: comment }) => text.slice(0, from) + comment + text.slice(to), source)
}

/** `{ … } as const` whose members have a `type`. */
function isTable(node: ts.Expression): node is ts.AsExpression & { readonly expression: ts.ObjectLiteralExpression } {
  if (!ts.isAsExpression(node) || node.type.getText() !== 'const') return false
  const { expression } = node
  return ts.isObjectLiteralExpression(expression) && expression.properties.every(isField)
}

function isField(node: ts.ObjectLiteralElementLike): boolean {
  return ts.isPropertyAssignment(node) && memberOf(node.initializer, 'type') !== undefined
}

function memberOf(node: ts.Expression, name: string): ts.Expression | undefined {
  if (!ts.isObjectLiteralExpression(node)) return undefined
  const found = node.properties.find((one) => one.name?.getText() === name)
  return found !== undefined && ts.isPropertyAssignment(found) ? found.initializer : undefined
}

function editOf(
  source: string,
  property: ts.PropertyAssignment,
): { from: number; to: number; text: string } | undefined {
  const value = onOneLine(memberOf(property.initializer, 'default')?.getText())
  const [comment] = ts.getLeadingCommentRanges(source, property.pos) ?? []
  if (comment === undefined) return undefined
  const said = bareText(source.slice(comment.pos, comment.end)).replace(/ Default [^.]*(\.\d[^.]*)*\.$/, '')
  // What stands for null is told in words where it is something of its own.
  const told = value === undefined || (value === 'null' && /unless given|by default/.test(said))
  const indent = property.getStart() - source.lastIndexOf('\n', property.getStart()) - 1
  return { from: comment.pos, to: comment.end, text: written(told ? said : `${said} Default ${value}.`, indent) }
}

/** A value as it would stand on one line. */
function onOneLine(value: string | undefined): string | undefined {
  return value
    ?.replace(/\s+/g, ' ')
    .replace(/([[(]) /g, '$1')
    .replace(/,? ([\])])/g, '$1')
}

/** The sentences of a comment. */
function bareText(comment: string): string {
  return comment
    .slice(3, -2)
    .replace(/\n\s*\*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

/** As a comment: on one line where it fits. */
function written(text: string, indent: number): string {
  if (indent + text.length + 7 <= WIDTH) return `/** ${text} */`
  const lines = ['']
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`
    if (indent + longer.length + 2 > WIDTH) lines.push(` ${word}`)
    else lines[lines.length - 1] = longer
  }
  const margin = ' '.repeat(indent)
  return ['/**', ...lines.map((line) => `${margin} *${line}`), `${margin} */`].join('\n')
}

/** All sources. */
export function sources(): string[] {
  const root = fileURLToPath(new URL('../../ts/', import.meta.url))
  const names = readdirSync(root, { recursive: true }) as string[]
  return names.filter((name) => name.endsWith('.ts') && !name.startsWith('generated')).map((name) => root + name)
}

if (process.argv[1]?.endsWith('defaults.ts'))
  for (const path of sources()) {
    const before = readFileSync(path, 'utf8')
    const after = withDefaults(before)
    if (after !== before) writeFileSync(path, after)
  }
