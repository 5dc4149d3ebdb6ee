/** What ferrograd writes of every class is, byte for byte, what real Keras was given and took. */

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { folder, oursByTopic } from '../../tools/oracle/ours.js'

const accepted = JSON.parse(readFileSync(new URL('accepted.json', folder), 'utf8')) as {
  accepted: { file: string; name: string }[]
}

it.each([...oursByTopic()])('%s', (topic, text) => {
  expect(text).toBe(readFileSync(new URL(`${topic}.json`, folder), 'utf8'))
  const names = (JSON.parse(text) as { name: string }[]).map(({ name }) => name)
  const taken = accepted.accepted.filter(({ file }) => file === `${topic}.json`).map(({ name }) => name)
  expect(taken).toEqual(names)
})
