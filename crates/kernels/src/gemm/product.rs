//! A product that is planned for a shape, and its paths.

use super::bf16::TilePlan;
use super::deep::DeepPlan;
use super::driver::Buffers;
use super::kernels::Kernels;
use super::plan::{Path, Plan};
use super::windows::Windows;
use super::{EpilogueSpec, GemmError, GemmShape, Operand};
use crate::element::{DType, Float};
use crate::isa::Isa;
use crate::target::Target;
use crate::threads::Threads;

/// Whether a product of float32 of this shape runs on the matrix unit of `target`.
pub fn takes_tiles(shape: &GemmShape, target: Target) -> bool {
    TilePlan::new(shape, target).is_some()
}

/// A product planned for one shape, epilogue and instruction set.
#[derive(Clone)]
pub struct Gemm<T: Float> {
    pub(super) shape: GemmShape,
    pub(super) spec: EpilogueSpec,
    pub(super) alpha: T,
    pub(super) kernels: &'static Kernels<T>,
    pub(super) isa: Isa,
    pub(super) plan: Plan,
    /// Where the matrix unit pays; `plan` is for numbers that it cannot take.
    pub(super) tiles: Option<TilePlan>,
    /// Where the depth is what is cut.
    pub(super) deep: Option<DeepPlan<T>>,
    /// Where `b` is the windows of pictures.
    pub(super) windows: Option<Windows>,
    pub(super) lens: Lens,
}

/// How long the slices of a run must at least be.
#[derive(Clone, Copy)]
pub(super) struct Lens {
    pub a: usize,
    pub b: usize,
    pub bias: usize,
    pub c: usize,
    pub packed_a: usize,
    pub workspace: usize,
}

impl Lens {
    /// Refuses slices that are shorter than planned: a bug of the caller.
    pub fn check<T>(&self, what: &str, (a, b): (&[T], &[T]), c: &[T], workspace: &[T]) {
        assert!(
            a.len() >= self.a && b.len() >= self.b && c.len() >= self.c && workspace.len() >= self.workspace,
            "{what}: a slice is shorter than planned"
        );
    }

    /// Refuses a bias that was not planned, a missing one, a short one.
    pub fn check_bias<T>(&self, what: &str, spec: &EpilogueSpec, bias: Option<&[T]>) {
        assert!(
            bias.is_some() == spec.bias && bias.is_none_or(|bias| bias.len() >= self.bias),
            "{what}: the bias is not as planned"
        );
    }
}

/// Bytes that packed panels are aligned to: a cache line, and the widest vector.
pub(super) const ALIGNMENT: usize = 64;

impl<T: Float> Gemm<T> {
    /// Plans `c = activation(alpha · a · b (+ c or + bias))`.
    ///
    /// An [`Isa`] as the target plans plain kernels; a [`Target`] with a matrix unit lets large products of float32 use
    /// it as far as its precision allows, and one with vectors of pairs lets those of medium precision use them.
    ///
    /// # Errors
    /// Strides that are negative or make rows of `c` overlap, operands beyond `isize`, an instruction set that this
    /// processor lacks.
    pub fn new(shape: GemmShape, epilogue: EpilogueSpec, target: impl Into<Target>) -> Result<Self, GemmError> {
        let target = target.into();
        let mut gemm = Gemm::with_plan(shape, epilogue, target, |kernels| Plan::new(&shape, &epilogue, kernels))?;
        let slack = ALIGNMENT / size_of::<T>();
        gemm.deep = DeepPlan::new(&shape, &epilogue, &gemm.plan, target.isa)?;
        if let Some(deep) = &gemm.deep {
            gemm.lens.workspace = deep.workspace_len() + slack;
        }
        gemm.tiles = if T::DTYPE == DType::F32 { TilePlan::new(&shape, target) } else { None };
        if let Some(plan) = &gemm.tiles {
            let parts = plan.workspace_bytes(shape.cols).div_ceil(size_of::<T>()) + slack;
            gemm.lens.workspace = gemm.lens.workspace.max(parts);
        }
        Ok(gemm)
    }

