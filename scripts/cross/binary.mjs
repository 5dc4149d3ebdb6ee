// What a shared library says of itself: its machine, the libraries and versions that it needs, whether Node can load it.
// Enough of ELF, PE and Mach-O (all 64-bit, little-endian) for the gates, and no more.

const ENTRY = 'napi_register_module_v1'

/** Text up to the zero byte. */
const text = (bytes, from) => bytes.toString('latin1', from, bytes.indexOf(0, from))
const u64 = (bytes, from) => Number(bytes.readBigUInt64LE(from))
const count = (length, make) => Array.from({ length }, (_, i) => make(i))

/** The newest version of glibc among those of symbols, 2.17 for `GLIBC_2.17` and 2.04 for `GLIBC_2.4`; 0 where there is none. */
function newestGlibc(versions) {
  const found = versions.map((name) => /^GLIBC_(\d+)\.(\d+)/.exec(name)).filter(Boolean)
  return Math.max(0, ...found.map(([, major, minor]) => Number(major) + Number(minor) / 100))
}

function elf(bytes) {
  const [table, size, sections] = [u64(bytes, 40), bytes.readUInt16LE(58), bytes.readUInt16LE(60)]
  const list = count(sections, (i) => {
    const at = table + i * size
    const [type, offset, length, link] = [
      bytes.readUInt32LE(at + 4),
      u64(bytes, at + 24),
      u64(bytes, at + 32),
      bytes.readUInt32LE(at + 40),
    ]
    return { type, offset, length, link, items: bytes.readUInt32LE(at + 44) }
  })
  const find = (type) => list.find((section) => section.type === type)
  const stringAt = (section, at) => text(bytes, list[section.link].offset + at)
  const dynamic = find(6)
  const needs = count(dynamic.length / 16, (i) => dynamic.offset + 16 * i)
    .filter((at) => u64(bytes, at) === 1)
    .map((at) => stringAt(dynamic, u64(bytes, at + 8)))
  const symbols = find(11)
  const entry = count(symbols.length / 24, (i) => symbols.offset + 24 * i).some(
    (at) => bytes.readUInt16LE(at + 6) !== 0 && stringAt(symbols, bytes.readUInt32LE(at)) === ENTRY,
  )
  const machine = { 62: 'x64', 183: 'arm64' }[bytes.readUInt16LE(18)]
  return { format: 'ELF', machine, needs, entry, glibc: newestGlibc(elfVersions(bytes, find(0x6fff_fffe), stringAt)) }
}

/** `GLIBC_2.17`, … of the records of needed versions. */
function elfVersions(bytes, section, stringAt) {
  const names = []
  for (let at = section?.offset, left = section?.items ?? 0; left > 0; left--) {
    let inner = at + bytes.readUInt32LE(at + 8)
    for (let i = bytes.readUInt16LE(at + 2); i > 0; i--) {
      names.push(stringAt(section, bytes.readUInt32LE(inner + 8)))
      inner += bytes.readUInt32LE(inner + 12)
    }
    at += bytes.readUInt32LE(at + 12)
  }
  return names
}

function pe(bytes) {
  const head = bytes.readUInt32LE(60)
  const [machine, sections, optional] = [
    bytes.readUInt16LE(head + 4),
    bytes.readUInt16LE(head + 6),
    bytes.readUInt16LE(head + 20),
  ]
  const list = count(sections, (i) => head + 24 + optional + 40 * i)
  /** Where an address of the loaded image lies in the file. */
  const place = (address) => {
    const at = list.find((one) => {
      const from = bytes.readUInt32LE(one + 12)
      return address >= from && address < from + Math.max(bytes.readUInt32LE(one + 8), bytes.readUInt32LE(one + 16))
    })
    return address - bytes.readUInt32LE(at + 12) + bytes.readUInt32LE(at + 20)
  }
  const directory = (i) => bytes.readUInt32LE(head + 24 + 112 + 8 * i)
  const needs = []
  for (let at = place(directory(1)); bytes.readUInt32LE(at + 12) !== 0; at += 20)
    needs.push(text(bytes, place(bytes.readUInt32LE(at + 12))))
  const exported = place(directory(0))
  const names = place(bytes.readUInt32LE(exported + 32))
  const entry = count(bytes.readUInt32LE(exported + 24), (i) =>
    text(bytes, place(bytes.readUInt32LE(names + 4 * i))),
  ).includes(ENTRY)
  return { format: 'PE', machine: { 34404: 'x64', 43620: 'arm64' }[machine], needs, entry }
}

/** 10.12 of `10 << 16 | 12 << 8`. */
const macVersion = (packed) => (packed >>> 16) + ((packed >>> 8) & 0xff) / 100

function machO(bytes) {
  const found = { format: 'Mach-O', needs: [], entry: false, signed: false }
  found.machine = { 16777223: 'x64', 16777228: 'arm64' }[bytes.readUInt32LE(4)]
  for (let at = 32, left = bytes.readUInt32LE(16); left > 0; left--) {
    const command = bytes.readUInt32LE(at) & 0x7fff_ffff
    if (command === 0xc) found.needs.push(text(bytes, at + bytes.readUInt32LE(at + 8)))
    if (command === 0x1d) found.signed = true
    if (command === 0x32) found.minos = macVersion(bytes.readUInt32LE(at + 12))
    if (command === 0x24) found.minos = macVersion(bytes.readUInt32LE(at + 8))
    if (command === 0x2) found.entry = machONames(bytes, at).includes(`_${ENTRY}`)
    at += bytes.readUInt32LE(at + 4)
  }
  return found
}

/** The names of symbols that are defined here and seen from outside. */
function machONames(bytes, at) {
  const [symbols, length, strings] = [8, 12, 16].map((offset) => bytes.readUInt32LE(at + offset))
  return count(length, (i) => symbols + 16 * i)
    .filter((symbol) => (bytes[symbol + 4] & 0x0f) === 0x0f)
    .map((symbol) => text(bytes, strings + bytes.readUInt32LE(symbol)))
}

/** Reads a shared library of any of the three systems. */
export function inspect(bytes) {
  const magic = bytes.readUInt32BE(0)
  if (magic === 0x7f45_4c46) return elf(bytes)
  if (magic === 0xcffa_edfe) return machO(bytes)
  if (bytes.toString('latin1', 0, 2) === 'MZ') return pe(bytes)
  throw new Error('This is neither ELF, PE nor Mach-O')
}

const MEGABYTES = 9

/** What speaks against publishing a binary for a target: nothing, or sentences. */
export function faults(bytes, { machine, allowed }, most = MEGABYTES) {
  const found = inspect(bytes)
  const odd = found.needs.filter((name) => !allowed.needs.test(name))
  return [
    found.machine !== machine && `it is for ${found.machine}, not ${machine}`,
    odd.length > 0 && `it needs ${odd.join(', ')}`,
    !found.entry && `it does not export ${ENTRY}`,
    'glibc' in allowed && found.glibc > allowed.glibc && `it needs glibc ${found.glibc}, newer than ${allowed.glibc}`,
    'minos' in allowed && found.minos > allowed.minos && `it needs macOS ${found.minos}, newer than ${allowed.minos}`,
    // Apple's own processors run nothing without one.
    'minos' in allowed && machine === 'arm64' && !found.signed && 'it is not signed',
    bytes.length > most * 1e6 && `it has ${(bytes.length / 1e6).toFixed(1)} MB, more than ${most}`,
  ].filter(Boolean)
}
