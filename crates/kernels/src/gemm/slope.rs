//! What a product of the backward pass ends with: the slope of the activation before it at each element, and the sums of
//! the columns, which are the gradient of a bias.

use super::driver::Buffers;
use super::epilogue::load;
use super::plan::Path;
use super::{ALIGNMENT, EpilogueSpec, Gemm, GemmError, GemmShape, aligned};
use crate::element::Float;
use crate::math::{Set, Simd};
use crate::target::Target;
use crate::threads::Threads;

/// The slope of an activation, by its result `y`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slope {
    /// 1 where `y > 0`, else 0.
    Relu,
    /// `y·(1 − y)`
    Sigmoid,
    /// `1 − y²`
    Tanh,
}

/// What the tiles of a run end with.
pub(super) struct Ending<T> {
    pub slope: Slope,
    /// Results of the activation, of the shape of `c` and without gaps.
    pub y: *const T,
    /// Sums of the columns over each unit's rows, unit below unit; null where nobody wants them.
    pub sums: *mut f64,
}

/// `c = c · slope(y)` over one tile, whose columns are added to `sums`.
pub(super) struct SlopeTile<T> {
    pub slope: Slope,
    pub c: *mut T,
    pub y: *const T,
    /// From one row to the next, of `c` and of `y`.
    pub row_stride: usize,
    pub rows: usize,
    pub cols: usize,
    pub sums: *mut f64,
}

/// The widest vector.
const LANES: usize = 16;

/// The kernel.
///
/// # Safety
/// `V`'s instruction set is present; `c`, `y` and the sums, unless they are null, are valid for the tile; `c` and the
/// sums are not aliased.
#[inline(always)]
pub(super) unsafe fn slope<V: Simd>(tile: &SlopeTile<V::Elem>)
where
    V::Elem: Float,
{
    for col in (0..tile.cols).step_by(V::LANES) {
        let lanes = V::LANES.min(tile.cols - col);
        // Safety: the caller's promise.
        let mut sum = V::whole(unsafe { V::Set::assume() }, 0);
        for row in 0..tile.rows {
            let at = row * tile.row_stride + col;
            // Safety: limited to the columns that exist.
            unsafe {
                let c = tile.c.add(at);
                let x = sloped::<V>(load(c, lanes), load(tile.y.add(at), lanes), tile.slope);
                if lanes == V::LANES {
                    x.store(c)
                } else {
                    x.store_first(c, lanes)
                }
                sum = sum.add(x);
            }
        }
        if !tile.sums.is_null() {
            let mut numbers = [V::Elem::ZERO; LANES];
            // Safety: no vector is wider, and the sums have these columns.
            unsafe {
                sum.store(numbers.as_mut_ptr());
                let sums = std::slice::from_raw_parts_mut(tile.sums.add(col), lanes);
                sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number.to_f64());
            }
        }
    }
}

/// `x · slope(y)`
#[inline(always)]
fn sloped<V: Simd>(x: V, y: V, slope: Slope) -> V {
    match slope {
        Slope::Relu => V::select(y.zero().lt(y), x, y.zero()),
        Slope::Sigmoid => x.mul(y.mul(y.one().sub(y))),
        Slope::Tanh => x.mul(y.neg_mul_add(y, y.one())),
    }
}

/// `c = (a · b) ∘ slope(y)`, and the sums of its columns.
///
/// A tile is finished while it is in the first-level cache. The sums are added up in an order that the shape gives.
pub struct SlopeGemm<T: Float> {
    gemm: Gemm<T>,
    slope: Slope,
    units: usize,
}

impl<T: Float> SlopeGemm<T> {
    /// Plans the product; none where its shape is run in another way than by register tiles.
    ///
    /// # Errors
    /// Those of [`Gemm::new`].
    pub fn new(shape: GemmShape, slope: Slope, target: impl Into<Target>) -> Result<Option<Self>, GemmError> {
        let gemm = Gemm::new(shape, EpilogueSpec::default(), target)?;
        let plan = &gemm.plan;
        let tiled = matches!(plan.path, Path::Blocks) && gemm.tiles.is_none() && gemm.deep.is_none();
        let whole = plan.stage_rows >= shape.rows && shape.c_row_stride == shape.cols && shape.depth > 0;
        let units = shape.rows.div_ceil(plan.unit_rows.max(1));
        Ok((tiled && whole && gemm.lens.c > 0).then_some(SlopeGemm { gemm, slope, units }))
    }

    /// The shape that this was planned for.
    pub fn shape(&self) -> &GemmShape {
        &self.gemm.shape
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        let sums = self.units * self.gemm.shape.cols * size_of::<f64>();
        self.gemm.workspace_len() + (sums + ALIGNMENT) / size_of::<T>()
    }

    /// Computes the product; `y` has the shape of `c`, `sums` a number for each column.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says: a bug of the caller.
    pub fn run(
        &self,
        threads: &Threads,
        (a, b, y): (&[T], &[T], &[T]),
        c: &mut [T],
        sums: Option<&mut [T]>,
        workspace: &mut [T],
    ) {
        let (gemm, cols) = (&self.gemm, self.gemm.shape.cols);
        let lens = &gemm.lens;
        let wide = sums.as_ref().is_none_or(|sums| sums.len() >= cols);
        assert!(
            a.len() >= lens.a && b.len() >= lens.b && c.len() >= lens.c && y.len() >= lens.c && wide,
            "matrix product: a slice is shorter than planned"
        );
        assert!(workspace.len() >= self.workspace_len(), "matrix product: a workspace is shorter than planned");
        let (workspace, rest) = workspace.split_at_mut(gemm.workspace_len());
        let units = aligned(rest.as_mut_ptr(), rest.len()).cast::<f64>();
        let wanted = sums.is_some();
        if wanted {
            // Safety: the workspace has room for them behind the next cache line.
            unsafe { units.write_bytes(0, self.units * cols) };
        }
        let ending =
            Ending { slope: self.slope, y: y.as_ptr(), sums: if wanted { units } else { std::ptr::null_mut() } };
        let buffers = Buffers { ending: &ending, ..gemm.buffers(a, b, None, c, workspace) };
        // Safety: the lengths were checked against the furthest element of the planned shape; a unit's sums are its own.
        unsafe { gemm.run_path(Some(threads), &buffers) };
        for (col, sum) in sums.into_iter().flatten().take(cols).enumerate() {
            // Safety: written above and by the units.
            let parts = (0..self.units).map(|unit| unsafe { *units.add(unit * cols + col) });
            *sum = T::from_f64(parts.sum());
        }
    }
}

