// `npm test`: sets up, runs the Rust tests and the TypeScript tests, and closes with one line of counts over both.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { readReport } from './counts.mjs'
import { capture, main, step, tool } from './lib.mjs'
import { checkRust, setup } from './setup.mjs'

const sum = (numbers) => numbers.reduce((total, n) => total + n, 0)

/** A run that failed without naming a failed test (it did not build, or crashed) counts as one failure. */
const settle = (code, passed, failed) => ({ passed, failed: code !== 0 && failed === 0 ? 1 : failed })

const CARGO = ['test', '--workspace', '--locked']

async function rustTests() {
  const build = await step('Building the Rust tests', () => capture('cargo', [...CARGO, '--no-run']))
  if (build.code !== 0) {
    console.error(build.output)
    return settle(build.code, 0, 0)
  }
  const { code, output } = await capture('cargo', [...CARGO, '--quiet', '--no-fail-fast'], { show: true })
  const results = [...stripVTControlCharacters(output).matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)]
  const count = (group) => sum(results.map((result) => Number(result[group])))
  return settle(code, count(1), count(2))
}

async function typeScriptTests() {
  const folder = mkdtempSync(join(tmpdir(), 'ferrograd-test-'))
  const report = join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { code } = await capture(process.execPath, [tool('vitest'), 'run', ...reporters], { show: true })
  const counts = readReport(report)
  rmSync(folder, { recursive: true })
  return settle(code, counts.passed, counts.failed)
}

main(async () => {
  await checkRust()
  await setup()
  const rust = await rustTests()
  const typeScript = await typeScriptTests()
  const [passed, failed] = [rust.passed + typeScript.passed, rust.failed + typeScript.failed]
  console.log(`\nRust: ${rust.passed} passed, ${rust.failed} failed`)
  console.log(`TypeScript: ${typeScript.passed} passed, ${typeScript.failed} failed`)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
})
