// The documentation site: pages are written by scripts/docs.mjs, VitePress makes them HTML with a search that needs no server.
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { titleOf } from '../../../tools/docs/pages.mjs'

const pages = fileURLToPath(new URL('../pages', import.meta.url))
const list = (folder) =>
  readdirSync(`${pages}/${folder}`)
    .filter((name) => name.endsWith('.md'))
    .sort()

const item = (text, link) => ({ text, link })
const group = (text, items, collapsed = false) => ({
  text,
  collapsed,
  items: items.map(([name, link]) => item(name, link)),
})

const guides = [
  group('Start', [
    ['Getting started', '/getting-started'],
    ['Coming from Keras', '/keras'],
    ['Coming from TensorFlow.js', '/tensorflow-js'],
  ]),
  group('Guides', [
    ['Tabular data', '/tabular'],
    ['Pictures', '/pictures'],
    ['Sequences', '/sequences'],
    ['Attention', '/attention'],
    ['Data pipelines', '/data'],
    ['Training of your own', '/custom-training'],
    ['Callbacks', '/callbacks'],
    ['Saving and resuming', '/saving'],
    ['Precision and threads', '/precision-and-threads'],
    ['Determinism', '/determinism'],
    ['Workers and processes', '/workers'],
    ['Serving', '/serving'],
    ['Deploying', '/deploying'],
  ]),
  group(
    'Examples',
    list('examples').map((name) => [titleOf(name.slice(0, -3)), `/examples/${name.slice(0, -3)}`]),
  ),
  group('Reference', [
    ['API', '/api/'],
    ['Errors', '/errors'],
    ['FAQ', '/faq'],
    ['Glossary', '/glossary'],
  ]),
  group('Behind it', [
    ['How it works', '/architecture'],
    ['Performance', '/performance'],
    ['Releasing', '/releasing'],
    ['Contributing', '/contributing'],
    ['Security', '/security'],
    ['Changes', '/changelog'],
  ]),
]

/** An entry of the package: its overview, the namespaces that it has, then the pages of its classes. */
function entry(name) {
  const files = readdirSync(`${pages}/api/${name}`, { recursive: true }).map((path) => path.replaceAll('\\', '/'))
  const spaces = files
    .filter((path) => /^namespaces\/\w+\/index\.md$/.test(path))
    .map((path) => [path.split('/')[1], `/api/${name}/${path.slice(0, -'index.md'.length)}`])
  const classes = files
    .filter((path) => /(^|\/)classes\/\w+\.md$/.test(path))
    .map((path) => [path.split('/').at(-1).slice(0, -3), `/api/${name}/${path.slice(0, -3)}`])
    .sort(([a], [b]) => a.localeCompare(b))
  const title = name === 'index' ? 'ferrograd' : `ferrograd/${name}`
  return group(title, [['Overview', `/api/${name}/`], ...spaces, ...classes], true)
}

const api = readdirSync(`${pages}/api`, { withFileTypes: true })
  .filter((found) => found.isDirectory())
  .map(({ name }) => name)
  .sort((a, b) => Number(b === 'index') - Number(a === 'index') || a.localeCompare(b))

export default defineConfig({
  title: 'ferrograd',
  description: 'Train neural networks in Node.js: a Keras-like TypeScript API over a Rust core',
  srcDir: 'pages',
  outDir: 'dist',
  // Pages by their files, so that the folder can be opened from any web server, or none.
  cleanUrls: false,
  lastUpdated: false,
  markdown: { theme: { light: 'github-light', dark: 'github-dark' } },
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      item('Getting started', '/getting-started'),
      item('Guides', '/tabular'),
      item('API', '/api/'),
      item('Errors', '/errors'),
    ],
    sidebar: {
      '/api/': [item('Guides', '/getting-started'), ...api.map(entry)],
      '/': guides,
    },
  },
})
