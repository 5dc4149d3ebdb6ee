import { readFileSync } from 'node:fs'
import { version } from 'ferrograd'
import { expect, expectTypeOf, test } from 'vitest'

test('the addon loads, and is of the same version as the package', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  expect(version()).toBe(manifest.version)
  expectTypeOf(version).toEqualTypeOf<() => string>()
})
