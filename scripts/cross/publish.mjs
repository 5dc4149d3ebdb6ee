// `node scripts/cross/publish.mjs FOLDER`: publishes the tarballs in FOLDER, those of platforms first, so that the package never
// names missing ones. What an earlier try has published is left alone, so that it can be run again. Options go to npm. Nothing is
// published of packages that do not say where their sources are: npm compares that with the provenance, and users look there.
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

/** Refused before anything is published: a version cannot be taken back. */
function checkRepositories(manifests) {
  const lacking = manifests.filter(({ repository }) => !repository?.url).map(({ name }) => name)
  if (lacking.length > 0)
    throw new Stop(
      `Nothing is published: package.json of ${lacking.join(', ')} has no repository, which npm compares with the provenance.\n` +
        'Pack again (npm run pack:targets) in the release workflow, or with GITHUB_SERVER_URL and GITHUB_REPOSITORY (owner/name) set.',
    )
}

main(async () => {
  if (folder === undefined)
    throw new Stop('Name the folder of the tarballs: node scripts/cross/publish.mjs target/packages')
  const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  const all = await Promise.all(tarballs.map((name) => manifestOf(resolve(folder, name))))
  checkRepositories(all)
  const list = all.map(({ name, version }, i) => ({ name, version, tarball: resolve(folder, tarballs[i]) }))
  const last = ({ name }) => Number(name === 'ferrograd')
  for (const { name, version, tarball } of list.sort((a, b) => last(a) - last(b)))
    await publish(tarball, `${name}@${version}`)
})
