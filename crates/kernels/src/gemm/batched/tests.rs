//! Batches against products of views of ndarray, one by one.

use super::{BatchAxis, BatchedGemm, merged};
use crate::gemm::tests::{Layout, Random, SPECS, Tested, activate, shape};
use crate::gemm::{EpilogueSpec, GemmError, GemmShape, Operand};
use crate::isa::Isa;
use crate::threads::Threads;
use ndarray::Array2;

/// Everything that a batch reads, and what was in its results before.
struct Case<'a, T> {
    axes: &'a [BatchAxis],
    shape: GemmShape,
    spec: EpilogueSpec,
    a: Vec<T>,
    b: Vec<T>,
    bias: Option<Vec<T>>,
    c: Vec<T>,
}

/// One more than the furthest element of a batch of matrices.
fn reach(axes: &[BatchAxis], stride: fn(&BatchAxis) -> usize, (rows, cols): (usize, usize), operand: Operand) -> usize {
    let inside = |size: usize, stride: isize| size.saturating_sub(1) * stride as usize;
    let one = inside(rows, operand.row_stride) + inside(cols, operand.col_stride);
    axes.iter().map(|axis| axis.size.saturating_sub(1) * stride(axis)).sum::<usize>() + one + 1
}

fn view<T: Tested>(from: &[T], (rows, cols): (usize, usize), operand: Operand) -> Array2<f64> {
    let at = |(row, col)| row * operand.row_stride as usize + col * operand.col_stride as usize;
    Array2::from_shape_fn((rows, cols), |place| from[at(place)].to_f64())
}

impl<T: Tested> Case<'_, T> {
    fn new(axes: &[BatchAxis], shape: GemmShape, spec: EpilogueSpec, seed: u64) -> Case<'_, T> {
        let random = &mut Random::new(seed);
        let c = Operand::row_major(shape.c_row_stride);
        Case {
            axes,
            shape,
            spec,
            a: random.vec(reach(axes, |axis| axis.a, (shape.rows, shape.depth), shape.a)),
            b: random.vec(reach(axes, |axis| axis.b, (shape.depth, shape.cols), shape.b)),
            bias: spec.bias.then(|| random.vec(shape.cols)),
            c: random.vec(reach(axes, |axis| axis.c, (shape.rows, shape.cols), c)),
        }
    }

    fn run(&self, plan: &BatchedGemm<T>, threads: &Threads) -> Vec<T> {
        let (mut c, mut workspace) = (self.c.clone(), vec![T::from_f64(f64::NAN); plan.workspace_len()]);
        plan.run(threads, &self.a, &self.b, self.bias.as_deref(), &mut c, &mut workspace);
        c
    }

    /// One product of the batch, at a place along each axis, against ndarray's in `f64`.
    fn verify(&self, place: &[usize], c: &[T], isa: Isa) {
        let GemmShape { rows, cols, depth, .. } = self.shape;
        let start = |stride: fn(&BatchAxis) -> usize| -> usize {
            self.axes.iter().zip(place).map(|(axis, place)| place * stride(axis)).sum()
        };
        let (start_a, start_b, start_c) = (start(|axis| axis.a), start(|axis| axis.b), start(|axis| axis.c));
        let a = view(&self.a[start_a..], (rows, depth), self.shape.a);
        let b = view(&self.b[start_b..], (depth, cols), self.shape.b);
        let (product, size) = (a.dot(&b), a.mapv(f64::abs).dot(&b.mapv(f64::abs)));
        for ((row, col), &product) in product.indexed_iter() {
            let at = start_c + row * self.shape.c_row_stride + col;
            let old = if self.spec.accumulate { self.c[at].to_f64() } else { 0.0 };
            let bias = self.bias.as_ref().map_or(0.0, |bias| bias[col].to_f64());
            let value = activate(self.spec.activation, self.spec.alpha * product + old + bias);
            let size = size[(row, col)] + old.abs() + bias.abs() + value.abs();
            let tolerance = T::ROUNDOFF * (depth as f64 + 12.0) * size;
            let (got, shape) = (c[at].to_f64(), self.shape);
            assert!(
                (got - value).abs() <= tolerance,
                "{isa:?} {shape:?} {place:?} at {row}, {col}: {got}, not {value}"
            );
        }
    }
}

/// The first product, the last and one between against ndarray, and the bits of all at several thread counts.
fn check<T: Tested>(pools: &[Threads], axes: &[BatchAxis], shape: GemmShape, spec: EpilogueSpec, seed: u64) {
    let case = Case::<T>::new(axes, shape, spec, seed);
    for isa in Isa::available() {
        let plan = BatchedGemm::<T>::new(axes, shape, spec, isa).unwrap();
        let c = case.run(&plan, &Threads::serial());
        if axes.iter().all(|axis| axis.size > 0) {
            for part in 0..3 {
                let place: Vec<usize> = axes.iter().map(|axis| part * (axis.size - 1) / 2).collect();
                case.verify(&place, &c, isa);
            }
        }
        for threads in pools {
            let same = case.run(&plan, threads).iter().zip(&c).all(|(x, y)| x.bits() == y.bits());
            assert!(same, "{isa:?}: {axes:?} of {shape:?} with {} threads", threads.count());
        }
    }
}

