//! Every level on the matrix unit in software, on any machine; the hardware against it, bit for bit, where it is.

use super::emulated::multiply_tiles;
use super::pack::{Split, Square};
use super::range::{Range, fits_parts};
use super::unit::{BLOCK, Bf16, PACKED_PART, PACKED_TILE, STEP, TILE};
use crate::compiled;
use crate::gemm::tests::{Case, LAYOUTS, Layout, Random, SPECS, bits, shape, worst_error};
use crate::gemm::{BatchAxis, BatchedGemm, Gemm, Operand};
use crate::isa::Isa;
use crate::target::{Precision, Target};
use crate::threads::{FlushDenormals, Threads};
use crate::tiles::{Tiles, Unit};

/// The relative error that a product may have, as the documentation of [`Precision`] promises.
fn bound(precision: Precision) -> f64 {
    match precision {
        Precision::Highest => 2f64.powi(-24),
        Precision::High => 2f64.powi(-15),
        Precision::Medium => 2f64.powi(-7),
    }
}

/// Where all products err alike, nothing cancels: the bounds are for that.
#[test]
fn the_worst_numbers_keep_the_bound_and_come_near_it() {
    for precision in [Precision::High, Precision::Medium] {
        for tiles in units() {
            let worst = worst_error(target(Isa::detect(), tiles, precision));
            assert!(worst <= bound(precision) + 2f64.powi(-22), "{precision:?}: {worst:e}");
            assert!(worst >= 0.5 * bound(precision), "{precision:?}: a bound that is too wide, {worst:e}");
        }
    }
}

/// The matrix units to test: the one in software, and that of this machine.
fn units() -> Vec<Tiles> {
    let hardware = Some(Tiles::detect()).filter(|tiles| tiles.0 == Unit::Amx);
    let expected = std::env::var("FERROGRAD_EXPECT_TILES").is_ok();
    assert!(!expected || hardware.is_some(), "a matrix unit was promised");
    std::iter::once(Tiles::EMULATED).chain(hardware).collect()
}

fn target(isa: Isa, tiles: Tiles, precision: Precision) -> Target {
    Target { isa, tiles, precision }
}

/// Sizes with a tail in every axis that all levels take.
const TAILS: [(usize, usize, usize); 3] = [(193, 225, 97), (256, 160, 64), (100, 2500, 66)];

#[test]
fn every_level_keeps_its_bound_in_every_layout() {
    let random = &mut Random::new(1);
    for precision in Precision::ALL {
        for (index, &(rows, cols, depth)) in TAILS.iter().cycle().take(LAYOUTS.len()).enumerate() {
            let (a, b) = (LAYOUTS[index], random.pick(&LAYOUTS));
            let case = Case::<f32>::new(shape(rows, cols, depth, a, b, index % 3), random.pick(&SPECS), index as u64);
            for tiles in units() {
                let target = target(random.pick(&Isa::available()), tiles, precision);
                let c = case.run(target, 1);
                assert!(Gemm::<f32>::new(case.shape, case.spec, target).unwrap().tiles.is_some());
                case.verify(&c, bound(precision), target);
                case.check_gaps(&c, target);
            }
        }
    }
}

#[test]
fn every_epilogue_is_the_same_as_on_float32() {
    for (index, spec) in SPECS.into_iter().enumerate() {
        let layouts = [Layout::RowMajor, Layout::ColMajor];
        let (a, b) = (layouts[index % 2], layouts[index / 2 % 2]);
        let case = Case::<f32>::new(shape(70, 100, 130, a, b, 1), spec, index as u64);
        for tiles in units() {
            let target = target(Isa::detect(), tiles, Precision::Medium);
            case.verify(&case.run(target, 1), bound(Precision::Medium), target);
        }
    }
}

#[test]
fn several_passes_over_rows_and_depths_add_up() {
    for (rows, cols, depth, precision) in [(2100, 66, 70, Precision::Medium), (70, 80, 1100, Precision::Medium)] {
        let case = Case::<f32>::new(shape(rows, cols, depth, Layout::RowMajor, Layout::ColMajor, 0), SPECS[6], 3);
        for tiles in units() {
            let target = target(Isa::detect(), tiles, precision);
            case.verify(&case.run(target, 1), bound(precision), target);
        }
    }
    let case = Case::<f32>::new(shape(192, 192, 600, Layout::ColMajor, Layout::RowMajor, 0), SPECS[5], 4);
    for tiles in units() {
        let target = target(Isa::detect(), tiles, Precision::Highest);
        case.verify(&case.run(target, 1), bound(Precision::Highest), target);
    }
}

