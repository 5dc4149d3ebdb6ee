// A registry of npm packages on this machine alone, with what is to be published: so that `npm install ferrograd` is what users
// will write, and npm itself picks the package of the platform.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename, dirname } from 'node:path'
import { at, filesUnder, readJson, run } from './lib.mjs'

const sri = (bytes) => `sha512-${createHash('sha512').update(bytes).digest('base64')}`

/** The manifest in a tarball. */
export async function manifestOf(tarball) {
  const args = ['-xzOf', basename(tarball), 'package/package.json']
  return JSON.parse(await run('tar', args, { cwd: dirname(tarball) }))
}

/** What npm asks for by a package's name. */
const packument = (manifest, dist) => ({
  name: manifest.name,
  'dist-tags': { latest: manifest.version },
  versions: { [manifest.version]: { ...manifest, dist } },
})

/**
 * Serves tarballs, and the manifests of all platforms' packages: those without a tarball are known and cannot be had, which
 * npm must not mind, since it needs one of them.
 */
export async function serveRegistry(tarballs) {
  const [documents, files] = [new Map(), new Map()]
  const server = createServer(({ url }, response) => {
    const name = decodeURIComponent(url.slice(1))
    const body = documents.has(name) ? JSON.stringify(documents.get(name)) : files.get(name)
    response.writeHead(body === undefined ? 404 : 200).end(body)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${server.address().port}/`
  for (const file of filesUnder(['npm']).filter((path) => path.endsWith('/package.json'))) {
    const manifest = readJson(at(file))
    documents.set(manifest.name, packument(manifest, { tarball: `${url}none`, integrity: sri('none') }))
  }
  for (const tarball of tarballs) {
    const [manifest, bytes] = [await manifestOf(tarball), readFileSync(tarball)]
    files.set(`files/${manifest.name}.tgz`, bytes)
    const dist = { tarball: `${url}files/${manifest.name}.tgz`, integrity: sri(bytes) }
    documents.set(manifest.name, packument(manifest, dist))
  }
  return { url, close: () => server.close() }
}
