//! The same bits at any number of threads: for whole trainings and for random graphs.

#[path = "support/epochs.rs"]
mod epochs;
#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod mlp;
mod support;

use epochs::{Deaf, columns};
use ferrograd_graph::epoch::{Epoch, Order};
use ferrograd_graph::{DType, Request, compile};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;
use mlp::Mlp;
use std::sync::Arc;
use std::time::Duration;
use support::graphs::{Flavor, Graph};

const COUNTS: [usize; 4] = [2, 3, 4, 8];

/// The bytes of every variable after two shuffled epochs, the last batch shorter.
fn trained(dtype: DType, threads: usize) -> Vec<Arc<Memory>> {
    let (sizes, batch, rows) = ([200, 256, 1100, 10], 128, 128 * 3 + 57);
    let model = Mlp::new(&sizes, dtype);
    let threads = Threads::new(threads);
    let mut epoch = Epoch {
        program: Arc::new(model.program(batch)),
        tail: Some(Arc::new(model.program(rows % batch))),
        columns: columns(dtype, rows, &sizes),
        rows: 0..rows,
        batch,
        order: Order::Sequential,
        max_steps: None,
        watch: None,
        collect: false,
        every_step: false,
        report_every: Duration::from_secs(1),
        profile: None,
    };
    for number in 0..2 {
        epoch.order = Order::Shuffled { seed: 3, epoch: number };
        let end = epoch.run(&threads, &mut Deaf).unwrap();
        assert_eq!((end.steps, end.stop), (4, None));
    }
    epoch.program.variables().iter().map(|(variable, _)| variable.snapshot()).collect()
}

#[test]
fn a_training_has_the_same_bits_at_any_number_of_threads() {
    for dtype in [DType::F32, DType::F64] {
        let alone = trained(dtype, 1);
        assert!(alone.iter().any(|memory| memory.as_slice::<u8>().iter().any(|&byte| byte != 0)));
        for count in COUNTS {
            for (at, (got, expected)) in trained(dtype, count).iter().zip(&alone).enumerate() {
                let same = got.as_slice::<u8>() == expected.as_slice::<u8>();
                assert!(same, "variable {at} in {dtype:?} with {count} threads");
            }
        }
    }
}

#[test]
fn random_graphs_have_the_same_bits_at_any_number_of_threads() {
    let pools = COUNTS.map(Threads::new);
    for seed in 0..25 {
        let flavor = Flavor { float: DType::F32, sizes: &[1, 3, 64, 130, 300], tensors: 20, limit: 120_000 };
        let graph = Graph::random(seed, flavor);
        let Graph { inputs, outputs, guard, .. } = &graph;
        let request = Request { inputs, outputs, updates: &[], guard: guard.as_ref() };
        let program = compile(&request, Isa::detect()).unwrap();
        let alone = program.run(&graph.feeds, &Threads::serial()).unwrap();
        for threads in &pools {
            let outputs = program.run(&graph.feeds, threads).unwrap();
            for (at, (got, expected)) in outputs.iter().zip(&alone).enumerate() {
                let same = got.as_slice::<u8>() == expected.as_slice::<u8>();
                assert!(same, "seed {seed}, output {at} with {} threads\n{}", threads.count(), graph.describe());
            }
        }
    }
}
