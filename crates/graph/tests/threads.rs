//! The same bits at any number of threads: for whole trainings and for random graphs, on every instruction set, and at
//! every precision of products.

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
use ferrograd_kernels::target::{Precision, Target};
use ferrograd_kernels::threads::Threads;
use ferrograd_kernels::tiles::Tiles;
use mlp::Mlp;
use std::sync::Arc;
use std::time::Duration;
use support::graphs::{Flavor, Graph};
use support::targets::{sets, units};

const COUNTS: [usize; 4] = [2, 3, 4, 8];

/// The layers of a network, the rows of a batch and of all data.
type Size = ([usize; 4], usize, usize);

/// Wide enough that an update takes in the product that its gradient is.
const WIDE: Size = ([200, 256, 1100, 10], 128, 128 * 3 + 57);
/// Large enough for tiles at every precision, and no larger: in software they are slow.
const TILED: Size = ([200, 320, 20, 10], 200, 200 + 57);

/// The bytes of every variable after two shuffled epochs, the last batch shorter.
fn trained(dtype: DType, target: Target, size: Size, threads: usize) -> Vec<Arc<Memory>> {
    let (sizes, batch, rows) = size;
    let model = Mlp::new(&sizes, dtype);
    let threads = Threads::new(threads);
    let mut epoch = Epoch {
        program: Arc::new(model.program(batch, target)),
        tail: Some(Arc::new(model.program(rows % batch, target))),
        columns: columns(dtype, rows, &sizes),
        rows: 0..rows,
        batch,
        order: Order::Sequential,
        first_step: 0,
        moment: None,
        max_steps: None,
        watch: None,
        collect: false,
        every_step: false,
        report_every: Duration::from_secs(1),
        profile: None,
    };
    if size == WIDE {
        let steps: Vec<_> = epoch.program.step_names().collect();
        assert!(["matmul", "matmul+map"].iter().all(|name| steps.contains(name)), "{steps:?}");
    }
    for number in 0..2 {
        epoch.order = Order::Shuffled { seed: 3, epoch: number };
        let end = epoch.run(&threads, &mut Deaf).unwrap();
        assert_eq!((end.steps, end.stop), (rows.div_ceil(batch), None));
    }
    epoch.program.variables().iter().map(|(variable, _)| variable.snapshot().unwrap()).collect()
}

/// The variable whose bytes differ, if one does.
fn differing(a: &[Arc<Memory>], b: &[Arc<Memory>]) -> Option<usize> {
    a.iter().zip(b).position(|(a, b)| a.as_slice::<u8>() != b.as_slice::<u8>())
}

#[test]
fn a_training_has_the_same_bits_at_any_number_of_threads() {
    for (dtype, target) in [DType::F32, DType::F64].into_iter().flat_map(|dtype| sets().map(move |set| (dtype, set))) {
        let alone = trained(dtype, target, WIDE, 1);
        assert!(alone.iter().any(|memory| memory.as_slice::<u8>().iter().any(|&byte| byte != 0)));
        for count in COUNTS {
            let differing = differing(&trained(dtype, target, WIDE, count), &alone);
            assert_eq!(differing, None, "in {dtype:?} with {count} threads");
        }
    }
}

#[test]
fn a_training_by_bfloat16_has_the_same_bits_at_any_number_of_threads() {
    for target in units() {
        let tiled = target.tiles == Tiles::EMULATED;
        let size = if tiled { TILED } else { WIDE };
        let alone = trained(DType::F32, target, size, 1);
        let plain = trained(DType::F32, target.isa.into(), size, 1);
        let serves = tiled || target.precision == Precision::Medium;
        assert_eq!(differing(&alone, &plain).is_some(), serves, "whether products go by bfloat16");
        for count in COUNTS {
            assert_eq!(differing(&trained(DType::F32, target, size, count), &alone), None, "with {count} threads");
        }
    }
}

#[test]
fn random_graphs_have_the_same_bits_at_any_number_of_threads() {
    let pools = COUNTS.map(Threads::new);
    for (seed, target) in (0..25).flat_map(|seed| sets().map(move |target| (seed, target))) {
        let flavor = Flavor { float: DType::F32, sizes: &[1, 3, 64, 130, 300], tensors: 20, limit: 120_000 };
        let graph = Graph::random(seed, flavor);
        let Graph { inputs, outputs, guard, .. } = &graph;
        let request = Request { inputs, outputs, updates: &[], guard: guard.as_ref() };
        let program = compile(&request, target).unwrap();
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