#[test]
fn batches_are_right() {
    let pools = [2, 3, 4, 8].map(Threads::new);
    for (seed, &(rows, cols, depth)) in
        [(3, 4, 5), (1, 40, 33), (20, 1, 17), (64, 64, 32), (70, 90, 80), (0, 3, 2), (40, 40, 0)].iter().enumerate()
    {
        for size in [0, 1, 2, 33] {
            for (a, b) in [(Layout::RowMajor, Layout::RowMajor), (Layout::RowMajor, Layout::ColMajor)] {
                let shape = shape(rows, cols, depth, a, b, 0);
                let axis = BatchAxis { size, a: rows * depth, b: depth * cols, c: rows * cols };
                check::<f32>(&pools, &[axis], shape, SPECS[3], seed as u64);
                check::<f64>(&pools, &[BatchAxis { b: 0, ..axis }], shape, SPECS[6], seed as u64);
                check::<f32>(&pools, &[BatchAxis { a: 0, ..axis }], shape, SPECS[6], seed as u64);
            }
        }
    }
}

#[test]
fn heads_that_lie_side_by_side_are_axes_of_the_batch() {
    let pools = [2, 3, 4, 8].map(Threads::new);
    let (images, heads, tokens, width) = (3, 5, 33, 16);
    // Queries and keys as (images, tokens, heads, width), scores as (images, heads, tokens, tokens).
    let rows = Operand::row_major(heads * width);
    let scores =
        GemmShape { rows: tokens, cols: tokens, depth: width, a: rows, b: rows.transposed(), c_row_stride: tokens };
    let (image, score) = (tokens * heads * width, tokens * tokens);
    let axes = [
        BatchAxis { size: images, a: image, b: image, c: heads * score },
        BatchAxis { size: heads, a: width, b: width, c: score },
    ];
    check::<f32>(&pools, &axes, scores, SPECS[0], 1);
    check::<f64>(&pools, &axes, scores, SPECS[1], 2);
    // Scores times values, the results side by side again.
    let values = GemmShape { cols: width, depth: tokens, a: Operand::row_major(tokens), b: rows, ..scores };
    let values = GemmShape { c_row_stride: heads * width, ..values };
    let axes = [
        BatchAxis { size: images, a: heads * score, b: image, c: image },
        BatchAxis { size: heads, a: score, b: width, c: width },
    ];
    check::<f32>(&pools, &axes, values, SPECS[5], 3);
}

#[test]
fn heads_share_the_pool_though_each_is_small() {
    let heads = [BatchAxis { size: 16, a: 1, b: 1, c: 64 * 64 * 8 }, BatchAxis { size: 8, a: 3, b: 3, c: 64 * 64 }];
    let shape = shape(64, 64, 32, Layout::RowMajor, Layout::ColMajor, 0);
    let plan = BatchedGemm::<f32>::new(&heads, shape, SPECS[0], Isa::Portable).unwrap();
    assert!(!plan.one.plan.parallel && plan.batch.div_ceil(plan.group) >= 8, "{} of {}", plan.group, plan.batch);
}

#[test]
fn axes_that_go_on_are_one_and_rows_that_follow_are_one_tall_product() {
    let shape = shape(7, 30, 20, Layout::RowMajor, Layout::RowMajor, 0);
    let axes = [4, 3].map(|size| BatchAxis { size, a: if size == 4 { 420 } else { 140 }, b: 0, c: 70 * size });
    let axes = [BatchAxis { c: 630, ..axes[0] }, BatchAxis { c: 210, ..axes[1] }];
    assert_eq!(merged(&axes), Some(vec![BatchAxis { size: 12, ..axes[1] }]));
    let plan = BatchedGemm::<f32>::new(&axes, shape, SPECS[3], Isa::Portable).unwrap();
    assert_eq!((plan.batch, plan.one.shape.rows), (1, 84));
    check::<f32>(&[Threads::new(3)], &axes, shape, SPECS[3], 4);
}

#[test]
fn single_rows_are_as_far_apart_as_their_matrices() {
    let shape = shape(1, 30, 20, Layout::RowMajor, Layout::RowMajor, 0);
    for a in [0, 20, 47] {
        let axis = BatchAxis { size: 12, a, b: 0, c: 33 };
        let plan = BatchedGemm::<f32>::new(&[axis], shape, SPECS[3], Isa::Portable).unwrap();
        assert_eq!((plan.batch, plan.one.shape.rows), (1, 12));
        assert_eq!(super::one_product(&[axis], shape), Some(plan.one.shape));
        check::<f32>(&[Threads::new(3)], &[axis], shape, SPECS[3], 4);
        assert_eq!(super::one_product(&[BatchAxis { b: 600, ..axis }], shape), None, "many right sides");
        let over = BatchedGemm::<f32>::new(&[BatchAxis { c: 29, ..axis }], shape, SPECS[3], Isa::Portable);
        assert_eq!(over.err(), Some(GemmError::OverlappingResults));
    }
}

#[test]
fn results_of_a_batch_may_lie_side_by_side_but_not_over_each_other() {
    let pools = [2, 3, 4, 8].map(Threads::new);
    let (size, rows, cols, depth) = (4, 30, 16, 20);
    let heads = Operand::row_major(size * depth);
    let shape = GemmShape { rows, cols, depth, a: heads, b: Operand::row_major(cols), c_row_stride: size * cols };
    let axis = BatchAxis { size, a: depth, b: depth * cols, c: cols };
    check::<f32>(&pools, &[axis], shape, SPECS[5], 1);
    for c in [0, cols - 1, size * cols - 1] {
        let overlap = BatchedGemm::<f32>::new(&[BatchAxis { c, ..axis }], shape, SPECS[0], Isa::Portable);
        assert_eq!(overlap.err(), Some(GemmError::OverlappingResults), "{c}");
    }
}
