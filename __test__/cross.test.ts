/** What a binary must not need is noticed before it is published: read from the bytes of this machine's own addon. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { faults, inspect } from '../scripts/cross/binary.mjs'
import { runners } from '../scripts/cross/runners.mjs'
import { targets } from '../scripts/cross/targets.mjs'

const native = new URL('../native/', import.meta.url)
const name = readdirSync(native).find((file) => file.includes(`.${process.platform}-${process.arch}`))!
const bytes = readFileSync(new URL(name, native))
const target = targets[name.split('.')[1]!]!

test('every platform of npm/ has a target and a runner, or why it has none; every target is a platform', () => {
  const folders = readdirSync(new URL('../npm/', import.meta.url))
  expect(Object.keys(targets).sort()).toEqual(folders.sort())
  expect(Object.keys(runners).sort()).toEqual(folders.sort())
  for (const { why, majors } of Object.values(runners)) expect(why ?? majors).not.toHaveLength(0)
})

test('an addon says its machine, its libraries, and that Node can load it', () => {
  const { machine, needs, entry } = inspect(bytes)
  expect([machine, entry]).toEqual([process.arch, true])
  expect(needs.length).toBeGreaterThan(0)
})

test('another machine, a hidden entry and a strange library are faults', () => {
  const other = process.arch === 'x64' ? 'arm64' : 'x64'
  expect(faults(bytes, { ...target, machine: other })).toContain(`it is for ${process.arch}, not ${other}`)
  const without = Buffer.from(
    bytes.toString('latin1').replaceAll('napi_register_module_v1', 'napi_register_module_v0'),
    'latin1',
  )
  expect(faults(without, target)).toContain('it does not export napi_register_module_v1')
  const [library] = inspect(bytes).needs
  expect(faults(bytes, { ...target, allowed: { needs: /^nothing$/ } }).join()).toContain(`it needs ${library}`)
})

test.runIf(process.platform === 'linux')('a glibc newer than 2.17 is a fault where the addon asks for it', () => {
  const { glibc } = inspect(bytes)
  const said = faults(bytes, target).filter((text) => text.startsWith('it needs glibc'))
  expect(said).toEqual((glibc ?? 0) > 2.17 ? [`it needs glibc ${glibc}, newer than 2.17`] : [])
})
