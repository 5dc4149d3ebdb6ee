/** Every class that a user can make, made of what is none of its options: an object that works, or an error with a code. */
import { inspect } from 'node:util'
import * as ferrograd from 'ferrograd'
import { FerrogradError } from 'ferrograd'
import { expect, test } from 'vitest'

type Class = new (...given: unknown[]) => object

/** The classes of a module and of the modules inside, by name. */
function classesIn(module: object, prefix = ''): [string, Class][] {
  return Object.entries(module).flatMap(([name, value]): [string, Class][] => {
    if (typeof value === 'function') return isClass(value) ? [[`${prefix}${name}`, value as Class]] : []
    return Object.prototype.toString.call(value) === '[object Module]' ? classesIn(value as object, `${name}.`) : []
  })
}

const isClass = (value: unknown): boolean => /^class\b/.test(Function.prototype.toString.call(value))

const given: readonly unknown[][] = [[], [null], [undefined], [5], ['x'], [{}], [[]], [() => 1], [null, null]]

/** What went wrong in making an object and in looking at it, other than an error with a code. */
function wrong(type: Class, options: readonly unknown[]): string[] {
  try {
    const made = new type(...options) as { getConfig?(): unknown }
    inspect(made)
    made.getConfig?.()
    return []
  } catch (error) {
    return error instanceof FerrogradError && error.code !== 'ERR_INTERNAL' ? [] : [`(${inspect(options)}): ${error}`]
  }
}

const classes = classesIn(ferrograd)

test('they are found', () => {
  expect(classes.length).toBeGreaterThan(200)
})

test.each(classes)('%s', (_, type) => {
  expect(given.flatMap((options) => wrong(type, options))).toEqual([])
})
