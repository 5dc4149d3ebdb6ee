// Every link within the built site leads to a page that is there, and to a heading that it has.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { at, filesUnder, Stop } from '../../scripts/lib.mjs'

const decode = (text) => decodeURIComponent(text.replaceAll('&amp;', '&'))
const targets = (html) => [...html.matchAll(/<a\b[^>]*?\shref="([^"]*)"/g)].map(([, href]) => decode(href))
const anchors = (html) => new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => decode(id)))

/** Throws where a link of `site` (a folder of HTML) leads nowhere; gives how many pages and links were looked at. */
export function checkLinks(site) {
  const pages = filesUnder([site]).filter((file) => file.endsWith('.html'))
  const texts = new Map(pages.map((page) => [page, readFileSync(at(page), 'utf8')]))
  const ids = new Map([...texts].map(([page, html]) => [page, anchors(html)]))
  const broken = []
  let links = 0
  for (const [page, html] of texts)
    for (const href of targets(html)) {
      if (/^[a-z]+:/.test(href)) continue
      links += 1
      const [path, anchor = ''] = href.split('#')
      const there = path === '' ? page : normalize(path.startsWith('/') ? join(site, path) : join(dirname(page), path))
      const file = there.endsWith('/') ? `${there}index.html` : there
      const found = ids.has(file) ? anchor === '' || ids.get(file).has(anchor) : existsSync(at(file))
      if (!found) broken.push(`${page}: ${href}`)
    }
  if (broken.length > 0) throw new Stop(`Links that lead nowhere:\n${[...new Set(broken)].join('\n')}`)
  return { pages: pages.length, links }
}
