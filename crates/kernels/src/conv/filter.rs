//! The gradient of a convolution with respect to its filter.

use super::depthwise::Depthwise;
use super::geometry::Geometry;
use crate::element::Float;
use crate::gemm::{EpilogueSpec, Gemm, GemmError, GemmShape, Operand, WindowsTransposed};
use crate::math::Compute;
use crate::target::Target;
use crate::threads::Threads;

/// `dw[k, c, j] = Σ x[n, o · stride + k · dilation − before, c] · dy[n, o, j]`
pub struct ConvolutionFilter<T: Float> {
    geometry: Geometry,
    way: Way<T>,
}

enum Way<T: Float> {
    /// Windows of one place.
    Plain(Box<Gemm<T>>),
    /// A product over windows for each group.
    Windows(Box<WindowsTransposed<T>>),
    /// Filters of one channel each.
    Depthwise(Box<Depthwise>),
}

impl<T: Float + Compute> ConvolutionFilter<T> {
    /// Plans the gradient.
    ///
    /// # Errors
    /// Sizes beyond memory, an instruction set that this processor lacks.
    pub fn new(geometry: Geometry, target: impl Into<Target>) -> Result<Self, GemmError> {
        let (target, Geometry { channels, filters, .. }) = (target.into(), geometry);
        let way = if geometry.is_depthwise() {
            Way::Depthwise(Box::new(Depthwise::new(geometry, target.isa)))
        } else if geometry.is_plain() {
            let (a, b) = (Operand::row_major(channels).transposed(), Operand::row_major(filters));
            let depth = geometry.windows_len();
            let shape = GemmShape { rows: channels, cols: filters, depth, a, b, c_row_stride: filters };
            Way::Plain(Box::new(Gemm::new(shape, EpilogueSpec::default(), target)?))
        } else {
            let lie = (filters, filters);
            let gemm = WindowsTransposed::new(geometry.windows(), geometry.own_filters(), lie, target.isa)?;
            Way::Windows(Box::new(gemm))
        };
        Ok(ConvolutionFilter { geometry, way })
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        match &self.way {
            Way::Plain(gemm) => gemm.workspace_len(),
            Way::Windows(gemm) => gemm.workspace_len(),
            Way::Depthwise(direct) => direct.filter_workspace(),
        }
    }

    /// Computes `dw`.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says: a bug of the caller.
    pub fn run(&self, threads: &Threads, x: &[T], dy: &[T], dw: &mut [T], workspace: &mut [T]) {
        let geometry = &self.geometry;
        match &self.way {
            Way::Plain(gemm) => gemm.run(threads, x, dy, None, dw, workspace),
            Way::Depthwise(direct) => direct.filter(threads, x, dy, dw, workspace),
            Way::Windows(gemm) if !dw.is_empty() => {
                for group in 0..geometry.groups {
                    let (channel, filter) = (group * geometry.own_channels(), group * geometry.own_filters());
                    let (x, dy) = (x.get(channel..).unwrap_or(&[]), dy.get(filter..).unwrap_or(&[]));
                    gemm.run(threads, x, dy, &mut dw[filter..], workspace);
                }
            }
            Way::Windows(_) => {}
        }
    }
}
