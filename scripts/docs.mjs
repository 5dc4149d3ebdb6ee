// `npm run docs`: the documentation site, as static files in docs/site/dist. Code in the documents is run and shown with what
// it prints; the API comes from the sources; every link is followed. What builds it is installed in docs/site alone. `-- --draft`
// runs none of the code, which takes most of the time: for whoever works on the site itself.
import { existsSync, rmSync, statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { checkLinks } from '../tools/docs/links.mjs'
import { PAGES, writePages } from '../tools/docs/pages.mjs'
import { at, isMain, main, readJson, run, step } from './lib.mjs'
import { setup } from './setup.mjs'

const SITE = 'docs/site'
const tool = (name, path) => at(SITE, 'node_modules', name, path)

function toolsAreCurrent() {
  const installed = at(SITE, 'node_modules/.package-lock.json')
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(at(SITE, 'package-lock.json')).mtimeMs
}

const installTools = () =>
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: at(SITE) })

const entries = Object.entries(readJson(at('package.json')).exports).filter(([key]) => key !== './package.json')

/** The sources of the package's entries. */
const entryPoints = () =>
  entries.map(([, { import: entry }]) => at(entry.default.replace('./dist/', 'ts/').replace(/\.js$/, '.ts')))

/** `ferrograd/layers` where that can be imported, `ops` where it is a part of the root. */
function titleOf(module) {
  if (module === 'index') return 'ferrograd'
  return entries.some(([key]) => key === `./${module}`) ? `ferrograd/${module}` : module
}

export async function writeApi() {
  const { Application } = await import(pathToFileURL(tool('typedoc', 'dist/index.js')))
  const app = await Application.bootstrapWithPlugins({
    name: 'ferrograd',
    entryPoints: entryPoints(),
    tsconfig: at('tsconfig.json'),
    // `npm run lint` checks the types.
    skipErrorChecking: true,
    plugin: [tool('typedoc-plugin-markdown', 'dist/index.js'), at(SITE, 'typedoc-options.mjs')],
    out: at(PAGES, 'api'),
    readme: 'none',
    logLevel: 'Warn',
    excludePrivate: true,
    excludeProtected: true,
    excludeInternal: true,
    excludeExternals: true,
    disableSources: true,
    blockTags: ['@example', '@see', '@options', '@param', '@returns', '@throws', '@defaultValue'],
    // Of typedoc-plugin-markdown: a page for each class, one for all else of an entry, tables where they read better.
    membersWithOwnFile: ['Class'],
    entryFileName: 'index',
    pageTitleTemplates: { index: 'API', module: ({ name }) => titleOf(name), member: '{name}' },
    kindSortOrder: ['Module', 'Namespace', 'Class', 'Function', 'Variable', 'Interface', 'TypeAlias'],
    hidePageHeader: true,
    hideBreadcrumbs: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    // Every property is readonly, and where it is declared says nothing of what it does.
    tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true },
    useCodeBlocks: true,
    useHTMLAnchors: true,
  })
  await app.generateOutputs(await app.convert())
}

export async function buildSite() {
  rmSync(at(SITE, 'dist'), { recursive: true, force: true })
  await run(process.execPath, [tool('vitepress', 'bin/vitepress.js'), 'build', SITE], { cwd: at() })
}

async function buildAll() {
  await setup()
  if (!toolsAreCurrent()) await step('Installing what builds the site', installTools)
  const draft = process.argv.includes('--draft')
  const title = draft ? 'Writing the pages' : 'Running the code of documents and examples'
  await step(title, () => writePages({ draft }))
  await step('Writing the API pages', writeApi)
  await step('Building the site', buildSite)
  const { pages, links } = await step('Following the links', () => checkLinks(`${SITE}/dist`))
  console.log(`\n${pages} pages, ${links} links: ${SITE}/dist/index.html`)
}

if (isMain(import.meta.url)) main(buildAll)
