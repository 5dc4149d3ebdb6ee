/** What a configuration that is being written names of the user's, and what it is written for. */

import type { Configured } from './configured.js'
import { registeredClass } from './registry.js'

/** To be read again in another process, to be read at once, or to be compared with another. */
type Purpose = 'file' | 'copy' | 'comparison'

interface Writing {
  readonly purpose: Purpose
  /** The classes and functions that it names so far. */
  readonly named: Map<string, unknown>
}

let writing: Writing | undefined

/** Runs `write`, in which two functions never have one name. */
export function namingFunctions<R>(write: () => R): R {
  return writing === undefined ? within('file', write).written : write()
}

/** What `write` gives, with the functions and classes that it names. */
export function withNamed<R>(write: () => R): Written<R> {
  return within('copy', write)
}

/** What `write` gives, where functions have their text beside their name, and all that can be said of an object is said. */
export function describing<R>(write: () => R): R {
  return within('comparison', write).written
}

/** Whether what is written is compared, and not read again. */
export function isDescribing(): boolean {
  return writing?.purpose === 'comparison'
}

/** Whether what is written is to be read when this process has ended. */
export function isForFile(): boolean {
  return writing === undefined || writing.purpose === 'file'
}

/** What is written, and what it names. */
export interface Written<R> {
  readonly written: R
  readonly named: Readonly<Record<string, unknown>>
}

function within<R>(purpose: Purpose, write: () => R): Written<R> {
  const before = writing
  const named = new Map<string, unknown>()
  writing = { purpose, named }
  try {
    return { written: write(), named: Object.fromEntries(named) }
  } finally {
    writing = before
  }
}

/** Notes a class of the user's, or of ours, that is written. */
export function noteClass(name: string, type: Configured): void {
  writing?.named.set(name, type)
}

/** Notes a function that is written as `wanted`: the name that it gets, which no other has here, nor anything that is registered. */
export function noteFunction(wanted: string, fn: unknown): string {
  const named = writing?.named ?? new Map<string, unknown>()
  const isTaken = (name: string): boolean => (named.get(name) ?? registeredClass(name) ?? fn) !== fn
  let name = wanted
  for (let i = 1; isTaken(name); i++) name = `${wanted}_${i}`
  named.set(name, fn)
  return name
}
