//! A product of the backward pass with what follows it, as one step of a plan: the slope of an activation at each element,
//! and the sums of the columns.

use super::{Fault, Io, Kernel};
use crate::element::Float;
use crate::gemm::{GemmShape, Slope, SlopeGemm};
use crate::map::{Axes, Expr, Layout, MapInput, MapOutput, OutputKind, Reduce};
use crate::target::Target;

/// `(a · b) ∘ slope(y)`. The step's inputs are `a`, `b`, `y`; its outputs the result, then the sums of its columns where
/// they are wanted.
pub struct SlopeProductKernel<T: Float> {
    gemm: SlopeGemm<T>,
    slope: Slope,
    sums: bool,
}

impl<T: Float> SlopeProductKernel<T> {
    /// The product of `shape` and a pass over it, input `product` of which it is; none where the pass is anything but a
    /// slope, stored and perhaps summed over the rows, or the product is not made of register tiles.
    pub fn new(
        shape: GemmShape,
        expr: &Expr,
        inputs: &[MapInput],
        outputs: &[MapOutput],
        product: usize,
        target: Target,
    ) -> Option<SlopeProductKernel<T>> {
        let (stored, sums) = match outputs {
            [stored] => (stored, None),
            [stored, sums] => (stored, Some(sums)),
            _ => return None,
        };
        let over_rows = OutputKind::Reduce { op: Reduce::Sum, axes: Axes::Leading(1) };
        let is_plain = |output: &MapOutput| output.dtype == T::DTYPE && output.scale.is_none();
        let summed = |sums: &MapOutput| is_plain(sums) && sums.kind == over_rows && sums.value == stored.value;
        let (slope, y) = expr.slope_of(stored.value, product)?;
        let whole = MapInput { dtype: T::DTYPE, layout: Layout::contiguous(&[shape.rows, shape.cols]) };
        let fits = is_plain(stored) && stored.kind == OutputKind::Store && sums.is_none_or(summed);
        if !fits || inputs.len() != 2 || y == product || inputs[y] != whole {
            return None;
        }
        let gemm = SlopeGemm::new(shape, slope, target).ok()??;
        Some(SlopeProductKernel { gemm, slope, sums: sums.is_some() })
    }
}

impl<T: Float> Kernel for SlopeProductKernel<T> {
    fn name(&self) -> &'static str {
        "matmul+slope"
    }

    fn describe(&self) -> Option<String> {
        let GemmShape { rows, cols, depth, .. } = self.gemm.shape();
        let slope = format!("{:?}", self.slope).to_lowercase();
        let sums = if self.sums { ", column sums" } else { "" };
        Some(format!("{rows}×{depth} · {depth}×{cols}, slope of {slope}{sums}"))
    }

    fn flops(&self) -> Option<f64> {
        let GemmShape { rows, cols, depth, .. } = self.gemm.shape();
        Some(2.0 * *rows as f64 * *cols as f64 * *depth as f64)
    }

    fn workspace(&self) -> usize {
        self.gemm.workspace_len() * size_of::<T>()
    }

    fn run(&self, io: &mut Io<'_>) -> Result<(), Fault> {
        let sides = (io.input::<T>(0), io.input::<T>(1), io.input::<T>(2));
        let c = io.output::<T>(0);
        let sums = if self.sums { Some(io.output::<T>(1)) } else { None };
        let workspace = io.workspace_of::<T>();
        self.gemm.run(io.threads(), sides, c, sums, workspace);
        Ok(())
    }
}
