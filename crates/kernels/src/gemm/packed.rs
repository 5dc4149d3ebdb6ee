//! Products with a right side that is packed once and multiplied many times: weights in a loop, or while serving.

use super::driver::Buffers;
use super::plan::{Plan, pieces};
use super::{ALIGNMENT, EpilogueSpec, Gemm, GemmError, GemmShape, aligned};
use crate::element::Float;
use crate::target::Target;
use crate::threads::Threads;
use std::ops::Range;

/// `c = activation(alpha · a · b (+ c or + bias))` for many `a` and one `b`.
#[derive(Clone)]
pub struct PackedGemm<T: Float> {
    gemm: Gemm<T>,
}

impl<T: Float> PackedGemm<T> {
    /// Plans the product; none where its shape reads `b` in place or takes it to a matrix unit, where a [`Gemm`] has
    /// nothing to gain.
    ///
    /// # Errors
    /// Those of [`Gemm::new`].
    pub fn new(shape: GemmShape, epilogue: EpilogueSpec, target: impl Into<Target>) -> Result<Option<Self>, GemmError> {
        let target = target.into();
        let plain = Gemm::<T>::new(shape, epilogue, target)?;
        if !plain.is_tiled() {
            return Ok(None);
        }
        let mut gemm = Gemm::with_plan(shape, epilogue, target, |kernels| Plan::prepacked(&shape, kernels))?;
        // The workspace has no room for what is packed already.
        gemm.lens.workspace = gemm.lens.workspace.saturating_sub(gemm.plan.shared_b);
        Ok(Some(PackedGemm { gemm }))
    }

    /// Elements of `T` of `b` when it is packed.
    pub fn packed_len(&self) -> usize {
        self.strips_before(self.gemm.shape.depth) + ALIGNMENT / size_of::<T>()
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        self.gemm.lens.workspace
    }

    /// Packs `b`. What is packed can be copied to another address only by packing again: it begins at a cache line.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says: a bug of the caller.
    pub fn pack(&self, threads: &Threads, b: &[T], packed: &mut [T]) {
        assert!(
            b.len() >= self.gemm.lens.b && packed.len() >= self.packed_len(),
            "packed matrix: a slice is shorter than planned"
        );
        let start = aligned(packed.as_mut_ptr(), packed.len());
        let nothing = std::ptr::null_mut();
        for depth in self.depths() {
            let packed_b = start.wrapping_add(self.strips_before(depth.start));
            let buffers = Buffers {
                a: nothing,
                b: b.as_ptr(),
                bias: nothing,
                c: nothing,
                packed_a: nothing,
                packed_b,
                slots: nothing,
            };
            // Safety: the lengths were checked against the furthest element of the planned shape.
            unsafe { self.gemm.pack_shared(Some(threads), &buffers, depth) };
        }
    }

    /// Computes the product with a `b` that [`Self::pack`] has packed there.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says, or a bias is missing or not wanted: a bug of the caller.
    pub fn run(&self, threads: &Threads, a: &[T], packed: &[T], bias: Option<&[T]>, c: &mut [T], workspace: &mut [T]) {
        let (gemm, lens) = (&self.gemm, &self.gemm.lens);
        assert!(
            a.len() >= lens.a
                && packed.len() >= self.packed_len()
                && c.len() >= lens.c
                && workspace.len() >= lens.workspace,
            "packed product: a slice is shorter than planned"
        );
        gemm.check_bias(bias);
        // Read alone: the plan shares its strips of `b`, and its slots lie in the workspace.
        let start = aligned(packed.as_ptr().cast_mut(), packed.len());
        let threads = Some(threads).filter(|_| gemm.plan.parallel);
        for depth in self.depths() {
            let packed_b = start.wrapping_add(self.strips_before(depth.start));
            let slots = aligned(workspace.as_mut_ptr(), lens.workspace).wrapping_add(lens.packed_a);
            let buffers = Buffers { packed_b, slots, ..gemm.buffers(a, packed, bias, c, workspace) };
            // Safety: the lengths were checked against the furthest element of the planned shape.
            unsafe { gemm.multiply_depth(threads, &buffers, depth, None) };
        }
    }

    /// The depth in the pieces that are packed at once.
    fn depths(&self) -> impl Iterator<Item = Range<usize>> {
        pieces(0..self.gemm.shape.depth, self.gemm.plan.reach)
    }

    /// Elements of the strips over the depths before one.
    fn strips_before(&self, depth: usize) -> usize {
        self.gemm.shape.cols.next_multiple_of(self.gemm.kernels.lanes) * self.gemm.plan.packed_depth(depth)
    }
}
