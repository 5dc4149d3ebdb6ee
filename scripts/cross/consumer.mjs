// An empty project that has ferrograd from npm, and trains with it: on this machine or by a runner of another platform.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { at, capture, Stop } from '../lib.mjs'
import { installFrom } from '../pack.mjs'

/** The runner of this very Node.js. */
export const here = { command: (args, cwd) => ({ command: process.execPath, args, cwd, env: {} }) }

/** An empty project that installs the package as a user's would on that platform. */
export async function install(folder, tarballs, platform) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true }))
  cpSync(at('scripts/cross/digits.mjs'), join(folder, 'digits.mjs'))
  await installFrom(tarballs, folder, platform)
}

export async function runIn(runner, args, cwd) {
  const { command, args: all, env, cwd: from } = runner.command(args, cwd)
  return capture(command, all, { cwd: from, env })
}

/** The digits by a runner: what `digits.mjs` printed. */
export async function train(runner, folder, epochs) {
  const { code, output } = await runIn(runner, ['digits.mjs', String(epochs)], folder)
  if (code !== 0) throw new Stop(`The training failed (exit code ${code}):\n${output}`)
  return JSON.parse(output.trim().split('\n').at(-1))
}
