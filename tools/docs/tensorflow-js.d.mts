/** Types of what the tests use of `tensorflow-js.mjs`. */
export const DOCUMENT: string
export function withTables(text: string): string
export function ourScope(ferrograd: object): Record<string, unknown>
export function results(
  side: 0 | 1,
  scope: Record<string, unknown>,
): Promise<{ readonly code: string; readonly values: readonly unknown[] }[]>
