/** Types of what the tests use of `binary.mjs`. */
export interface Inspected {
  readonly format: 'ELF' | 'PE' | 'Mach-O'
  readonly machine: string | undefined
  readonly needs: readonly string[]
  readonly entry: boolean
  readonly glibc?: number
}
export function inspect(bytes: Uint8Array): Inspected
export function faults(bytes: Uint8Array, target: object, megabytes?: number): string[]
