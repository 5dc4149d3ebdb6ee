//! Every path of the product against a naive one in twice the precision.

use super::kernels::Kernels;
use super::plan::{Path, SLOTS};
use super::product::lens;
use super::*;
use crate::element::Float;
use crate::isa::Isa;
use crate::target::Target;
use crate::threads::Threads;
use std::collections::BTreeSet;
use std::fmt::Debug;

/// Numbers that depend on nothing but the seed.
pub(crate) struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In −1…1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.next() as usize % from.len()]
    }

    pub fn vec<T: Float>(&mut self, len: usize) -> Vec<T> {
        (0..len).map(|_| T::from_f64(self.unit())).collect()
    }
}

/// How an operand lies in memory.
#[derive(Clone, Copy, Debug)]
pub(super) enum Layout {
    RowMajor,
    PaddedRows,
    ColMajor,
    PaddedCols,
    Scattered,
    OneRow,
    OneCol,
}

pub(super) const LAYOUTS: [Layout; 7] = [
    Layout::RowMajor,
    Layout::ColMajor,
    Layout::PaddedRows,
    Layout::PaddedCols,
    Layout::Scattered,
    Layout::OneRow,
    Layout::OneCol,
];

impl Layout {
    pub fn operand(self, rows: usize, cols: usize) -> Operand {
        match self {
            Layout::RowMajor => Operand::row_major(cols),
            Layout::PaddedRows => Operand::row_major(cols + 5),
            Layout::ColMajor => Operand::row_major(rows).transposed(),
            Layout::PaddedCols => Operand::row_major(rows + 3).transposed(),
            Layout::Scattered => Operand { row_stride: 2 * cols as isize + 1, col_stride: 2 },
            Layout::OneRow => Operand { row_stride: 0, col_stride: 1 },
            Layout::OneCol => Operand { row_stride: 1, col_stride: 0 },
        }
    }
}

/// A type to test with, and its unit roundoff.
pub(crate) trait Tested: Float + Debug {
    const ROUNDOFF: f64;
    fn bits(self) -> u64;
}

impl Tested for f32 {
    const ROUNDOFF: f64 = f32::EPSILON as f64 / 2.0;
    fn bits(self) -> u64 {
        u64::from(self.to_bits())
    }
}

impl Tested for f64 {
    const ROUNDOFF: f64 = f64::EPSILON / 2.0;
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

/// `Σ x·y` in twice the precision of `f64` (Ogita, Rump and Oishi's Dot2), and `Σ |x·y|`.
fn dot(pairs: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    let (mut sum, mut error, mut size) = (0.0f64, 0.0f64, 0.0f64);
    for (x, y) in pairs {
        let product = x * y;
        let total = sum + product;
        let seen = total - sum;
        error += (sum - (total - seen)) + (product - seen) + x.mul_add(y, -product);
        sum = total;
        size += product.abs();
    }
    (sum + error, size)
}

/// Indexes an operand.
fn get<T: Float>(slice: &[T], operand: Operand, row: usize, col: usize) -> f64 {
    slice[row * operand.row_stride as usize + col * operand.col_stride as usize].to_f64()
}

/// The activation, by its definition; its slope is at most 1.
pub(crate) fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::None => x,
        Activation::Relu => x.max(0.0),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
        Activation::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
    }
}

/// A product with everything it reads.
pub(super) struct Case<T> {
    pub shape: GemmShape,
    pub spec: EpilogueSpec,
    pub a: Vec<T>,
    pub b: Vec<T>,
    pub bias: Option<Vec<T>>,
    pub c: Vec<T>,
}

impl<T: Tested> Case<T> {
    pub fn new(shape: GemmShape, spec: EpilogueSpec, seed: u64) -> Case<T> {
        let random = &mut Random::new(seed);
        let lens = lens(&shape, &spec).unwrap();
        let bias = spec.bias.then(|| random.vec(lens.bias));
        let (a, b) = (random.vec(lens.a), random.vec(lens.b));
        // Rows end in numbers that nobody may touch.
        Case { shape, spec, a, b, bias, c: random.vec(shape.rows * shape.c_row_stride) }
    }

    /// The result on `target` with `threads`; the workspace holds NaN at first, which must not leak.
    pub fn run(&self, target: impl Into<Target>, threads: usize) -> Vec<T> {
        let gemm = Gemm::<T>::new(self.shape, self.spec, target).unwrap();
        let mut c = self.c.clone();
        let mut workspace = vec![T::from_f64(f64::NAN); gemm.workspace_len()];
        gemm.run(&Threads::new(threads), &self.a, &self.b, self.bias.as_deref(), &mut c, &mut workspace);
        c
    }

