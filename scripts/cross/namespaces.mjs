// Roots of other systems to run programs in: mounts and processes in namespaces of their own, all of which end together.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { at, capture, Stop } from '../lib.mjs'

const NO_NAMESPACES =
  'This machine lets nobody mount in a namespace of his own (unshare --mount --pid --map-root-user); where that is a policy of ' +
  'AppArmor: sysctl kernel.apparmor_restrict_unprivileged_userns=0'

const APART = ['--mount', '--pid', '--fork', '--kill-child', '--map-root-user']

export async function checkNamespaces() {
  const { code } = await capture('unshare', [...APART, 'true'])
  if (code !== 0) throw new Stop(NO_NAMESPACES)
}

/** What a shell needs to run a program in a root: `inRoot` starts it with the folder that it works in. */
export const inRoot = (root, cwd) => `unshare --root='${root}' --wd='${cwd}'`

/** The command line of a shell's `script` (with `args` as `"$@"`) where `root` sees `folders` at their own places. */
export function mounted(root, folders, script, args) {
  const inside = (path) => {
    mkdirSync(join(root, path), { recursive: true })
    return join(root, path)
  }
  inside('/tmp')
  const proc = `mount -t proc proc '${inside('/proc')}'`
  const mounts = ['/sys', '/dev', ...folders].map((path) => `mount --rbind '${path}' '${inside(path)}'`)
  const whole = `${[proc, ...mounts].join(' && ')} && ${script}`
  return { command: 'unshare', args: [...APART, 'sh', '-c', whole, 'sh', ...args], cwd: at(), env: {} }
}
