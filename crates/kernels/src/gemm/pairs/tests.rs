//! Products of pairs of bfloat16, on processors that have the instruction; the others have nothing to test here.

use crate::gemm::bf16::{flush, round};
use crate::gemm::tests::{Case, LAYOUTS, Layout, Random, SPECS, Tested, bits, shape, worst_error};
use crate::gemm::{BlockwiseGemm, Gemm, Part, RowsGemm};
use crate::isa::Isa;
use crate::target::{Precision, Target};
use crate::threads::Threads;
use crate::tiles::Tiles;
use std::sync::Mutex;

/// The relative error that a product may have, as the documentation of [`Precision`] promises.
const BOUND: f64 = 1.0 / 128.0;

/// Sizes with a tail in every axis and odd depths: one block, several, several stages of the depth.
const SIZES: [(usize, usize, usize); 4] = [(57, 67, 65), (131, 97, 521), (193, 225, 1301), (60, 70, 9001)];

/// The medium precision on pairs; nothing where the processor has no such instruction.
fn medium() -> Option<Target> {
    let tiles = Tiles::pairs();
    if tiles.is_none() {
        println!("skipped: this processor has no vdpbf16ps");
    }
    tiles.map(|tiles| Target { isa: Isa::Avx512, tiles, precision: Precision::Medium })
}

fn goes_by_pairs<T: Tested>(case: &Case<T>, target: Target) -> bool {
    Gemm::<T>::new(case.shape, case.spec, target).unwrap().kernels.depths == 2
}

/// Rounded to bfloat16, ties to even, denormal numbers to zero.
fn rounded(x: f32) -> f32 {
    flush(f32::from_bits(round(x.to_bits())))
}

#[test]
fn the_worst_numbers_keep_the_bound_and_come_near_it() {
    let Some(target) = medium() else { return };
    let worst = worst_error(target);
    assert!(worst <= BOUND && worst > 0.99 * BOUND, "{worst:e}");
}

#[test]
fn every_layout_and_epilogue_keeps_the_bound() {
    let Some(target) = medium() else { return };
    let random = &mut Random::new(1);
    for (index, spec) in SPECS.into_iter().enumerate() {
        for a in LAYOUTS {
            let (rows, cols, depth) = SIZES[index % 3];
            let case = Case::<f32>::new(shape(rows, cols, depth, a, random.pick(&LAYOUTS), index % 2), spec, 1);
            assert!(goes_by_pairs(&case, target));
            let c = case.run(target, 1);
            case.verify(&c, BOUND, target);
            case.check_gaps(&c, target);
        }
    }
    let deep = Case::<f32>::new(shape(60, 70, 9001, Layout::RowMajor, Layout::RowMajor, 0), SPECS[0], 2);
    deep.verify(&deep.run(target, 1), BOUND, target);
}

