// `npm run check:deep`: what tests cannot see by running once. Loom runs every way in which the threads of the pool may meet, and
// every order that the memory model allows for what they see of each other (up to so many preemptions, which each test names).
// Miri runs the code that takes memory by hand and fails for what Rust calls undefined, where a nightly toolchain with it is
// installed: `rustup toolchain install nightly --component miri`. Attention in blocks is held to its formula at every length to 700.
import { capture, main, run, step } from './lib.mjs'

/** Tests of `crates/kernels` that Miri can run in a minute: of blocks of memory and of work that is cut into parts. */
const MEMORY = ['exec::memory', 'threads::disjoint', 'threads::chunks', 'threads::claims::tests::own']

const kernels = ['test', '-p', 'ferrograd-kernels', '--locked']

async function hasMiri() {
  try {
    await capture('cargo', ['+nightly', 'miri', '--version'])
    return true
  } catch {
    return false
  }
}

main(async () => {
  await step('Comparing attention with its formula at every length', () =>
    run('cargo', [...kernels, '--lib', '--', '--ignored', 'at_every_length']),
  )
  await step('Running every interleaving of the pool (loom)', () =>
    run('cargo', [...kernels, '--target-dir', 'target/loom', '--test', 'interleavings'], {
      env: { RUSTFLAGS: '--cfg loom' },
    }),
  )
  if (!(await hasMiri())) {
    console.log('\nMiri is not installed, so that memory is not checked by it:')
    console.log('  rustup toolchain install nightly --component miri')
    return
  }
  await step('Running the code of memory by Miri', () =>
    run('cargo', ['+nightly', 'miri', ...kernels, '--target-dir', 'target/miri', '--lib', '--', ...MEMORY], {
      // Miri has no priorities of threads.
      env: { MIRIFLAGS: '-Zmiri-disable-isolation', FERROGRAD_NICE: '0' },
    }),
  )
})