impl<T: Float> Gemm<T> {
    /// The end of a tile that is `ending`'s.
    ///
    /// # Safety
    /// That of `run_single`, and the ending is valid for the planned shape.
    pub(super) unsafe fn end_tile(
        &self,
        ending: &Ending<T>,
        c: *mut T,
        (top, left): (usize, usize),
        (rows, cols): (usize, usize),
    ) {
        let row_stride = self.shape.c_row_stride;
        let at = top * row_stride + left;
        let sums = top / self.plan.unit_rows * row_stride + left;
        let tile = SlopeTile {
            slope: ending.slope,
            c: c.wrapping_add(at),
            y: ending.y.wrapping_add(at),
            row_stride,
            rows,
            cols,
            sums: if ending.sums.is_null() { ending.sums } else { ending.sums.wrapping_add(sums) },
        };
        // Safety: the caller's promise.
        unsafe { (self.kernels.slope)(&tile) };
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Case, LAYOUTS, Layout, SPECS, Tested, shape};
    use super::{Slope, SlopeGemm};
    use crate::isa::Isa;
    use crate::threads::Threads;

    fn slope(slope: Slope, y: f64) -> f64 {
        match slope {
            Slope::Relu => f64::from(u8::from(y > 0.0)),
            Slope::Sigmoid => y * (1.0 - y),
            Slope::Tanh => 1.0 - y * y,
        }
    }

    /// The result and the sums; what was in them and in the workspace before must not matter.
    fn run<T: Tested>(gemm: &SlopeGemm<T>, case: &Case<T>, y: &[T], threads: usize) -> (Vec<T>, Vec<T>) {
        let nan = T::from_f64(f64::NAN);
        let (mut c, mut sums) = (vec![nan; y.len()], vec![nan; gemm.shape().cols]);
        let mut workspace = vec![nan; gemm.workspace_len()];
        gemm.run(&Threads::new(threads), (&case.a, &case.b, y), &mut c, Some(&mut sums), &mut workspace);
        (c, sums)
    }

    fn check<T: Tested>(case: &Case<T>, of: Slope, isa: Isa) {
        let Some(gemm) = SlopeGemm::<T>::new(case.shape, of, isa).unwrap() else { return };
        let cols = case.shape.cols;
        // Zeros among them: relu has no slope there.
        let y: Vec<T> = case.c.iter().map(|&y| if y.to_f64() < -0.5 { T::ZERO } else { y }).collect();
        let (c, sums) = run(&gemm, case, &y, 1);
        for (col, got_sum) in sums.iter().enumerate() {
            let (mut sum, mut most) = (0.0, 0.0);
            for row in 0..case.shape.rows {
                let (value, _, tolerance) = case.expected(row, col);
                let at = row * cols + col;
                let (value, got) = (value * slope(of, y[at].to_f64()), c[at].to_f64());
                assert!((got - value).abs() <= 2.0 * tolerance, "{isa:?} {of:?} {:?} at {row}, {col}", case.shape);
                // What is summed is what was stored.
                (sum, most) = (sum + got, most + got.abs());
            }
            let off = (got_sum.to_f64() - sum).abs();
            assert!(off <= 16.0 * T::ROUNDOFF * most, "{isa:?} {of:?} {:?}: column {col} is off by {off}", case.shape);
        }
        let bits = |(c, sums): (Vec<T>, Vec<T>)| c.into_iter().chain(sums).map(T::bits).collect::<Vec<_>>();
        assert_eq!(bits((c, sums)), bits(run(&gemm, case, &y, 3)), "{isa:?} {of:?} {:?} by threads", case.shape);
    }

    #[test]
    fn slopes_and_sums_of_every_kind_of_tile_are_right() {
        let plain = SPECS[0];
        for (seed, (rows, cols, depth)) in
            [(300, 310, 600), (1100, 70, 300), (61, 67, 71), (12, 100, 80), (530, 128, 1)].into_iter().enumerate()
        {
            for (a, b) in [(Layout::RowMajor, Layout::ColMajor), (Layout::ColMajor, Layout::RowMajor)] {
                for of in [Slope::Relu, Slope::Sigmoid, Slope::Tanh] {
                    let shape = shape(rows, cols, depth, a, b, 0);
                    for isa in Isa::available() {
                        check(&Case::<f32>::new(shape, plain, seed as u64), of, isa);
                        check(&Case::<f64>::new(shape, plain, seed as u64), of, isa);
                    }
                }
            }
        }
        assert!(
            SlopeGemm::<f32>::new(shape(300, 310, 600, LAYOUTS[0], LAYOUTS[1], 0), Slope::Relu, Isa::detect())
                .unwrap()
                .is_some()
        );
        assert!(
            SlopeGemm::<f32>::new(shape(300, 310, 600, LAYOUTS[0], LAYOUTS[1], 3), Slope::Relu, Isa::detect())
                .unwrap()
                .is_none()
        );
    }
}