    /// The exact value of an element, the size `Σ|a·b|` of its products, and the most by which ours may differ.
    ///
    /// The worst case of a sum of `depth` rounded products is `γ_depth · Σ|a·b|`; rounding errors cancel, so half of
    /// it is asked for, with four roundoffs more for scale, base and bias, and eight (4 ulp) for the activation.
    pub fn expected(&self, row: usize, col: usize) -> (f64, f64, f64) {
        let shape = &self.shape;
        let (sum, size) = dot((0..shape.depth).map(|d| (get(&self.a, shape.a, row, d), get(&self.b, shape.b, d, col))));
        let old = if self.spec.accumulate { self.c[row * shape.c_row_stride + col].to_f64() } else { 0.0 };
        let bias = self.bias.as_ref().map_or(0.0, |bias| bias[col].to_f64());
        let value = activate(self.spec.activation, self.spec.alpha * sum + old + bias);
        let products = self.spec.alpha.abs() * size;
        let size = products + old.abs() + bias.abs() + value.abs();
        (value, products, T::ROUNDOFF * ((0.5 * shape.depth as f64 + 4.0) * size + 8.0 * value.abs()))
    }

    pub fn check(&self, isa: Isa) {
        let c = self.run(isa, 1);
        self.verify(&c, 0.0, isa);
        self.check_gaps(&c, isa);
    }

    /// What lies between the rows of the result was left alone.
    pub fn check_gaps(&self, c: &[T], how: impl Debug) {
        for row in 0..self.shape.rows {
            let gap = row * self.shape.c_row_stride + self.shape.cols..(row + 1) * self.shape.c_row_stride;
            assert_eq!(c[gap.clone()], self.c[gap], "{how:?} wrote between rows: {:?}", self.shape);
        }
    }

    /// Compares a result with what it should be; `products` is the relative error that a product may have.
    pub fn verify(&self, c: &[T], products: f64, how: impl Debug) {
        for row in 0..self.shape.rows {
            for col in 0..self.shape.cols {
                let got = c[row * self.shape.c_row_stride + col];
                let (value, size, tolerance) = self.expected(row, col);
                let near = (got.to_f64() - value).abs() <= tolerance + products * size;
                assert!(near, "{how:?} {:?} {:?} at {row}, {col}: {got:?}, not {value}", self.shape, self.spec);
            }
        }
    }
}

pub(super) fn shape(rows: usize, cols: usize, depth: usize, a: Layout, b: Layout, gap: usize) -> GemmShape {
    let (a, b) = (a.operand(rows, depth), b.operand(depth, cols));
    GemmShape { rows, cols, depth, a, b, c_row_stride: cols + gap }
}

pub(super) const SPECS: [EpilogueSpec; 10] = {
    let plain =
        EpilogueSpec { alpha: 1.0, accumulate: false, bias: false, activation: Activation::None, by_rows: false };
    [
        plain,
        EpilogueSpec { accumulate: true, ..plain },
        EpilogueSpec { alpha: -0.7, bias: true, ..plain },
        EpilogueSpec { bias: true, activation: Activation::Relu, ..plain },
        EpilogueSpec { activation: Activation::Relu, ..plain },
        EpilogueSpec { alpha: 0.3, accumulate: true, ..plain },
        EpilogueSpec { accumulate: true, activation: Activation::Relu, ..plain },
        EpilogueSpec { bias: true, activation: Activation::Sigmoid, ..plain },
        EpilogueSpec { bias: true, activation: Activation::Tanh, ..plain },
        EpilogueSpec { bias: true, activation: Activation::Softplus, ..plain },
    ]
};

pub(super) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Numbers whose parts in bfloat16 leave most behind: just beside the middle between two numbers of one part, or of two.
fn worst_numbers() -> impl Iterator<Item = f32> {
    let middles = [1.0 + 2f32.powi(-8), 1.0 + 2f32.powi(-8) - 2f32.powi(-16), 1.0 + 2f32.powi(-8) - 2f32.powi(-17)];
    middles.into_iter().flat_map(|x| [x, x.next_up(), x.next_down()])
}

