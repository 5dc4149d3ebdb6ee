//! Products summed over the windows of pictures: what the gradient of a filter is.

use super::pack::Panel;
use super::plan::{Plan, pieces};
use super::windows::Windows;
use super::{EpilogueSpec, Gemm, GemmError, GemmShape, Operand};
use crate::element::Float;
use crate::isa::Isa;
use crate::threads::{Disjoint, Threads};

/// Rows of the result that are turned at once.
const TURNED: usize = 64;

/// `c = xᵀ · b`: `x` the [`Windows`] of pictures (windows, numbers of a window), `b` (windows, cols).
///
/// The transpose `bᵀ · x` is what is computed, since windows are packed as strips by straight copies, and turned at the
/// end. Sums run over the windows in their order, whatever the number of threads.
pub struct WindowsTransposed<T: Float> {
    gemm: Gemm<T>,
    c_row_stride: usize,
    c_len: usize,
}

impl<T: Float> WindowsTransposed<T> {
    /// Plans the product; rows of `b` and of `c` are so far apart.
    ///
    /// # Errors
    /// Those of [`Gemm::new`].
    pub fn new(
        windows: Windows,
        cols: usize,
        (b_row_stride, c_row_stride): (usize, usize),
        isa: Isa,
    ) -> Result<Self, GemmError> {
        let (depth, rows) = windows.rows().zip(windows.cols()).ok_or(GemmError::TooLarge)?;
        if rows > 1 && c_row_stride < cols {
            return Err(GemmError::OverlappingRows { c_row_stride, cols });
        }
        let a = Operand::row_major(b_row_stride).transposed();
        let turned = GemmShape { rows: cols, cols: rows, depth, a, b: Operand::row_major(0), c_row_stride: rows };
        let gemm = Gemm::summing_windows(turned, windows, isa)?;
        let c_len = if rows == 0 || cols == 0 { 0 } else { (rows - 1) * c_row_stride + cols };
        Ok(WindowsTransposed { gemm, c_row_stride, c_len })
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        self.gemm.lens.workspace + self.gemm.lens.c
    }

    /// Computes the product.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says: a bug of the caller.
    pub fn run(&self, threads: &Threads, x: &[T], b: &[T], c: &mut [T], workspace: &mut [T]) {
        assert!(
            c.len() >= self.c_len && workspace.len() >= self.workspace_len(),
            "product over windows: a slice is shorter than planned"
        );
        let (turned, workspace) = workspace.split_at_mut(self.gemm.lens.c);
        self.gemm.run(threads, b, x, None, turned, workspace);
        self.turn(threads, turned, c);
    }

    /// `c = turnedᵀ`
    fn turn(&self, threads: &Threads, turned: &[T], c: &mut [T]) {
        let (cols, rows) = (self.gemm.shape.rows, self.gemm.shape.cols);
        let result = Disjoint::new(c);
        threads.run(if self.c_len == 0 { 0 } else { rows.div_ceil(TURNED) }, &|task| {
            let some = task * TURNED..rows.min((task + 1) * TURNED);
            for cols in pieces(0..cols, TURNED) {
                for row in some.clone() {
                    let start = row * self.c_row_stride + cols.start;
                    // Safety: rows of the result do not overlap, and each is turned by one task.
                    let target = unsafe { result.slice(start..start + cols.len()) };
                    let source = turned[cols.start * rows + row..].iter().step_by(rows);
                    target.iter_mut().zip(source).for_each(|(target, &source)| *target = source);
                }
            }
        });
    }
}

impl<T: Float> Gemm<T> {
    /// Plans `a · x`, `x` the windows of pictures: strips of it are packed from the pictures.
    ///
    /// The numbers of a strip are float32 or float64 as they are, whatever the target's unit for bfloat16.
    fn summing_windows(shape: GemmShape, windows: Windows, isa: Isa) -> Result<Self, GemmError> {
        let spec = EpilogueSpec::default();
        let mut gemm = Gemm::with_plan(shape, spec, isa, |kernels| Plan::packed(&shape, kernels))?;
        if gemm.lens.c > 0 {
            gemm.lens.b = windows.extent().ok_or(GemmError::TooLarge)?;
        }
        gemm.windows = Some(windows);
        Ok(gemm)
    }

    /// Packs some depths of a strip of windows.
    ///
    /// # Safety
    /// `panel` is as for `pack` but for its source, which holds the pictures; these columns and depths exist.
    pub(super) unsafe fn pack_windows(&self, windows: &Windows, panel: &Panel<T>, (col, row): (usize, usize)) {
        // Safety: the caller's promise.
        unsafe {
            windows.pack_cols(panel, (col..col + panel.lanes, row..row + panel.depth), self.kernels.pack);
        }
    }
}