#[test]
fn threads_and_instruction_sets_do_not_change_a_bit() {
    for precision in Precision::ALL {
        for (rows, cols, depth) in [(400, 200, 600), (200, 600, 70)] {
            let case = Case::<f32>::new(shape(rows, cols, depth, Layout::ColMajor, Layout::RowMajor, 0), SPECS[3], 5);
            for tiles in units() {
                let serial = bits(&case.run(target(Isa::detect(), tiles, precision), 1));
                for threads in [2, 3, 4, 8] {
                    let isa = Isa::available()[threads % Isa::available().len()];
                    let shared = bits(&case.run(target(isa, tiles, precision), threads));
                    assert!(serial == shared, "{tiles:?} {precision:?} {rows} × {cols} × {depth}, {threads} threads");
                }
            }
        }
    }
}

/// Numbers of both signs whose exponents are spread over `exponents`.
fn spread(random: &mut Random, len: usize, exponents: std::ops::Range<i32>) -> Vec<f32> {
    let width = (exponents.end - exponents.start) as u64;
    let number = |_| {
        let exponent = exponents.start + (random.next() % width) as i32;
        ((1.0 + random.unit().abs()) * random.unit().signum() * 2f64.powi(exponent)) as f32
    };
    (0..len).map(number).collect()
}

/// The largest and the mean error, relative to `Σ|a·b|`.
fn errors(case: &Case<f32>, c: &[f32]) -> (f64, f64) {
    let cols = case.shape.cols;
    let error = |index: usize| {
        let (value, size, _) = case.expected(index / cols, index % cols);
        (f64::from(c[index]) - value).abs() / size
    };
    // A prime step visits every column and most rows.
    let all: Vec<f64> = (0..c.len()).step_by(7).map(error).collect();
    (all.iter().copied().fold(0.0, f64::max), all.iter().sum::<f64>() / all.len() as f64)
}

/// The errors over many ranges of exponents: printed with `--nocapture`.
#[test]
fn the_highest_level_is_no_less_exact_than_float32() {
    for (seed, (a, b)) in
        [(0..1, 0..1), (-3..3, -3..3), (-40..40, -30..30), (-60..0, -30..60), (20..60, -90..-40), (-100..-10, 10..20)]
            .into_iter()
            .enumerate()
    {
        for depth in [64, 600] {
            let random = &mut Random::new(seed as u64);
            let shape = shape(192, 192, depth, Layout::RowMajor, Layout::RowMajor, 0);
            let mut case = Case::<f32>::new(shape, SPECS[0], 0);
            (case.a, case.b) = (spread(random, case.a.len(), a.clone()), spread(random, case.b.len(), b.clone()));
            let plain = errors(&case, &case.run(Isa::detect(), 1));
            for tiles in units() {
                let target = target(Isa::detect(), tiles, Precision::Highest);
                let parts = errors(&case, &case.run(target, 1));
                println!(
                    "depth {depth}, exponents {a:?} and {b:?}: worst and mean of float32 {:.1e} {:.1e}, {} {:.1e} {:.1e}",
                    plain.0,
                    plain.1,
                    tiles.name(),
                    parts.0,
                    parts.1
                );
                assert!(parts.0 <= plain.0 && parts.1 <= plain.1, "{a:?} {b:?} {depth}: {parts:?} {plain:?}");
            }
        }
    }
}

/// The errors of each level, printed with `--nocapture`.
#[test]
fn errors_of_each_level_are_those_of_its_parts() {
    for precision in Precision::ALL {
        for depth in [64, 512] {
            let case = Case::<f32>::new(shape(192, 192, depth, Layout::RowMajor, Layout::RowMajor, 0), SPECS[0], 7);
            let (worst, mean) = errors(&case, &case.run(target(Isa::detect(), Tiles::EMULATED, precision), 1));
            println!("{} depth {depth}: worst {worst:.1e}, mean {mean:.1e}", precision.name());
            // A level that were a better one in disguise would waste time.
            let least = match precision {
                Precision::Highest => 0.0,
                Precision::High => 2f64.powi(-22),
                Precision::Medium => 2f64.powi(-12),
            };
            assert!(worst >= least && worst <= bound(precision) + 2f64.powi(-21), "{precision:?} {worst}");
        }
    }
}

