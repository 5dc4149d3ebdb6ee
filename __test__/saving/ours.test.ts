/** What ferrograd writes of every class is, byte for byte, what real Keras was given and took. */

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { folder, oursByTopic } from '../../tools/oracle/ours.js'

/** The names that Keras took out of a file. */
function acceptedFrom(path: string): string[] {
  const { accepted } = JSON.parse(readFileSync(new URL('accepted.json', new URL(path, folder)), 'utf8')) as {
    accepted: { file: string; name: string }[]
  }
  const file = path.split('/').at(-1)
  return accepted.filter((one) => one.file === file).map(({ name }) => name)
}

it.each([...oursByTopic()])('%s', (topic, text) => {
  expect(text).toBe(readFileSync(new URL(`${topic}.json`, folder), 'utf8'))
  const names = (JSON.parse(text) as { name: string }[]).map(({ name }) => name)
  expect(acceptedFrom(`${topic}.json`)).toEqual(names)
})
