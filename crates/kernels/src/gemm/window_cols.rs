//! Products summed over the windows of pictures: what the gradient of a filter is.

use super::pack::Panel;
use super::plan::{ENOUGH_UNITS, Plan, TASK_FLOPS, flops, pieces};
use super::product::Lens;
use super::windows::Windows;
use super::{EpilogueSpec, Gemm, GemmError, GemmShape, Operand};
use crate::element::Float;
use crate::isa::Isa;
use crate::threads::{Disjoint, Threads};

/// Rows of the result that are turned at once.
const TURNED: usize = 64;
/// The most parts of the windows that are summed apart.
const PARTS: usize = 16;

/// `c = xᵀ · b`: `x` the [`Windows`] of pictures (windows, numbers of a window), `b` (windows, cols).
///
/// The transpose `bᵀ · x` is what is computed, since windows are packed as strips by straight copies, and turned at the
/// end. A result too small to be shared is summed in parts, some pictures each, whose sums are added in their order: it
/// has the same bits at any number of threads.
pub struct WindowsTransposed<T: Float> {
    /// The product over the pictures of a part; the last one may have fewer.
    whole: Gemm<T>,
    last: Gemm<T>,
    parts: usize,
    /// Elements of the pictures, and of `b`, from one part to the next.
    steps: (usize, usize),
    c_row_stride: usize,
    lens: Lens,
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
        let (rows, depth) = windows.cols().zip(windows.rows()).ok_or(GemmError::TooLarge)?;
        let b = Operand::row_major(b_row_stride);
        let shape = GemmShape { rows, cols, depth, a: Operand::NOWHERE, b, c_row_stride };
        let lens = windows.lens(&shape, &EpilogueSpec::default())?;
        let a = b.transposed();
        let product = |images: usize| {
            let windows = Windows { images, ..windows };
            let depth = windows.rows().ok_or(GemmError::TooLarge)?;
            let turned = GemmShape { rows: cols, cols: rows, depth, a, b: Operand::row_major(0), c_row_stride: rows };
            Gemm::summing_windows(turned, windows, isa)
        };
        let all = product(windows.images)?;
        let step = windows.images.div_ceil(parts(&all, windows.images)).max(1);
        let parts = windows.images.div_ceil(step).max(1);
        let (whole, last) = (product(step.min(windows.images))?, product(windows.images - (parts - 1) * step)?);
        let places = windows.axes.iter().map(|axis| axis.size).product::<usize>();
        let outputs = windows.axes.iter().map(|axis| axis.out).product::<usize>();
        let mut product = WindowsTransposed {
            steps: (step * places * windows.pixel, step * outputs * b_row_stride),
            whole,
            last,
            parts,
            c_row_stride,
            lens,
        };
        product.lens.workspace = product.parts * product.slot();
        Ok(product)
    }

    /// Elements of `T` that [`Self::run`] needs to work in: for each part its sums and what its product works in.
    pub fn workspace_len(&self) -> usize {
        self.lens.workspace
    }

    fn slot(&self) -> usize {
        self.whole.lens.c + self.whole.lens.workspace.max(self.last.lens.workspace)
    }

    /// Computes the product.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says: a bug of the caller.
    pub fn run(&self, threads: &Threads, x: &[T], b: &[T], c: &mut [T], workspace: &mut [T]) {
        self.lens.check("product over windows", (x, b), c, workspace);
        let (sums, space) = workspace.split_at_mut(self.parts * self.whole.lens.c);
        if self.parts == 1 {
            self.last.run(threads, b, x, None, sums, space);
        } else {
            self.run_parts(threads, x, b, (sums, space));
        }
        self.turn(threads, sums, c);
    }

    /// The sums of each part, one thread a part.
    fn run_parts(&self, threads: &Threads, x: &[T], b: &[T], (sums, space): (&mut [T], &mut [T])) {
        let len = self.whole.lens.c;
        let (sums, spaces) = (Disjoint::new(sums), Disjoint::new(space));
        let room = self.slot() - len;
        threads.run(self.parts, &|part| {
            // Safety: each part has its own sums and its own space.
            let (sums, space) =
                unsafe { (sums.slice(part * len..(part + 1) * len), spaces.slice(part * room..(part + 1) * room)) };
            let product = if part + 1 == self.parts { &self.last } else { &self.whole };
            product.run(&Threads::serial(), &b[part * self.steps.1..], &x[part * self.steps.0..], None, sums, space);
        });
    }

    /// `c = turnedᵀ`, the sum of the parts.
    fn turn(&self, threads: &Threads, turned: &[T], c: &mut [T]) {
        let (cols, rows) = (self.whole.shape.rows, self.whole.shape.cols);
        let (first, others) = turned.split_at(self.whole.lens.c);
        let result = Disjoint::new(c);
        threads.run(if self.lens.c == 0 { 0 } else { rows.div_ceil(TURNED) }, &|task| {
            let some = task * TURNED..rows.min((task + 1) * TURNED);
            for cols in pieces(0..cols, TURNED) {
                for row in some.clone() {
                    let start = row * self.c_row_stride + cols.start;
                    // Safety: rows of the result do not overlap, and each is turned by one task.
                    let target = unsafe { result.slice(start..start + cols.len()) };
                    let place = cols.start * rows + row;
                    target.iter_mut().zip(column(first, place, rows)).for_each(|(sum, &part)| *sum = part);
                    for part in others.chunks_exact(first.len()) {
                        target.iter_mut().zip(column(part, place, rows)).for_each(|(sum, &part)| *sum += part);
                    }
                }
            }
        });
    }
}

/// Every `step`-th number from one on.
fn column<T>(numbers: &[T], start: usize, step: usize) -> impl Iterator<Item = &T> {
    numbers[start..].iter().step_by(step)
}

/// Into how many parts the pictures are cut: where the result alone makes too few units, and each part is worth a task.
fn parts<T: Float>(all: &Gemm<T>, images: usize) -> usize {
    let (shape, plan) = (&all.shape, &all.plan);
    if !plan.parallel || shape.cols.div_ceil(plan.strip) >= ENOUGH_UNITS {
        return 1;
    }
    (flops(shape.rows, shape.cols, shape.depth) / (2 * TASK_FLOPS)).clamp(1, PARTS.min(images.max(1)))
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