    /// The product by `plan` alone.
    ///
    /// # Errors
    /// Those of [`Self::new`].
    pub(super) fn with_plan(
        shape: GemmShape,
        epilogue: EpilogueSpec,
        target: impl Into<Target>,
        plan: impl FnOnce(&'static Kernels<T>) -> Plan,
    ) -> Result<Self, GemmError> {
        let target = target.into();
        if target.isa > Isa::detect() {
            return Err(GemmError::Unsupported(target.isa));
        }
        assert!(
            !(epilogue.accumulate && epilogue.bias),
            "matrix product: a bias beside what is there: a bug of the caller"
        );
        let mut lens = lens(&shape, &epilogue)?;
        let kernels = Kernels::of_product(&shape, target);
        let plan = plan(kernels);
        let slack = ALIGNMENT / size_of::<T>();
        let (a, b) = plan.packed_lens(&shape, kernels.lanes);
        lens.packed_a = a.next_multiple_of(slack);
        lens.workspace = if a + b == 0 { 0 } else { lens.packed_a + b + slack };
        let (alpha, isa) = (T::from_f64(epilogue.alpha), target.isa);
        let (tiles, deep, windows) = (None, None, None);
        Ok(Gemm { shape, spec: epilogue, alpha, kernels, isa, plan, tiles, deep, windows, lens })
    }

    /// Whether register tiles alone make it, and there is something to make.
    pub(super) fn is_tiled(&self) -> bool {
        let tiled =
            matches!(self.plan.path, Path::Blocks | Path::Single) && self.tiles.is_none() && self.deep.is_none();
        tiled && self.shape.depth > 0 && self.lens.c > 0
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
        self.lens.check("matrix product", (a, b), c, workspace);
        self.check_bias(bias);
        if self.lens.c == 0 {
            return;
        }
        // Safety: the lengths were checked against the furthest element of the planned shape.
        unsafe { self.run_path(Some(threads), &self.buffers(a, b, bias, c, workspace)) }
    }

    /// The product, by the path that was planned.
    ///
    /// # Safety
    /// The buffers are valid for the planned shape, and `c` and the packed panels for writing.
    pub(super) unsafe fn run_path(&self, threads: Option<&Threads>, buffers: &Buffers<T>) {
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
                Path::Single | Path::Blocks if self.plan.column => self.run_single(buffers),
                Path::Single | Path::Blocks => self.run_blocks(threads, buffers, None),
                Path::Dots(plan) => self.run_dots(plan, threads, buffers),
                Path::Flipped(plan) => self.run_flipped(plan, threads, buffers),
                Path::Spread(plan) => self.run_spread(plan, threads, buffers),
            }
        }
    }

    /// Refuses a bias that was not planned, a missing one, a short one.
    pub(super) fn check_bias(&self, bias: Option<&[T]>) {
        self.lens.check_bias("matrix product", &self.spec, bias);
    }

    /// The addresses of a run; packed panels start at a cache line.
    pub(super) fn buffers(&self, a: &[T], b: &[T], bias: Option<&[T]>, c: &mut [T], workspace: &mut [T]) -> Buffers<T> {
        let packed_a = aligned(workspace.as_mut_ptr(), self.lens.workspace);
        let packed_b = packed_a.wrapping_add(self.lens.packed_a);
        Buffers {
            a: a.as_ptr(),
            b: b.as_ptr(),
            bias: bias.map_or(std::ptr::null(), <[T]>::as_ptr),
            c: c.as_mut_ptr(),
            packed_a,
            packed_b,
            slots: packed_b.wrapping_add(self.plan.shared_b),
        }
    }
}

/// The first cache line of a workspace; where nothing is needed, as it comes.
pub(super) fn aligned<T>(start: *mut T, len: usize) -> *mut T {
    if len == 0 { start } else { start.wrapping_add(start.align_offset(ALIGNMENT)) }
}

/// The lengths of the operands, up to their furthest element.
pub(super) fn lens(shape: &GemmShape, spec: &EpilogueSpec) -> Result<Lens, GemmError> {
    if shape.rows > 1 && shape.c_row_stride < shape.cols {
        return Err(GemmError::OverlappingRows { c_row_stride: shape.c_row_stride, cols: shape.cols });
    }
    let c = Operand { row_stride: shape.c_row_stride.try_into().map_err(|_| GemmError::TooLarge)?, col_stride: 1 };
    let c = extent(shape.rows, shape.cols, c)?;
    let empty = c == 0;
    Ok(Lens {
        a: if empty { 0 } else { extent(shape.rows, shape.depth, shape.a)? },
        b: if empty { 0 } else { extent(shape.depth, shape.cols, shape.b)? },
        bias: if spec.bias { shape.cols } else { 0 },
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