/// Each pair adds the product of its second depths, then that of its first ones, each rounded once with the sum.
#[test]
fn the_bits_are_those_of_fused_additions_in_the_order_of_the_instruction() {
    let Some(target) = medium() else { return };
    for (seed, exponents) in [-3..3, -40..30, -62..-58].into_iter().enumerate() {
        for (a, b) in [(Layout::RowMajor, Layout::RowMajor), (Layout::ColMajor, Layout::ColMajor)] {
            let mut case = Case::<f32>::new(shape(57, 67, 131, a, b, 0), SPECS[0], seed as u64);
            let random = &mut Random::new(seed as u64);
            let width = (exponents.end - exponents.start) as u64;
            for number in case.a.iter_mut().chain(&mut case.b) {
                let exponent = exponents.start + (random.next() % width) as i32;
                *number = (random.unit() * 2f64.powi(exponent)) as f32;
            }
            let got = case.run(target, 1);
            let at = |slice: &[f32], operand: crate::gemm::Operand, row: usize, col: usize| {
                rounded(slice[row * operand.row_stride as usize + col * operand.col_stride as usize])
            };
            for row in 0..57 {
                for col in 0..67 {
                    let product = |sum: f32, depth: usize| {
                        let b = if depth < 131 { at(&case.b, case.shape.b, depth, col) } else { 0.0 };
                        let a = if depth < 131 { at(&case.a, case.shape.a, row, depth) } else { 0.0 };
                        flush(a.mul_add(b, sum))
                    };
                    let sum = (0..131).step_by(2).fold(0.0, |sum, depth| product(product(sum, depth + 1), depth));
                    assert_eq!(got[row * 67 + col], sum, "{exponents:?} {a:?} at {row}, {col}");
                }
            }
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let Some(target) = medium() else { return };
    for (rows, cols, depth) in SIZES.into_iter().chain([(128, 512, 784), (784, 512, 128), (1000, 130, 300)]) {
        let case = Case::<f32>::new(shape(rows, cols, depth, Layout::ColMajor, Layout::RowMajor, 0), SPECS[3], 5);
        let serial = bits(&case.run(target, 1));
        for threads in [2, 3, 4, 8] {
            assert!(serial == bits(&case.run(target, threads)), "{rows} × {cols} × {depth}, {threads} threads");
        }
    }
}

#[test]
fn other_levels_small_products_and_float64_stay_whole() {
    let Some(medium) = medium() else { return };
    let plain = Target::from(Isa::Avx512);
    let large = Case::<f32>::new(shape(128, 130, 100, Layout::RowMajor, Layout::ColMajor, 0), SPECS[3], 6);
    assert!(bits(&large.run(medium, 1)) != bits(&large.run(plain, 1)));
    for precision in [Precision::High, Precision::Highest] {
        assert!(bits(&large.run(medium.with_precision(precision), 1)) == bits(&large.run(plain, 1)));
    }
    for (rows, cols, depth) in [(55, 300, 300), (300, 63, 300), (300, 300, 63), (1, 200, 300), (0, 100, 100)] {
        let case = Case::<f32>::new(shape(rows, cols, depth, Layout::RowMajor, Layout::RowMajor, 0), SPECS[0], 7);
        assert!(!goes_by_pairs(&case, medium) && bits(&case.run(medium, 1)) == bits(&case.run(plain, 1)));
    }
    let double = Case::<f64>::new(shape(128, 130, 100, Layout::RowMajor, Layout::RowMajor, 0), SPECS[0], 8);
    assert!(!goes_by_pairs(&double, medium));
    let lesser = Target { isa: Isa::Avx2, ..medium };
    assert!(bits(&large.run(lesser, 1)) == bits(&large.run(Isa::Avx2, 1)));
}

#[test]
fn non_finite_numbers_propagate() {
    let Some(target) = medium() else { return };
    for layout in LAYOUTS {
        for value in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            let mut case = Case::<f32>::new(shape(70, 90, 71, layout, Layout::RowMajor, 0), SPECS[0], 9);
            let at = 3 * case.shape.a.row_stride + 70 * case.shape.a.col_stride;
            case.a[at as usize] = value;
            for (got, expected) in case.run(target, 1).iter().zip(&case.run(Isa::detect(), 1)) {
                let same = got.is_nan() == expected.is_nan() && got.is_infinite() == expected.is_infinite();
                assert!(same && (!got.is_infinite() || got == expected), "{layout:?} {value}: {got} {expected}");
            }
        }
    }
}

#[test]
fn parts_that_are_handed_on_have_the_bits_of_the_whole() {
    let Some(target) = medium() else { return };
    for (rows, cols, depth) in [(300, 512, 129), (130, 1100, 521)] {
        let case = Case::<f32>::new(shape(rows, cols, depth, Layout::ColMajor, Layout::RowMajor, 0), SPECS[0], 10);
        let gemm = BlockwiseGemm::<f32>::new(case.shape, target).unwrap().expect("a product that is cut");
        for threads in [1, 3] {
            let whole = Mutex::new(vec![f32::NAN; rows * cols]);
            let take = |part: &Part<f32>| {
                for (i, row) in part.rows.clone().enumerate() {
                    let len = part.cols.len();
                    // Safety: a part has these rows of its row stride.
                    let numbers = unsafe { std::slice::from_raw_parts(part.start.add(i * part.row_stride), len) };
                    whole.lock().unwrap()[row * cols + part.cols.start..][..len].copy_from_slice(numbers);
                }
            };
            let mut workspace = vec![f32::NAN; gemm.workspace_len()];
            gemm.run(&Threads::new(threads), (&case.a, &case.b), &mut workspace, &[], &take);
            case.verify(&whole.lock().unwrap(), BOUND, "parts");
            if depth <= 512 {
                assert!(bits(&whole.lock().unwrap()) == bits(&case.run(target, 1)));
            }
        }
    }
}

#[test]
fn rows_that_are_handed_on_have_the_bits_of_the_whole() {
    let Some(target) = medium() else { return };
    let case = Case::<f32>::new(shape(128, 300, 257, Layout::RowMajor, Layout::ColMajor, 0), SPECS[0], 11);
    let product = case.run(target, 1);
    let gemm = RowsGemm::<f32>::new(case.shape, case.spec, target).unwrap().expect("a product of register tiles");
    let mut c = vec![f32::NAN; product.len()];
    let mut workspace = vec![f32::NAN; gemm.workspace_len()];
    let negate = |block: &mut [f32]| block.iter_mut().for_each(|x| *x = -*x);
    gemm.run(&Threads::new(2), (&case.a, &case.b, None), &mut c, &mut workspace, &negate);
    let expected: Vec<f32> = product.iter().map(|&x| -x).collect();
    assert!(bits(&c) == bits(&expected));
}