/// The largest relative error of a large product whose products all err alike, so that nothing cancels.
pub(super) fn worst_error(target: Target) -> f64 {
    let pairs = worst_numbers().flat_map(|x| worst_numbers().map(move |y| (x, y)));
    let error = |(x, y): (f32, f32)| {
        // A power of two of products, so that the sum itself is exact in this many bits.
        let mut case = Case::<f32>::new(shape(96, 96, 64, Layout::RowMajor, Layout::RowMajor, 0), SPECS[0], 0);
        case.a.fill(x);
        case.b.fill(y);
        (f64::from(case.run(target, 1)[0]) / (64.0 * f64::from(x) * f64::from(y)) - 1.0).abs()
    };
    pairs.map(error).fold(0.0, f64::max)
}

fn on_every_isa(case: &Case<impl Tested>) {
    Isa::available().into_iter().for_each(|isa| case.check(isa));
}

fn random_shapes<T: Tested>(sizes: &[usize], depths: &[usize], cases: u64) {
    for seed in 0..cases {
        let random = &mut Random::new(seed * 7919 + T::DTYPE.size() as u64);
        let (rows, cols, depth) = (random.pick(sizes), random.pick(sizes), random.pick(depths));
        let (a, b) = (random.pick(&LAYOUTS), random.pick(&LAYOUTS));
        let shape = shape(rows, cols, depth, a, b, random.pick(&[0, 1, 6]));
        on_every_isa(&Case::<T>::new(shape, random.pick(&SPECS), seed));
    }
}

const SMALL: [usize; 18] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33, 40];
const MEDIUM: [usize; 10] = [1, 14, 43, 57, 61, 64, 67, 97, 128, 131];
const DEPTHS: [usize; 9] = [1, 2, 63, 64, 97, 255, 257, 300, 521];

#[test]
fn small_shapes_are_right() {
    random_shapes::<f32>(&SMALL, &SMALL, 600);
    random_shapes::<f64>(&SMALL, &SMALL, 300);
}

#[test]
fn medium_shapes_are_right() {
    random_shapes::<f32>(&MEDIUM, &DEPTHS, 80);
    random_shapes::<f64>(&MEDIUM, &DEPTHS, 40);
}

#[test]
fn all_transposes_are_right() {
    for (rows, cols, depth) in [(61, 67, 71), (130, 70, 300), (32, 10, 784), (784, 10, 32), (32, 100, 10), (1, 9, 300)]
    {
        for a in [Layout::RowMajor, Layout::ColMajor] {
            for b in [Layout::RowMajor, Layout::ColMajor] {
                for spec in [SPECS[3], SPECS[6], SPECS[8]] {
                    on_every_isa(&Case::<f32>::new(shape(rows, cols, depth, a, b, 0), spec, 1));
                    on_every_isa(&Case::<f64>::new(shape(rows, cols, depth, a, b, 0), spec, 2));
                }
            }
        }
    }
}

#[test]
fn several_units_and_stages_are_right() {
    // Units beside and below each other; two stages of depth; two of rows.
    for (rows, cols, depth) in [(2061, 70, 65), (61, 4111, 65), (61, 70, 4200), (530, 64, 4096)] {
        let case = Case::<f32>::new(shape(rows, cols, depth, Layout::RowMajor, Layout::RowMajor, 0), SPECS[3], 3);
        on_every_isa(&case);
    }
    for spec in [SPECS[2], SPECS[6]] {
        on_every_isa(&Case::<f64>::new(shape(61, 70, 2100, Layout::ColMajor, Layout::ColMajor, 3), spec, 4));
        on_every_isa(&Case::<f32>::new(shape(20, 70, 4200, Layout::RowMajor, Layout::ColMajor, 0), spec, 5));
    }
}

#[test]
fn tiles_share_the_lines_that_they_ask_for() {
    let matrix = [0f32; 1];
    for (rows, across, tiles) in [(256, 8, 76), (128, 16, 5), (3, 5, 100), (7, 1, 1), (4, 0, 3), (0, 4, 3)] {
        let all: Vec<_> = blocks::lines(matrix.as_ptr(), rows, across, 4096, tiles).collect();
        assert!(all.len() <= tiles);
        let asked =
            all.iter().flat_map(|ahead| (ahead.first..ahead.first + ahead.lines).map(|line| ahead.address(line << 16)));
        let offsets: BTreeSet<isize> = asked.map(|line| (line as isize - matrix.as_ptr() as isize) / 64).collect();
        for (row, line) in (0..rows).flat_map(|row| (0..across).map(move |line| (row, line))) {
            assert!(offsets.contains(&((row * 256 + line) as isize)), "{rows} × {across} for {tiles}: {row}, {line}");
        }
    }
}

