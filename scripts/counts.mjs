// What a run of vitest counted, from its JSON report.
import { readJson } from './lib.mjs'

/** A file that could not be loaded has no tests of its own, and counts as one failed test. */
export function readReport(path) {
  try {
    const { numPassedTests, numFailedTests, testResults } = readJson(path)
    const unloaded = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
    return { passed: numPassedTests, failed: numFailedTests + unloaded.length }
  } catch {
    return { passed: 0, failed: 0 }
  }
}
