/** What an editor shows where a mouse rests: asked of TypeScript's language service, on the sources. */

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
/** TypeScript separates by `/` everywhere. */
const name = join(root, '__test__', 'hovered.ts').replaceAll('\\', '/')

/** The hover at each `/*name*\/` in a text: what stands behind the mark is hovered. */
export function hoversOf(marked: string): Record<string, { text: string; doc: string }> {
  const marks: [string, number][] = []
  let text = ''
  for (const part of marked.split(/(\/\*\w+\*\/)/)) {
    if (/^\/\*\w+\*\/$/.test(part)) marks.push([part.slice(2, -2), text.length])
    else text += part
  }
  const service = serviceFor(text)
  const hover = (at: number): { text: string; doc: string } => {
    const info = service.getQuickInfoAtPosition(name, at)
    return { text: ts.displayPartsToString(info?.displayParts), doc: ts.displayPartsToString(info?.documentation) }
  }
  return Object.fromEntries(marks.map(([mark, at]) => [mark, hover(at)]))
}

/** What the compiler says of a text, one message an error. */
export function errorsIn(text: string): string[] {
  const found = serviceFor(text).getSemanticDiagnostics(name)
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

const registry = ts.createDocumentRegistry()
let current = { text: '', version: 0 }
let shared: ts.LanguageService | undefined

/** One service for all texts: the sources are read once. */
function serviceFor(text: string): ts.LanguageService {
  current = { text, version: current.version + 1 }
  shared ??= ts.createLanguageService(host(), registry)
  return shared
}

function host(): ts.LanguageServiceHost {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root)
  return {
    getCompilationSettings: () => ({ ...options, noUnusedLocals: false, isolatedDeclarations: false }),
    getScriptFileNames: () => [name],
    getScriptVersion: (file) => (file === name ? String(current.version) : '0'),
    getScriptSnapshot: (file) => {
      const text = file === name ? current.text : ts.sys.readFile(file)
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  }
}
