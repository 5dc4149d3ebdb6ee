/** The pictures in a folder: files and the class of each, by the folders they lie in or as they are given. */

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FerrogradError, fail, hintFor } from '../../errors.js'

/** What files are called that are taken for pictures; what they are, their first bytes say. */
const ENDINGS = /\.(jpe?g|jfif|png|apng|gif|bmp|webp|tiff?|avif|hei[cf])$/i

/** What a class is in a row: its number, a one-hot row, 0 or 1 of two; null where there is none. */
export type LabelMode = 'int' | 'categorical' | 'binary' | null

/** Files and the class of each. */
export interface Files {
  readonly files: readonly string[]
  readonly labels: readonly number[]
  readonly classNames: readonly string[]
}

/** By the folders, a class for each picture, or none. */
export type GivenLabels = 'inferred' | readonly unknown[] | null

/** Labels and names of classes that go together. */
export function checkedLabels(labels: unknown, classNames: readonly string[] | undefined): GivenLabels {
  if (labels !== null && labels !== 'inferred' && !Array.isArray(labels))
    fail('ERR_CONFIG', 'imageFolder.labels', "'inferred', a list of class numbers, or null", labels)
  if (classNames !== undefined && labels !== 'inferred')
    fail('ERR_CONFIG', 'imageFolder.classNames', "labels: 'inferred' beside it", { text: 'other labels' })
  const twice = classNames?.find((name, i) => classNames.indexOf(name) < i)
  if (twice !== undefined) fail('ERR_CONFIG', 'imageFolder.classNames', 'each class once', twice)
  return labels
}

/** The files of a folder and the class of each; `labels` are given, in the folders' names, or none. */
export async function filesOf(
  dir: string,
  labels: GivenLabels,
  classNames: readonly string[] | undefined,
  followLinks: boolean,
): Promise<Files> {
  if (labels !== 'inferred') {
    const files = await picturesIn(dir, followLinks)
    return { files, labels: files.map(() => 0), classNames: [] }
  }
  const folders = (await entriesOf(dir)).filter(({ isFolder, name }) => isFolder && !name.startsWith('.'))
  const known = folders.map(({ name }) => name)
  for (const name of classNames ?? [])
    if (!known.includes(name))
      fail('ERR_CONFIG', 'imageFolder.classNames', `folders of ${dir}`, name, hintFor(name, known))
  const names = classNames ?? known
  if (names.length === 0)
    fail(
      'ERR_DATA',
      dir,
      'a folder for each class',
      { text: 'none' },
      'Or pass labels: null for pictures without classes',
    )
  const found = await Promise.all(names.map((name) => picturesIn(join(dir, name), followLinks)))
  return { files: found.flat(), labels: found.flatMap((files, label) => files.map(() => label)), classNames: names }
}

interface Entry {
  readonly name: string
  readonly isFolder: boolean
  readonly isLink: boolean
}

/** What is in a folder, in the order of the names; a link is what it leads to. */
async function entriesOf(dir: string): Promise<Entry[]> {
  try {
    const entries = (await readdir(dir, { withFileTypes: true })).map(async (entry): Promise<Entry> => {
      const isLink = entry.isSymbolicLink()
      const isFolder = isLink ? await leadsToFolder(join(dir, entry.name)) : entry.isDirectory()
      return { name: entry.name, isFolder, isLink }
    })
    return (await Promise.all(entries)).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (cause) {
    throw new FerrogradError('ERR_IO', `${dir}: cannot read the folder: ${(cause as Error).message}`, {
      cause,
      where: dir,
    })
  }
}

async function leadsToFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (about) => about.isDirectory(),
    // It leads nowhere: the file of that name is found missing when it is read.
    () => false,
  )
}

/** The files of a folder, then those of each folder in it. */
async function picturesIn(dir: string, followLinks: boolean, depth = 0): Promise<string[]> {
  // Links may lead around in a circle.
  if (depth > 64) fail('ERR_IO', dir, 'folders at most 64 deep', { text: 'more' })
  const entries = await entriesOf(dir)
  const own = entries.filter(({ isFolder, name }) => !isFolder && ENDINGS.test(name)).map(({ name }) => join(dir, name))
  const inner = entries.filter(({ isFolder, isLink }) => isFolder && (followLinks || !isLink))
  const below = await Promise.all(inner.map(({ name }) => picturesIn(join(dir, name), followLinks, depth + 1)))
  return [...own, ...below.flat()]
}

/** The same files by the classes that were given, if any were; fails where there are none, or too many classes for `mode`. */
export function labelledBy(dir: string, found: Files, labels: GivenLabels, mode: LabelMode): Files {
  const { files } = found
  if (files.length === 0)
    fail('ERR_DATA', dir, 'pictures', { text: 'none' }, 'Files are known by .jpg, .png and the like')
  const all = labels === null || labels === 'inferred' ? found : numbered(labels, found)
  const classes = all.classNames.length
  if (mode === 'binary' && classes !== 2)
    fail('ERR_CONFIG', 'imageFolder.labelMode', "two classes for 'binary'", { text: `${classes}` })
  return all
}

/** Of more classes nobody has pictures: what is told by a number alone, their names are made of. */
const CLASSES = 2 ** 20

/** Classes that were given: whole numbers from 0 on, named by themselves. */
function numbered(labels: readonly unknown[], { files }: Files): Files {
  if (labels.length !== files.length)
    fail('ERR_SHAPE', 'imageFolder.labels', `${files.length} classes, one for each file`, labels.length)
  labels.forEach((label, i) => {
    const fits = Number.isInteger(label) && (label as number) >= 0 && (label as number) < CLASSES
    if (!fits) fail('ERR_DATA', `imageFolder.labels[${i}]`, `an integer from 0 to ${CLASSES - 1}`, label)
  })
  const numbers = labels as readonly number[]
  const classes = numbers.reduce((most, label) => Math.max(most, label), 0) + 1
  return { files, labels: numbers, classNames: Array.from({ length: classes }, (_, i) => `${i}`) }
}