#[test]
fn without_depth_the_result_is_the_epilogue_of_zero() {
    for spec in SPECS {
        for (rows, cols) in [(1, 1), (3, 20), (70, 70)] {
            let shape = shape(rows, cols, 0, Layout::RowMajor, Layout::RowMajor, 0);
            on_every_isa(&Case::<f32>::new(shape, spec, 4));
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let shapes = [
        (2910, 3, 470),
        (300, 310, 320),
        (300, 610, 320),
        (784, 128, 64),
        (64, 784, 128),
        (7, 5, 3),
        (1, 2000, 1500),
        (2000, 1, 1500),
    ];
    for (rows, cols, depth) in shapes {
        for (layout, spec) in [(Layout::RowMajor, SPECS[6]), (Layout::ColMajor, SPECS[6]), (Layout::ColMajor, SPECS[4])]
        {
            let case = Case::<f32>::new(shape(rows, cols, depth, layout, layout, 0), spec, 5);
            for isa in Isa::available() {
                let bits = |threads| case.run(isa, threads).into_iter().map(f32::bits).collect::<Vec<_>>();
                let serial = bits(1);
                for threads in [2, 3, 4, 8] {
                    assert_eq!(serial, bits(threads), "{isa:?} {:?} with {threads} threads", case.shape);
                }
            }
        }
    }
}

/// A thread works in a slot of its own, and there are so many: what comes later shares them to the same bits.
#[test]
fn more_threads_than_slots_share_a_product() {
    let case = Case::<f32>::new(shape(4500, 4500, 600, Layout::RowMajor, Layout::RowMajor, 0), SPECS[0], 8);
    let isa = Isa::detect();
    let plan = &Gemm::<f32>::new(case.shape, SPECS[0], isa).unwrap().plan;
    let units = case.shape.rows.div_ceil(plan.unit_rows) * case.shape.cols.div_ceil(plan.unit_cols);
    assert!(units > SLOTS && plan.parallel, "{units} units");
    let bits = |threads| case.run(isa, threads).into_iter().map(f32::bits).collect::<Vec<_>>();
    assert_eq!(bits(1), bits(SLOTS + 6));
}

#[test]
fn parts_of_the_depth_are_summed_in_their_order() {
    let row_major = Layout::RowMajor;
    for (rows, cols, depth, gap) in [(12, 100, 2001, 0), (20, 100, 2001, 0), (32, 128, 784, 3), (17, 61, 2050, 0)] {
        for spec in SPECS {
            let shape = shape(rows, cols, depth, row_major, row_major, gap);
            let case = Case::<f32>::new(shape, spec, 6);
            for isa in Isa::available() {
                let gemm = Gemm::<f32>::new(shape, spec, isa).unwrap();
                // Tiles of four rows pack sooner.
                let low = if isa == Isa::Portable { 16 } else { 32 };
                let in_place = rows < low || !gemm.plan.pack_b;
                assert_eq!(gemm.deep.is_some(), in_place && !spec.accumulate, "{isa:?} {shape:?}");
                let serial = case.run(isa, 1);
                case.verify(&serial, 0.0, isa);
                case.check_gaps(&serial, isa);
                for threads in [2, 3, 5] {
                    assert!(case.run(isa, threads).iter().zip(&serial).all(|(a, b)| a.bits() == b.bits()));
                }
            }
        }
    }
    let spec = SPECS[3];
    on_every_isa(&Case::<f64>::new(shape(20, 60, 2000, row_major, row_major, 0), spec, 7));
}

#[test]
fn shapes_take_the_paths_meant_for_them() {
    use Layout::{ColMajor, RowMajor};
    for isa in Isa::available() {
        let path = |rows, cols, depth, a, b| {
            let gemm = Gemm::<f32>::new(shape(rows, cols, depth, a, b, 0), SPECS[0], isa).unwrap();
            (gemm.plan.path, gemm.plan.pack_a, gemm.plan.pack_b, gemm.plan.parallel)
        };
        assert!(matches!(path(4, 3, 2, RowMajor, RowMajor), (Path::Single, false, false, false)));
        // A few tiles below each other, but none that threads could share.
        let column = |rows, cols, depth, a| {
            Gemm::<f32>::new(shape(rows, cols, depth, a, RowMajor, 0), SPECS[0], isa).unwrap().plan.column
        };
        assert!(column(8, 8, 8, RowMajor) && column(16, 8, 16, ColMajor) && !column(16, 100, 8, RowMajor));
        assert!(!column(16, 8, 20_000, ColMajor), "{isa:?}");
        assert!(matches!(path(4, 8, 20, RowMajor, ColMajor), (Path::Dots(_), ..)));
        assert!(matches!(path(12, 100, 80, RowMajor, RowMajor), (Path::Blocks, false, false, false)));
        assert!(matches!(path(12, 100, 80, RowMajor, ColMajor), (Path::Blocks, false, true, false)));
        assert!(matches!(path(300, 610, 320, RowMajor, RowMajor), (Path::Blocks, true, true, true)));
        // Low tiles read rows in place for more columns, and rows that would meet in the sets of a cache, too.
        let high = Kernels::<f32>::of(isa).packed.len() > 8;
        assert_eq!(path(300, 310, 320, RowMajor, RowMajor).1, high, "{isa:?}");
        assert_eq!(path(300, 128, 512, RowMajor, RowMajor).1, high, "{isa:?}");
        assert!(!path(300, 128, 320, RowMajor, RowMajor).1, "{isa:?}");
        // What is turned is read in place where it is small, or its rows begin at all sets of a cache.
        assert!(!path(64, 64, 64, ColMajor, RowMajor).1, "{isa:?}");
        assert!(!path(100, 64, 64, ColMajor, RowMajor).1, "{isa:?}");
        assert!(path(128, 64, 64, ColMajor, RowMajor).1, "{isa:?}");
        assert!(matches!(path(1, 2000, 1500, RowMajor, RowMajor), (Path::Spread(_), .., true)));
        assert!(matches!(path(2000, 1, 1500, ColMajor, RowMajor), (Path::Spread(_), .., true)));
        assert!(matches!(path(1, 2000, 1500, RowMajor, ColMajor), (Path::Dots(_), .., true)));
        assert!(matches!(path(2000, 2, 1500, RowMajor, RowMajor), (Path::Dots(_), .., true)));
        assert!(matches!(path(2910, 3, 470, ColMajor, RowMajor), (Path::Flipped(_), .., true)));
    }
}

#[test]
fn the_longer_side_is_cut_where_operands_are_read_in_place() {
    for isa in Isa::available() {
        let units = |rows: usize, cols: usize| {
            let shape = shape(rows, cols, 32, Layout::ColMajor, Layout::RowMajor, 0);
            let plan = Gemm::<f32>::new(shape, SPECS[0], isa).unwrap().plan;
            assert!(!plan.pack_a && !plan.pack_b && plan.parallel);
            (rows.div_ceil(plan.unit_rows), cols.div_ceil(plan.unit_cols))
        };
        let (tall, wide) = (units(784, 128), units(128, 784));
        assert!(tall.0 >= 6 && tall.1 == 1, "{isa:?}: {tall:?}");
        assert!(wide.0 == 1 && wide.1 >= 6, "{isa:?}: {wide:?}");
    }
}

#[test]
fn non_finite_numbers_propagate() {
    for (rows, cols, depth) in [(3, 4, 5), (70, 70, 70), (1, 40, 40), (40, 1, 40), (5, 5, 600)] {
        for (poison, other) in [(f64::NAN, 0.0), (f64::INFINITY, 0.0), (f64::NEG_INFINITY, 1.0)] {
            for layout in [Layout::RowMajor, Layout::ColMajor] {
                let mut case = Case::<f32>::new(shape(rows, cols, depth, layout, layout, 0), SPECS[0], 6);
                case.spec.activation = Activation::Relu;
                case.a[0] = poison as f32;
                case.b.fill(other as f32);
                for isa in Isa::available() {
                    let first = case.run(isa, 1)[0];
                    // 0 · NaN and 0 · ∞ are NaN; a row that holds −∞ and meets ones is −∞, which ReLU makes 0.
                    assert!(if other == 0.0 { first.is_nan() } else { first == 0.0 }, "{isa:?}: {first}");
                }
            }
        }
    }
}

#[test]
fn broken_shapes_are_refused() {
    let fine = shape(3, 4, 5, Layout::RowMajor, Layout::RowMajor, 0);
    let plan = |shape| Gemm::<f32>::new(shape, EpilogueSpec::default(), Isa::Portable).err();
    assert_eq!(plan(fine), None);
    let narrow = GemmShape { c_row_stride: 3, ..fine };
    assert_eq!(plan(narrow), Some(GemmError::OverlappingRows { c_row_stride: 3, cols: 4 }));
    let backward = Operand { row_stride: -5, col_stride: 1 };
    assert_eq!(plan(GemmShape { a: backward, ..fine }), Some(GemmError::NegativeStride(backward)));
    let huge = Operand { row_stride: isize::MAX, col_stride: 1 };
    assert_eq!(plan(GemmShape { b: huge, ..fine }), Some(GemmError::TooLarge));
}

#[test]
#[should_panic(expected = "shorter than planned")]
fn short_slices_are_our_bug() {
    let gemm =
        Gemm::<f32>::new(shape(2, 2, 2, Layout::RowMajor, Layout::RowMajor, 0), SPECS[0], Isa::Portable).unwrap();
    gemm.run(&Threads::serial(), &[0.0; 3], &[0.0; 4], None, &mut [0.0; 4], &mut []);
}

#[test]
fn packed_once_and_multiplied_often_is_the_same() {
    for (rows, cols, depth) in [(20, 100, 80), (64, 128, 300), (130, 70, 4200), (300, 610, 320), (1, 40, 40)] {
        for (a, b) in [(Layout::RowMajor, Layout::RowMajor), (Layout::ColMajor, Layout::ColMajor)] {
            for (spec, isa) in [SPECS[3], SPECS[6]]
                .into_iter()
                .flat_map(|spec| Isa::available().into_iter().map(move |isa| (spec, isa)))
            {
                let case = Case::<f32>::new(shape(rows, cols, depth, a, b, 2), spec, 8);
                let Some(gemm) = PackedGemm::<f32>::new(case.shape, spec, isa).unwrap() else {
                    assert_eq!(rows, 1, "{isa:?} {:?} gains nothing", case.shape);
                    continue;
                };
                let mut packed = vec![f32::NAN; gemm.packed_len()];
                gemm.pack(&Threads::new(2), &case.b, &mut packed);
                let run = |threads: usize| {
                    let (mut c, mut workspace) = (case.c.clone(), vec![f32::NAN; gemm.workspace_len()]);
                    gemm.run(&Threads::new(threads), &case.a, &packed, case.bias.as_deref(), &mut c, &mut workspace);
                    c
                };
                let serial = run(1);
                case.verify(&serial, 0.0, isa);
                case.check_gaps(&serial, isa);
                assert!([2, 3, 4, 8].into_iter().all(|threads| bits(&run(threads)) == bits(&serial)));
            }
        }
    }
}

/// A row of NaN, of sums that are −0, of negative and of positive ones, in tiles of whole vectors and of parts.
#[test]
fn relu_keeps_nan_and_stores_no_negative_zero() {
    fn check<T: Tested>() {
        let spec = EpilogueSpec { alpha: -1.0, activation: Activation::Relu, ..EpilogueSpec::default() };
        for (isa, cols) in Isa::available().into_iter().flat_map(|isa| [17, 64].map(|cols| (isa, cols))) {
            let (rows, depth) = (4, 5);
            let gemm =
                Gemm::<T>::new(shape(rows, cols, depth, Layout::RowMajor, Layout::RowMajor, 0), spec, isa).unwrap();
            let a: Vec<T> = [f64::NAN, 0.0, 1.0, -1.0].into_iter().flat_map(|x| [T::from_f64(x); 5]).collect();
            let b = vec![T::ONE; depth * cols];
            let (mut c, mut workspace) = (vec![T::ONE; rows * cols], vec![T::ZERO; gemm.workspace_len()]);
            gemm.run(&Threads::new(1), &a, &b, None, &mut c, &mut workspace);
            let (nan, rest) = c.split_at(cols);
            assert!(nan.iter().all(|x| x.to_f64().is_nan()), "{isa:?} {cols}");
            let expected = [0.0, 0.0, 5.0].into_iter().flat_map(|x| vec![T::from_f64(x).bits(); cols]);
            assert!(rest.iter().map(|x| x.bits()).eq(expected), "{isa:?} {cols}: {rest:?}");
        }
    }
    check::<f32>();
    check::<f64>();
}