#[test]
fn what_parts_cannot_hold_runs_as_float32() {
    let values = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, 1e-40, -1e-38, 1e-31, f32::MIN_POSITIVE];
    for precision in [Precision::Highest, Precision::High] {
        for (index, value) in values.into_iter().enumerate() {
            let mut case = Case::<f32>::new(shape(193, 225, 70, Layout::RowMajor, Layout::ColMajor, 0), SPECS[3], 8);
            let side = if index % 2 == 0 { &mut case.a } else { &mut case.b };
            let middle = side.len() / 2;
            side[middle] = value;
            for flush in [false, true] {
                let _flush = flush.then(FlushDenormals::new);
                let plain = bits(&case.run(Isa::detect(), 1));
                let tiles = target(Isa::detect(), Tiles::EMULATED, precision);
                assert!(bits(&case.run(tiles, 1)) == plain, "{precision:?} {value:e} {flush}");
                assert!(bits(&case.run(tiles, 4)) == plain, "{precision:?} {value:e} {flush}, 4 threads");
            }
        }
    }
}

#[test]
fn non_finite_numbers_propagate_at_the_medium_level() {
    for tiles in units() {
        for value in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            let mut case = Case::<f32>::new(shape(70, 90, 70, Layout::RowMajor, Layout::RowMajor, 0), SPECS[0], 9);
            case.a[3 * 70 + 5] = value;
            let c = case.run(target(Isa::detect(), tiles, Precision::Medium), 1);
            let plain = case.run(Isa::detect(), 1);
            for (got, expected) in c.iter().zip(&plain) {
                let same = got.is_nan() == expected.is_nan() && got.is_infinite() == expected.is_infinite();
                assert!(same && (!got.is_infinite() || got == expected), "{value}: {got} {expected}");
            }
        }
    }
}

#[test]
fn zeros_are_zeros() {
    for precision in Precision::ALL {
        let mut case = Case::<f32>::new(shape(193, 225, 70, Layout::RowMajor, Layout::RowMajor, 0), SPECS[0], 10);
        case.a.fill(0.0);
        let c = case.run(target(Isa::detect(), Tiles::EMULATED, precision), 1);
        assert!(c.iter().all(|&c| c == 0.0));
    }
}

#[test]
fn without_a_matrix_unit_all_levels_are_float32() {
    let case = Case::<f32>::new(shape(193, 225, 97, Layout::RowMajor, Layout::RowMajor, 0), SPECS[3], 11);
    for isa in Isa::available() {
        let plain = bits(&case.run(isa, 1));
        for precision in Precision::ALL {
            assert!(bits(&case.run(target(isa, Tiles::NONE, precision), 1)) == plain);
        }
    }
}

#[test]
fn small_products_and_float64_stay_whole() {
    for precision in Precision::ALL {
        let target = target(Isa::detect(), Tiles::EMULATED, precision);
        for (rows, cols, depth) in [(63, 4000, 500), (4000, 63, 500), (512, 512, 63), (4, 3, 2), (0, 300, 300)] {
            let shape = shape(rows, cols, depth, Layout::RowMajor, Layout::RowMajor, 0);
            assert!(Gemm::<f32>::new(shape, SPECS[0], target).unwrap().tiles.is_none(), "{shape:?}");
        }
        let large = shape(512, 512, 512, Layout::RowMajor, Layout::RowMajor, 0);
        assert!(Gemm::<f32>::new(large, SPECS[0], target).unwrap().tiles.is_some());
        assert!(Gemm::<f64>::new(large, SPECS[0], target).unwrap().tiles.is_none());
    }
}

