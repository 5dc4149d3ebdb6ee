import { readFileSync } from 'node:fs'
import { version } from 'ferrograd'
import { expect, expectTypeOf, test } from 'vitest'
import { BindingArchive, BindingColumns, BindingMoment, BindingProfile, BindingVariable } from '../../ts/core/native.js'

test('the addon loads, and is of the same version as the package', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  expect(version()).toBe(manifest.version)
  expectTypeOf(version).toEqualTypeOf<() => string>()
})

test('an object of another class than the addon expects is a typed error, whatever its prototype says', () => {
  const variable = new BindingVariable('w', [1], 0, new Uint8Array(4))
  const columns = new BindingColumns(3)
  const dressed = Object.setPrototypeOf(new BindingColumns(1), BindingVariable.prototype) as BindingVariable
  const calls: [string, () => unknown][] = [
    ['BindingProgram', () => new BindingProfile(variable as never)],
    ['BindingVariable', () => BindingMoment.now([columns as never])],
    ['BindingVariable', () => BindingMoment.now([dressed])],
    ['BindingArchive', () => new BindingArchive().addFile('x', 'npy', variable as never)],
    ['Illegal invocation', () => columns.release.call(variable)],
    ['BindingVariable', () => BindingMoment.now([{} as never])],
  ]
  for (const [expected, call] of calls) expect(call).toThrow(expected)
})
