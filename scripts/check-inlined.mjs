// `npm run check:inlined`: whether each vector instruction of the addon stands where it is used. rustc inlines the functions that
// stand for instructions into callers of the same instruction set alone: a closure that it does not inline itself, of `fold` for
// instance, has none, and then each addition of a kernel is a call. Nothing but speed tells of it: products of few rows once took
// a fifth longer. Built anew, with the names of functions, by the release profile.
import { readFileSync } from 'node:fs'
import { at, main, run, Stop, step } from './lib.mjs'

const library = { darwin: 'libferrograd_node.dylib', win32: 'ferrograd_node.dll' }[process.platform]

/** The instructions that are functions of their own in a library with its symbols. */
function outlined(bytes) {
  const symbols = bytes.toString('latin1').matchAll(/_RNv(?:Nt)+Cs\w+?_4core9core_arch\w+?\d_?((?:_mm|v)\w+)\0/g)
  return [...new Set([...symbols].map(([, name]) => name))].sort()
}

main(async () => {
  const options = ['--release', '--locked', '-p', 'ferrograd-node', '--target-dir', 'target/inlined']
  await step('Building with names', () =>
    run('cargo', ['build', ...options, '--config', 'profile.release.strip="debuginfo"']),
  )
  const found = outlined(readFileSync(at('target/inlined/release', library ?? 'libferrograd_node.so')))
  if (found.length > 0)
    throw new Stop(`Instructions that are calls: ${found.join(', ')}. Look for closures in what uses them.`)
  console.log('Every vector instruction stands where it is used.')
})