#[test]
fn batches_go_by_parts_too() {
    let (batch, rows, cols, depth) = (9, 70, 90, 66);
    let one = shape(rows, cols, depth, Layout::RowMajor, Layout::ColMajor, 0);
    let strides = BatchAxis { size: batch, a: rows * depth, b: depth * cols, c: rows * cols };
    let random = &mut Random::new(12);
    let (a, b) = (random.vec::<f32>(batch * strides.a), random.vec::<f32>(batch * strides.b));
    let target = target(Isa::detect(), Tiles::EMULATED, Precision::Medium);
    let plan = BatchedGemm::<f32>::new(&[strides], one, SPECS[0], target).unwrap();
    let mut c = vec![0.0; batch * strides.c];
    plan.run(&Threads::new(3), &a, &b, None, &mut c, &mut vec![f32::NAN; plan.workspace_len()]);
    for i in 0..batch {
        let mut case = Case::<f32>::new(one, SPECS[0], 0);
        case.a = a[i * strides.a..][..strides.a].to_vec();
        case.b = b[i * strides.b..][..strides.b].to_vec();
        assert!(bits(&case.run(target, 1)) == bits(&c[i * strides.c..][..strides.c]), "product {i}");
    }
}

#[test]
fn three_parts_are_the_whole_number() {
    let random = &mut Random::new(13);
    let mut square: Square = [0.0; BLOCK * STEP];
    square.copy_from_slice(&spread(random, BLOCK * STEP, -102..126));
    for isa in Isa::available() {
        let mut target = vec![0; 3 * PACKED_PART];
        compiled::run(isa, Split::<3> { square: &square, paired: false, target: &mut target });
        let part = |part: usize, index: usize| f32::from_bits(u32::from(target[part * PACKED_PART + index]) << 16);
        for (index, &whole) in square.iter().enumerate() {
            let parts = [0, 1, 2].map(|i| f64::from(part(i, index)));
            assert_eq!(parts.iter().sum::<f64>(), f64::from(whole));
            assert!(parts[1].abs() <= parts[0].abs() / 256.0 && parts[2].abs() <= parts[0].abs() / 65536.0);
        }
    }
}

#[test]
fn pairs_of_depths_are_neighbours() {
    let square: Square = std::array::from_fn(|index| index as f32);
    let mut target = vec![0; PACKED_PART];
    compiled::run(Isa::detect(), Split::<1> { square: &square, paired: true, target: &mut target });
    for (depth, col) in [(0, 0), (1, 0), (6, 15), (7, 16), (31, 31)] {
        let place = col / TILE * PACKED_TILE + depth / 2 * STEP + 2 * (col % TILE) + depth % 2;
        let expected = super::pack::round(((depth * BLOCK + col) as f32).to_bits()) >> 16;
        assert_eq!(u32::from(target[place]), expected, "depth {depth}, column {col}");
    }
}

#[test]
fn rounding_is_to_nearest_even_and_keeps_nan() {
    let round = |x: f32| f32::from_bits(super::pack::round(x.to_bits()));
    assert_eq!(round(1.0 + 1.0 / 256.0), 1.0);
    assert_eq!(round(1.0 + 3.0 / 256.0), 1.0 + 2.0 / 128.0);
    assert_eq!(round(1.0 + 1.0 / 256.0 + f32::EPSILON), 1.0 + 1.0 / 128.0);
    assert_eq!(round(f32::MAX), f32::INFINITY);
    assert_eq!(round(f32::NEG_INFINITY), f32::NEG_INFINITY);
    assert!(round(f32::from_bits(0x7f80_0001)).is_nan());
    assert!(round(f32::from_bits(0xffff_ffff)).is_nan());
}

#[test]
fn ranges_that_fit_are_told_from_those_that_do_not() {
    let range = |values: &[f32]| {
        let range = Range::new();
        let operand = Operand::row_major(values.len());
        // Safety: the operand is the slice.
        unsafe { range.add(Isa::detect(), values.as_ptr(), 1, values.len(), operand) };
        range
    };
    let two = |exponent: i32| 2f32.powi(exponent);
    let fits = |a: &[f32], b: &[f32]| fits_parts(&range(a), &range(b), 1024);
    assert!(fits(&[1.0, 0.0, -3.0], &[0.5]));
    assert!(fits(&[0.0], &[two(126)]) && !fits(&[0.0], &[two(127)]) && !fits(&[0.0], &[f32::NAN]));
    assert!(fits(&[two(-102)], &[two(6)]) && !fits(&[two(-103)], &[two(20)]) && !fits(&[two(-102)], &[two(5)]));
    assert!(fits(&[two(-48)], &[two(-48)]) && !fits(&[two(-48), 1.0], &[-two(-49)]));
    assert!(fits(&[two(60)], &[two(55)]) && !fits(&[two(60)], &[two(56)]));
    assert!(!fits(&[f32::MIN_POSITIVE / 2.0], &[1.0]));
}

