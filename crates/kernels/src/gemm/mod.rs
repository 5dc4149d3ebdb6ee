//! Matrix products: planned once for a shape and an instruction set, run many times without allocating.
//!
//! A product is cut into units that a thread computes alone, those by depth into blocks whose packed operands fit the
//! caches, and blocks into panels of rows by strips of columns: register tiles (`tile`). Small and skinny products read
//! their operands in place. Every element is summed over the depth in one fixed order, so the bits do not depend on the
//! number of threads.

mod batched;
mod bf16;
mod blocks;
mod blockwise;
mod deep;
mod dots;
mod driver;
mod epilogue;
mod flipped;
mod kernels;
mod pack;
#[cfg(target_arch = "x86_64")]
mod pairs;
mod plan;
mod slope;
mod spread;
#[cfg(test)]
mod tests;
mod tile;
mod vector;

pub use batched::{BatchStrides, BatchedGemm};
pub(crate) use blockwise::{Beside, BlockwiseGemm, Part};
pub use epilogue::{Activation, BiasAxis, EpilogueSpec};
pub use slope::{Slope, SlopeGemm};

use crate::element::{DType, Float};
use crate::isa::Isa;
use crate::target::Target;
use crate::threads::Threads;
use bf16::TilePlan;
use deep::DeepPlan;
use driver::Buffers;
use kernels::Kernels;
use plan::{Path, Plan};
use std::fmt;

/// Where the elements of an operand lie: `(i, j)` at `i · row_stride + j · col_stride`, in elements.
///
/// A transpose is swapped strides; a stride of 0 repeats an element along its axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// From one row to the next.
    pub row_stride: isize,
    /// From one column to the next.
    pub col_stride: isize,
}

impl Operand {
    /// Rows one after the other, each `cols` long.
    pub const fn row_major(cols: usize) -> Operand {
        Operand { row_stride: cols as isize, col_stride: 1 }
    }

    /// The same memory, read with its axes swapped.
    pub const fn transposed(self) -> Operand {
        Operand { row_stride: self.col_stride, col_stride: self.row_stride }
    }
}

/// `c (rows, cols) = a (rows, depth) · b (depth, cols)`, `c` row-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GemmShape {
    /// Rows of `a` and of `c`.
    pub rows: usize,
    /// Columns of `b` and of `c`.
    pub cols: usize,
    /// Columns of `a`, rows of `b`: what is summed over.
    pub depth: usize,
    /// Where `a` lies.
    pub a: Operand,
    /// Where `b` lies.
    pub b: Operand,
    /// Elements from one row of `c` to the next, at least `cols`.
    pub c_row_stride: usize,
}

/// Why a product cannot be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GemmError {
    /// A stride of `a` or `b` is negative.
    NegativeStride(Operand),
    /// Rows of `c` would overlap: its row stride is less than its columns.
    OverlappingRows {
        /// The stride that was given.
        c_row_stride: usize,
        /// The columns of `c`.
        cols: usize,
    },
    /// Results of a batch would overlap.
    OverlappingResults {
        /// The batch stride that was given.
        c_batch_stride: usize,
    },
    /// An operand reaches beyond what memory can hold.
    TooLarge,
    /// This processor lacks the instruction set.
    Unsupported(Isa),
}

impl fmt::Display for GemmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GemmError::NegativeStride(operand) => {
                write!(
                    f,
                    "matrix product: expected strides of 0 or more, got {} and {}",
                    operand.row_stride, operand.col_stride
                )
            }
            GemmError::OverlappingRows { c_row_stride, cols } => {
                write!(f, "matrix product: expected a row stride of the result of at least {cols}, got {c_row_stride}")
            }
            GemmError::OverlappingResults { c_batch_stride } => {
                write!(f, "matrix product: results of a batch overlap at a batch stride of {c_batch_stride}")
            }
            GemmError::TooLarge => write!(f, "matrix product: an operand is larger than memory can be"),
            GemmError::Unsupported(isa) => write!(f, "matrix product: this processor has no {isa:?}"),
        }
    }
}

