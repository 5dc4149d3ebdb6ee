// `npm run docs:look [-- page…]`: pages of the built site as pictures, light and dark, wide and narrow, in docs/site/pictures, to
// be looked at; `--all` for every page. Needs a Chromium on this machine: CHROMIUM names it, or it is found by its usual names.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { at, filesUnder, main, Stop, step } from './lib.mjs'

const SITE = at('docs/site/dist')
const PICTURES = 'docs/site/pictures'
const PAGES = [
  'index',
  'getting-started',
  'keras',
  'api/layers/classes/Dense',
  'api/index/namespaces/ops/index',
  'errors',
  'performance',
]
const WIDTHS = { wide: 1440, narrow: 390 }
const NAMES = ['chromium', 'chromium-headless-shell', 'google-chrome', 'chrome']
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }

const everyPage = () =>
  filesUnder(['docs/site/dist'])
    .filter((name) => name.endsWith('.html') && !name.endsWith('/404.html'))
    .map((name) => name.slice('docs/site/dist/'.length, -'.html'.length))

function browserPath() {
  const found = [process.env.CHROMIUM, ...NAMES].filter(Boolean).find((name) => {
    try {
      return execFileSync(name, ['--version'], { stdio: 'pipe' })
    } catch {
      return false
    }
  })
  if (found === undefined) throw new Stop('No Chromium was found. Install one, or name it: CHROMIUM=/path/to/it')
  return existsSync(found) ? found : execFileSync('which', [found], { encoding: 'utf8' }).trim()
}

/** The built site on this machine alone; gives its address and how to end it. */
async function serve() {
  const server = createServer(({ url }, response) => {
    const path = join(SITE, decodeURIComponent(new URL(url, 'http://site').pathname))
    const file = path.endsWith('/') ? `${path}index.html` : path
    if (!existsSync(file)) return response.writeHead(404).end()
    response
      .writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
      .end(readFileSync(file))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}

const picture = (name) => ({ path: at(PICTURES, `${name.replaceAll('/', '-')}.png`) })

/** What is wider than the window makes a whole page move sideways. */
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)

async function draw(context, address, name, label) {
  const page = await context.newPage()
  const problems = []
  page.on('pageerror', (error) => problems.push(String(error)))
  const answer = await page.goto(`${address}/${name}.html`, { waitUntil: 'networkidle' })
  if (!answer.ok()) throw new Stop(`The site has no page ${name}`)
  const excess = await overflow(page)
  if (excess > 0) problems.push(`${excess} pixels wider than the window`)
  const height = await page.evaluate(() => document.documentElement.scrollHeight)
  await page.setViewportSize({ width: page.viewportSize().width, height: Math.min(height, 2400) })
  await page.screenshot(picture(`${name}-${label}`))
  await page.close()
  return problems.map((problem) => `${name}, ${label}: ${problem}`)
}

/** The search as a reader uses it: opened, a word written, and what comes. */
async function drawSearch(context, address, label) {
  const page = await context.newPage()
  await page.goto(`${address}/index.html`, { waitUntil: 'networkidle' })
  await page.locator('.VPNavBarSearch button').first().click()
  await page.locator('.VPLocalSearchBox input').fill('earlystopping')
  const result = page.locator('.VPLocalSearchBox .result')
  await result.first().waitFor()
  await page.screenshot(picture(`search-${label}`))
  await result.first().click()
  await page.waitForURL(/EarlyStopping|callbacks/)
  await page.close()
}

main(async () => {
  if (!existsSync(SITE)) throw new Stop('There is no site yet: npm run docs')
  const { chromium } = createRequire(at('docs/site/package.json'))('playwright-core')
  const words = process.argv.slice(2)
  const wanted = words.includes('--all') ? everyPage() : words
  rmSync(at(PICTURES), { recursive: true, force: true })
  mkdirSync(at(PICTURES), { recursive: true })
  const { address, close } = await serve()
  const browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] })
  const problems = []
  try {
    for (const colorScheme of ['light', 'dark'])
      for (const [size, width] of Object.entries(WIDTHS)) {
        const label = `${size}-${colorScheme}`
        const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } })
        await step(label, async () => {
          for (const name of wanted.length > 0 ? wanted : PAGES)
            problems.push(...(await draw(context, address, name, label)))
          if (wanted.length === 0) await drawSearch(context, address, label)
        })
        await context.close()
      }
  } finally {
    await browser.close()
    close()
  }
  console.log(`\n${PICTURES}`)
  if (problems.length > 0) throw new Stop(problems.join('\n'))
})
