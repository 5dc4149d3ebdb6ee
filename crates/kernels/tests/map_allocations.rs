//! A program allocates when it is compiled and never when it runs, on every instruction set. One test alone in its process, so that nobody
//! else's allocations are counted.

#[path = "support/counting.rs"]
mod counting;

use counting::{allocations, meet};
use ferrograd_kernels::element::DType::F32;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::map::{Axes, Binary, Expr, Layout, Map, MapInput, MapOutput, Reduce, Unary};
use ferrograd_kernels::threads::Threads;

#[test]
fn running_allocates_nothing() {
    let shapes = [[4, 3], [300, 700], [4000, 10]];
    for (shape, isa) in shapes.into_iter().flat_map(|shape| Isa::available().into_iter().map(move |isa| (shape, isa))) {
        let mut e = Expr::new();
        let [x, bias, factor] = [0, 1, 2].map(|i| e.input(i));
        let y = e.binary(Binary::Add, x, bias);
        let factor = e.unary(Unary::Exp, factor);
        let y = e.binary(Binary::Mul, y, factor);
        let layouts = [Layout::contiguous(&shape), Layout::broadcast(&shape[1..], &shape).unwrap(), Layout::scalar(2)];
        let inputs = layouts.map(|layout| MapInput { dtype: F32, layout }).to_vec();
        let outputs = vec![
            MapOutput::store(y, F32),
            MapOutput::reduce(y, F32, Reduce::Sum, Axes::Leading(1)),
            MapOutput::reduce(y, F32, Reduce::Max, Axes::Trailing(1)),
            MapOutput::reduce(y, F32, Reduce::Sum, Axes::All),
        ];
        let map = Map::<f32>::new(&shape, e, inputs, outputs, isa).unwrap();
        let total = shape[0] * shape[1];
        let data = [vec![1.0f32; total], vec![2.0; shape[1]], vec![0.0]];
        let mut results = [vec![0.0f32; total], vec![0.0; shape[1]], vec![0.0; shape[0]], vec![0.0]];
        let from = data.each_ref().map(|d| d.as_ptr().cast::<u8>());
        let to = results.each_mut().map(|r| r.as_mut_ptr().cast::<u8>());
        // One byte too many, so that the workspace begins anywhere.
        let mut workspace = vec![0u8; map.workspace_len() + 1];
        let threads = Threads::new(2);
        meet(&threads);
        let before = allocations();
        for _ in 0..5 {
            // Safety: every operand has the elements of its layout, and nothing overlaps.
            unsafe { map.run(&threads, &from, &to, &mut workspace[1..]) };
        }
        assert_eq!(allocations(), before, "{shape:?} on {isa:?}");
        assert_eq!(results[3], [3.0 * total as f32]);
        assert_eq!(results[1], vec![3.0 * shape[0] as f32; shape[1]]);
    }
}