impl std::error::Error for GemmError {}

/// Whether a product of float32 of this shape runs on the matrix unit of `target`.
pub fn takes_tiles(shape: &GemmShape, target: Target) -> bool {
    TilePlan::new(shape, target).is_some()
}

/// A product planned for one shape, epilogue and instruction set.
#[derive(Clone)]
pub struct Gemm<T: Float> {
    shape: GemmShape,
    spec: EpilogueSpec,
    alpha: T,
    kernels: &'static Kernels<T>,
    isa: Isa,
    plan: Plan,
    /// Where the matrix unit pays; `plan` is for numbers that it cannot take.
    tiles: Option<TilePlan>,
    /// Where the depth is what is cut.
    deep: Option<DeepPlan<T>>,
    lens: Lens,
}

/// How long the slices of a run must at least be.
#[derive(Clone, Copy)]
struct Lens {
    a: usize,
    b: usize,
    bias: usize,
    c: usize,
    packed_a: usize,
    workspace: usize,
}

/// Bytes that packed panels are aligned to: a cache line, and the widest vector.
const ALIGNMENT: usize = 64;

impl<T: Float> Gemm<T> {
    /// Plans `c = activation(alpha · a · b (+ c) (+ bias))`.
    ///
    /// An [`Isa`] as the target plans plain kernels; a [`Target`] with a matrix unit lets large products of float32 use
    /// it as far as its precision allows, and one with vectors of pairs lets those of medium precision use them.
    ///
    /// # Errors
    /// Strides that are negative or make rows of `c` overlap, operands beyond `isize`, an instruction set that this
    /// processor lacks.
    pub fn new(shape: GemmShape, epilogue: EpilogueSpec, target: impl Into<Target>) -> Result<Self, GemmError> {
        let target = target.into();
        let isa = target.isa;
        if !isa.is_available() {
            return Err(GemmError::Unsupported(isa));
        }
        let mut lens = lens(&shape, &epilogue)?;
        let kernels = Kernels::of_product(&shape, target);
        let plan = Plan::new(&shape, &epilogue, kernels);
        let slack = ALIGNMENT / size_of::<T>();
        let (a, b) = plan.packed_lens(&shape, kernels.lanes);
        lens.packed_a = a.next_multiple_of(slack);
        lens.workspace = if a + b == 0 { 0 } else { lens.packed_a + b + slack };
        let deep = DeepPlan::new(&shape, &epilogue, &plan, isa)?;
        if let Some(deep) = &deep {
            lens.workspace = deep.workspace_len() + slack;
        }
        let tiles = if T::DTYPE == DType::F32 { TilePlan::new(&shape, target) } else { None };
        if let Some(plan) = &tiles {
            lens.workspace = lens.workspace.max(plan.workspace_bytes(shape.cols).div_ceil(size_of::<T>()) + slack);
        }
        Ok(Gemm { shape, spec: epilogue, alpha: T::from_f64(epilogue.alpha), kernels, isa, plan, tiles, deep, lens })
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        self.lens.workspace
    }

    /// The shape that this was planned for.
    pub fn shape(&self) -> &GemmShape {
        &self.shape
    }

    /// Computes the product; elements of `c` between its rows are left alone.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says, or a bias is missing or not wanted: a bug of the caller.
    pub fn run(&self, threads: &Threads, a: &[T], b: &[T], bias: Option<&[T]>, c: &mut [T], workspace: &mut [T]) {
        let lens = &self.lens;
        assert!(
            a.len() >= lens.a && b.len() >= lens.b && c.len() >= lens.c && workspace.len() >= lens.workspace,
            "matrix product: a slice is shorter than planned"
        );
        self.check_bias(bias);
        if lens.c == 0 {
            return;
        }
        // Safety: the lengths were checked against the furthest element of the planned shape.
        unsafe { self.run_path(Some(threads), &self.buffers(a, b, bias, c, workspace)) }
    }