#[test]
fn the_range_of_an_operand_sees_every_element() {
    for layout in LAYOUTS {
        let operand = layout.operand(5, 7);
        let mut values = vec![1.0f32; 200];
        let seen = |values: &[f32]| {
            let range = Range::new();
            // Safety: 200 numbers are more than any of these layouts reaches.
            unsafe { range.add(Isa::detect(), values.as_ptr(), 5, 7, operand) };
            !fits_parts(&range, &Range::new(), 1)
        };
        assert!(!seen(&values));
        values[4 * operand.row_stride as usize + 6 * operand.col_stride as usize] = f32::INFINITY;
        assert!(seen(&values), "{layout:?}");
    }
}

/// `tdpbf16ps` written out for one element: what the manual says, one operation at a time.
#[test]
fn the_emulated_instruction_flushes_and_rounds_as_the_manual_says() {
    let bf16 = |x: f32| (x.to_bits() >> 16) as Bf16;
    let run = |a: &[(usize, f32)], b: &[(usize, f32)], sum: f32| {
        let (mut x, mut y) = (vec![0; PACKED_TILE], vec![0; PACKED_TILE]);
        a.iter().for_each(|&(depth, value)| x[depth] = bf16(value));
        b.iter().for_each(|&(depth, value)| y[depth / 2 * STEP + depth % 2] = bf16(value));
        let mut sums = vec![0.0; TILE * BLOCK];
        sums[0] = sum;
        multiply_tiles(&mut sums, &x, &y);
        sums[0]
    };
    assert_eq!(run(&[(0, 2.0), (3, 3.0)], &[(0, 5.0), (3, 7.0)], 1.0), 32.0);
    // A denormal factor, a denormal sum and a denormal result are zero.
    let tiny = f32::MIN_POSITIVE;
    assert_eq!(run(&[(0, tiny / 2.0)], &[(0, 4.0)], 0.0), 0.0);
    assert_eq!(run(&[(0, tiny)], &[(0, 0.5)], 0.0), 0.0);
    assert_eq!(run(&[], &[], tiny / 2.0), 0.0);
    assert_eq!(run(&[(0, tiny)], &[(0, 1.0)], 0.0), tiny);
    // Even depths are one chain, odd ones another: 2²⁴ swallows a 1 of its own chain, in order, but not of the other.
    let big = 2f32.powi(24);
    assert_eq!(run(&[(0, big), (2, 1.0), (4, -big)], &[(0, 1.0), (2, 1.0), (4, 1.0)], 0.0), 0.0);
    assert_eq!(run(&[(0, big), (1, 1.0), (4, -big)], &[(0, 1.0), (1, 1.0), (4, 1.0)], 0.0), 1.0);
    // The old sum comes last.
    assert_eq!(run(&[(0, 1.0), (1, 1.0)], &[(0, 1.0), (1, 1.0)], big), big + 2.0);
}

/// Random bits of every kind: normal, denormal, infinite, NaN; ordinary numbers; and small ones, whose products are
/// flushed. Emulators round numbers about to be flushed each in its own way, so there a few of the smallest are allowed.
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
#[test]
fn the_hardware_gives_the_bits_of_the_emulation() {
    use super::emulated::Emulated;
    use super::unit::{MatrixUnit, Task, parts};
    let Some(&hardware) = units().get(1) else { return };
    assert_eq!(hardware.name(), "amx");
    for seed in 0..12 {
        for precision in Precision::ALL {
            let (random, steps) = (&mut Random::new(seed), 1 + seed as usize % 3);
            let len = steps * parts(precision) * PACKED_PART;
            let wild = seed % 2 == 0;
            let mut operand = || -> Vec<Bf16> {
                let exponents = if seed % 4 == 1 { -70..-55 } else { -8..8 };
                let tame = spread(random, len, exponents);
                tame.iter().map(|x| if wild { random.next() as Bf16 } else { (x.to_bits() >> 16) as Bf16 }).collect()
            };
            let (a, b) = (operand(), operand());
            let sums = |unit: &dyn Fn(&Task)| {
                let mut sums = vec![0.5f32; BLOCK * BLOCK];
                unit(&Task { a: a.as_ptr(), b: b.as_ptr(), steps, precision, sums: sums.as_mut_ptr() });
                sums
            };
            // Safety: the operands have as many steps as the task says; the unit was found.
            let expected = sums(&|task| unsafe { Emulated::new().multiply(task) });
            // Safety: as above.
            let got = sums(&|task| unsafe { super::amx::Amx::new().multiply(task) });
            for (index, (got, expected)) in got.iter().zip(&expected).enumerate() {
                let same = got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan();
                let flushed = seed % 4 == 1 && (got - expected).abs() <= 64.0 * f32::MIN_POSITIVE;
                assert!(same || flushed, "{precision:?} seed {seed} at {index}: {got:e}, not {expected:e}");
            }
        }
    }
}

