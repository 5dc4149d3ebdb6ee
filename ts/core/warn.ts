/** Warnings that are said once in a process, however often what they are about is met. */

const said = new Set<string>()

/** Tells of something that computes, but hardly what was meant. */
export function warnOnce(code: string, message: string): void {
  if (said.has(message)) return
  said.add(message)
  process.emitWarning(message, { type: 'FerrogradWarning', code })
}
