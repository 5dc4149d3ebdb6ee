// `node scripts/cross/publish.mjs FOLDER`: publishes the tarballs in FOLDER, those of platforms first, so that the package never
// names missing ones. What an earlier try has published is left alone, so that it can be run again. Options go to npm.
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { capture, main, run, Stop, step } from '../lib.mjs'
import { manifestOf } from '../registry.mjs'

const [folder, ...options] = process.argv.slice(2)

async function publish(tarball, name) {
  const { code } = await capture('npm', ['view', name, 'version'])
  if (code === 0) console.log(`${name} is there already`)
  else await step(name, () => run('npm', ['publish', tarball, '--access', 'public', ...options]))
}

main(async () => {
  if (folder === undefined)
    throw new Stop('Name the folder of the tarballs: node scripts/cross/publish.mjs target/packages')
  const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  const all = await Promise.all(tarballs.map((name) => manifestOf(resolve(folder, name))))
  const list = all.map(({ name, version }, i) => ({ name, version, tarball: resolve(folder, tarballs[i]) }))
  const last = ({ name }) => Number(name === 'ferrograd')
  for (const { name, version, tarball } of list.sort((a, b) => last(a) - last(b)))
    await publish(tarball, `${name}@${version}`)
})