#[test]
fn whole_products_on_hardware_have_the_bits_of_the_emulation() {
    let Some(&hardware) = units().get(1) else { return };
    for precision in Precision::ALL {
        for (rows, cols, depth) in [(193, 225, 97), (256, 200, 70)] {
            let case = Case::<f32>::new(shape(rows, cols, depth, Layout::RowMajor, Layout::ColMajor, 0), SPECS[3], 14);
            let expected = bits(&case.run(target(Isa::detect(), Tiles::EMULATED, precision), 1));
            for threads in [1, 3] {
                assert!(bits(&case.run(target(Isa::detect(), hardware, precision), threads)) == expected);
            }
        }
    }
}

/// The flushing of this processor's own vectors, with the control word set, is the second opinion.
#[cfg(target_arch = "x86_64")]
#[test]
fn the_emulation_flushes_as_vectors_do_that_are_told_to() {
    /// The chain of fused additions of one element, by instructions that flush.
    #[target_feature(enable = "fma")]
    fn chain(pairs: &[(f32, f32)]) -> f32 {
        use std::arch::x86_64::{_mm_cvtss_f32, _mm_fmadd_ss, _mm_set_ss};
        let sum = pairs.iter().fold(_mm_set_ss(0.0), |sum, &(x, y)| _mm_fmadd_ss(_mm_set_ss(x), _mm_set_ss(y), sum));
        _mm_cvtss_f32(sum)
    }
    if !is_x86_feature_detected!("fma") {
        return;
    }
    let random = &mut Random::new(15);
    let bf16 = |x: &f32| (x.to_bits() >> 16) as Bf16;
    let widen = |x: Bf16| f32::from_bits(u32::from(x) << 16);
    let mut flushed = 0;
    for exponents in [-70..-55, -64..-60, -126..120] {
        let a: Vec<Bf16> = spread(random, PACKED_TILE, exponents.clone()).iter().map(bf16).collect();
        let b: Vec<Bf16> = spread(random, PACKED_TILE, exponents).iter().map(bf16).collect();
        let mut sums = vec![0.0; TILE * BLOCK];
        multiply_tiles(&mut sums, &a, &b);
        for row in 0..TILE {
            for col in 0..TILE {
                let pairs = |parity: usize| -> Vec<(f32, f32)> {
                    let pair = |i: usize| (a[row * STEP + 2 * i + parity], b[i * STEP + 2 * col + parity]);
                    (0..STEP / 2).map(pair).map(|(x, y)| (widen(x), widen(y))).collect()
                };
                let (even, odd) = (pairs(0), pairs(1));
                let exact = |pairs: &[(f32, f32)]| pairs.iter().map(|&(x, y)| f64::from(x) * f64::from(y)).sum::<f64>();
                let expected = {
                    let _flush = FlushDenormals::new();
                    // Safety: the instruction is there. Black boxes keep the sum under the control word.
                    let [even, odd] = [&even, &odd].map(|pairs| unsafe { chain(std::hint::black_box(pairs)) });
                    0.0 + (std::hint::black_box(even) + std::hint::black_box(odd))
                };
                flushed += usize::from((exact(&even) + exact(&odd)) as f32 != expected);
                let got = sums[row * BLOCK + col];
                assert_eq!(got.to_bits(), expected.to_bits(), "{row}, {col}: {got:e}, not {expected:e}");
            }
        }
    }
    assert!(flushed > 100, "{flushed}");
}
