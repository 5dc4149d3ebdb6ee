// Writes `ts/generated/` from the declarations in Rust. That it is up to date is a test of theirs (`crates/graph/tests/generated.rs`).
import { main, run, step } from './lib.mjs'

const FOLDER = 'ts/generated'

main(() =>
  step(`Writing ${FOLDER}`, () =>
    run('cargo', ['run', '--quiet', '--locked', '-p', 'ferrograd-graph', '--bin', 'generate', '--', FOLDER]),
  ),
)
