//! Convolution, products of windows and batches of heads allocate when they are planned and never when they run. One test
//! alone in its process, so that nobody else's allocations are counted.

#[path = "support/counting.rs"]
mod counting;

use counting::{allocations, meet};
use ferrograd_kernels::conv::{
    AveragePool, Axis, ConvolutionFilter, ConvolutionInput, ConvolutionOutput, Geometry, MaxPool,
};
use ferrograd_kernels::gemm::{Activation, BatchAxis, BatchedGemm, EpilogueSpec, GemmShape, Operand};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;

#[test]
fn running_allocates_nothing() {
    let axis = Axis { input: 20, output: 10, kernel: 3, stride: 2, dilation: 1, before: 1 };
    let geometry =
        |channels, filters, groups| Geometry { images: 8, axes: [Axis::NONE, axis, axis], channels, filters, groups };
    let threads = Threads::new(3);
    meet(&threads);
    let still = Axis { output: 20, stride: 1, ..axis };
    let in_place = Geometry { axes: [Axis::NONE, still, still], ..geometry(3, 40, 1) };
    for geometry in [geometry(24, 40, 1), geometry(3, 8, 1), geometry(16, 16, 16), in_place] {
        let isa = Isa::detect();
        let output = ConvolutionOutput::<f32>::new(geometry, true, Activation::Relu, isa).unwrap();
        let input = ConvolutionInput::<f32>::new(geometry, isa).unwrap();
        let filter = ConvolutionFilter::<f32>::new(geometry, isa).unwrap();
        let (max, mean) = (MaxPool::new(geometry, isa), AveragePool::new(geometry, isa));
        let len = output.workspace_len().max(input.workspace_len()).max(filter.workspace_len());
        let (x, w) = (vec![1.0f32; geometry.input_len()], vec![0.5f32; geometry.filter_len()]);
        let bias = vec![0.25; geometry.filters];
        let (mut y, mut dx, mut dw, mut space) =
            (vec![0.0; geometry.output_len()], x.clone(), w.clone(), vec![0.0; len]);
        let outputs: usize = geometry.axes.iter().map(|axis| axis.output).product();
        let before = allocations();
        for _ in 0..3 {
            output.run(&threads, (&x, &w, Some(&bias)), &mut y, &mut space, None);
            input.run(&threads, (&y, &w), &mut dx, &mut space, None);
            filter.run(&threads, &x, &y, &mut dw, &mut space);
            let pooled = &mut y[..geometry.images * outputs * geometry.channels.min(geometry.filters)];
            if geometry.channels <= geometry.filters {
                max.output(&threads, &x, pooled);
                max.input(&threads, (&x, pooled), &mut dx, None);
                mean.output(&threads, &x, pooled);
                mean.input(&threads, pooled, &mut dx);
            }
        }
        assert_eq!(allocations() - before, 0, "{geometry:?}");
    }
    let rows = Operand::row_major(64);
    let shape = GemmShape { rows: 40, cols: 40, depth: 16, a: rows, b: rows.transposed(), c_row_stride: 40 };
    let axes = [BatchAxis { size: 8, a: 2560, b: 2560, c: 6400 }, BatchAxis { size: 4, a: 16, b: 16, c: 1600 }];
    let heads = BatchedGemm::<f32>::new(&axes, shape, EpilogueSpec::default(), Isa::detect()).unwrap();
    let (x, mut y, mut space) = (vec![1.0; 8 * 2560], vec![0.0; 8 * 6400], vec![0.0; heads.workspace_len()]);
    let before = allocations();
    (0..3).for_each(|_| heads.run(&threads, &x, &x, None, &mut y, &mut space));
    assert_eq!(allocations() - before, 0, "heads");
    assert_eq!(y[0], 16.0);
}
