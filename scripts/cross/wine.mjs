// Node.js for Windows by wine, in a root that has what wine needs without a screen.
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run, step } from '../lib.mjs'
import { inRoot, mounted } from './namespaces.mjs'
import { glibcRoot } from './roots.mjs'

/** Of what `wine64` depends on, what it loads where there are no pictures, sounds and devices. Fonts without a screen fail. */
const PACKAGES = ['wine64', 'libwine', 'libunwind8', 'liblzma5'].map((name) => `${name}:amd64`)

const PREFIX = '/prefix'
const SYSTEM = `${PREFIX}/drive_c/windows/system32`
const WINE = '/usr/lib/wine/wine64'
const SERVER = '/usr/lib/wine/wineserver64'
const SETTINGS = `export HOME=/tmp WINEPREFIX=${PREFIX} WINEDEBUG=-all WINESERVER=${SERVER}`

/** Output goes by a file, since programs of Windows fail to write to sockets. The server writes the registry when it ends. */
function command(root, folders, cwd, args) {
  const output = `${root}/tmp/output-$$`
  const script = `${SETTINGS} && { ${inRoot(root, cwd)} ${WINE} "$@" >"${output}" 2>&1; code=$?; cat "${output}"
    rm "${output}"; ${inRoot(root, '/')} ${SERVER} -k; exit $code; }`
  return mounted(root, folders, script, args)
}

/** Makes the folder that Windows is, once. A library that wine takes from MinGW is no part of that by itself. */
async function installWindows(root) {
  if (existsSync(join(root, PREFIX, 'userdef.reg'))) return
  mkdirSync(join(root, SYSTEM), { recursive: true })
  copyFileSync(join(root, 'usr/x86_64-w64-mingw32/lib/zlib1.dll'), join(root, SYSTEM, 'zlib1.dll'))
  const line = command(root, [], '/', ['wineboot', '-i'])
  await step('wine: the folder of Windows', () => run(line.command, line.args, line))
}

/** How Windows calls a file of this machine. */
const windowsPath = (path) => `Z:${path.replaceAll('/', '\\')}`

/** A runner of a `node.exe`. */
export async function wine(binary) {
  const root = await glibcRoot('wine', 'amd64', [...PACKAGES, 'libz-mingw-w64'])
  await installWindows(root)
  const folders = (cwd) => [dirname(binary), cwd]
  return { command: (args, cwd) => command(root, folders(cwd), cwd, [windowsPath(binary), ...args]) }
}
