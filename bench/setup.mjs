// `npm run bench:setup`: installs what the bench compares with into folders of `bench/peers` that git ignores. PyTorch and
// JAX go into a virtual environment there (pip's own settings hold), TensorFlow.js into its `node_modules`.
import { existsSync } from 'node:fs'
import { at, main, run, step } from '../scripts/lib.mjs'

const peers = (...parts) => at('bench', 'peers', ...parts)
const venv = peers('.venv')
const python = process.platform === 'win32' ? peers('.venv', 'Scripts', 'python.exe') : peers('.venv', 'bin', 'python')
const system = process.env.FERROGRAD_PYTHON ?? (process.platform === 'win32' ? 'python' : 'python3')

const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', '-r', peers('requirements.txt')]
const npm = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']

main(async () => {
  if (!existsSync(python)) await step('A virtual environment', () => run(system, ['-m', 'venv', venv]))
  await step('PyTorch and JAX (gigabytes on Linux)', () => run(python, pip))
  await step('TensorFlow.js', () => run('npm', npm, { cwd: peers() }))
  console.log('\nNow: npm run bench:peers')
})