    /// The product, by the path that was planned.
    ///
    /// # Safety
    /// The buffers are valid for the planned shape, and `c` and the packed panels for writing.
    unsafe fn run_path(&self, threads: Option<&Threads>, buffers: &Buffers<T>) {
        let threads = threads.filter(|_| self.plan.parallel);
        // Safety: the caller's promise.
        unsafe {
            if self.tiles.as_ref().is_some_and(|plan| self.run_tiles(plan, threads, buffers)) {
                return;
            }
            if let Some(plan) = &self.deep {
                return self.run_deep(plan, threads, buffers);
            }
            match &self.plan.path {
                Path::Single => self.run_single(buffers),
                Path::Blocks => self.run_blocks(threads, buffers),
                Path::Dots(plan) => self.run_dots(plan, threads, buffers),
                Path::Flipped(plan) => self.run_flipped(plan, threads, buffers),
                Path::Spread(plan) => self.run_spread(plan, threads, buffers),
            }
        }
    }

    /// Refuses a bias that was not planned, a missing one, a short one.
    fn check_bias(&self, bias: Option<&[T]>) {
        assert!(
            bias.is_some() == self.spec.bias.is_some() && bias.is_none_or(|bias| bias.len() >= self.lens.bias),
            "matrix product: the bias is not as planned"
        );
    }

    /// The addresses of a run; packed panels start at a cache line.
    fn buffers(&self, a: &[T], b: &[T], bias: Option<&[T]>, c: &mut [T], workspace: &mut [T]) -> Buffers<T> {
        let packed_a = aligned(workspace.as_mut_ptr(), self.lens.workspace);
        Buffers {
            a: a.as_ptr(),
            b: b.as_ptr(),
            bias: bias.map_or(std::ptr::null(), <[T]>::as_ptr),
            c: c.as_mut_ptr(),
            packed_a,
            packed_b: packed_a.wrapping_add(self.lens.packed_a),
            ending: std::ptr::null(),
        }
    }
}

/// The first cache line of a workspace; where nothing is needed, as it comes.
fn aligned<T>(start: *mut T, len: usize) -> *mut T {
    if len == 0 { start } else { start.wrapping_add(start.align_offset(ALIGNMENT)) }
}

/// The lengths of the operands, up to their furthest element.
fn lens(shape: &GemmShape, spec: &EpilogueSpec) -> Result<Lens, GemmError> {
    if shape.rows > 1 && shape.c_row_stride < shape.cols {
        return Err(GemmError::OverlappingRows { c_row_stride: shape.c_row_stride, cols: shape.cols });
    }
    let c = Operand { row_stride: shape.c_row_stride.try_into().map_err(|_| GemmError::TooLarge)?, col_stride: 1 };
    let c = extent(shape.rows, shape.cols, c)?;
    let empty = c == 0;
    Ok(Lens {
        a: if empty { 0 } else { extent(shape.rows, shape.depth, shape.a)? },
        b: if empty { 0 } else { extent(shape.depth, shape.cols, shape.b)? },
        bias: match spec.bias {
            None => 0,
            Some(BiasAxis::PerColumn) => shape.cols,
            Some(BiasAxis::PerRow) => shape.rows,
        },
        c,
        packed_a: 0,
        workspace: 0,
    })
}

/// One more than the index of the furthest element; 0 without elements.
fn extent(rows: usize, cols: usize, operand: Operand) -> Result<usize, GemmError> {
    let (Ok(row), Ok(col)) = (usize::try_from(operand.row_stride), usize::try_from(operand.col_stride)) else {
        return Err(GemmError::NegativeStride(operand));
    };
    if rows == 0 || cols == 0 {
        return Ok(0);
    }
    let furthest = (rows - 1).checked_mul(row).zip((cols - 1).checked_mul(col)).and_then(|(r, c)| r.checked_add(c));
    furthest.filter(|&index| index < isize::MAX as usize / 16).map(|index| index + 1).ok_or(GemmError::TooLarge)
}
