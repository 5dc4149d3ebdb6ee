//! The output of a convolution.

use super::depthwise::Depthwise;
use super::geometry::Geometry;
use crate::element::Float;
use crate::gemm::{EpilogueSpec, Gemm, GemmError, GemmShape, Operand, WindowsGemm};
use crate::target::Target;
use crate::threads::Threads;

/// `y = x ∗ w`
pub struct ConvolutionOutput<T: Float> {
    geometry: Geometry,
    way: Way<T>,
}

enum Way<T: Float> {
    /// Windows of one place.
    Plain(Box<Gemm<T>>),
    /// A product of windows for each group.
    Windows(Box<WindowsGemm<T>>),
    /// Filters of one channel each.
    Depthwise(Depthwise),
}

impl<T: Float> ConvolutionOutput<T> {
    /// Plans the convolution.
    ///
    /// # Errors
    /// Sizes beyond memory, an instruction set that this processor lacks.
    pub fn new(geometry: Geometry, target: impl Into<Target>) -> Result<Self, GemmError> {
        let (target, Geometry { channels, filters, .. }) = (target.into(), geometry);
        let spec = EpilogueSpec::default();
        let way = if geometry.is_depthwise() {
            Way::Depthwise(Depthwise::new(geometry, target.isa))
        } else if geometry.is_plain() {
            let (a, b) = (Operand::row_major(channels), Operand::row_major(filters));
            let rows = geometry.windows_len();
            let shape = GemmShape { rows, cols: filters, depth: channels, a, b, c_row_stride: filters };
            Way::Plain(Box::new(Gemm::new(shape, spec, target)?))
        } else {
            let lie = (Operand::row_major(filters), filters);
            let gemm = WindowsGemm::new(geometry.windows(), geometry.own_filters(), lie, spec, target.isa)?;
            Way::Windows(Box::new(gemm))
        };
        Ok(ConvolutionOutput { geometry, way })
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        match &self.way {
            Way::Plain(gemm) => gemm.workspace_len(),
            Way::Windows(gemm) => gemm.workspace_len(),
            Way::Depthwise(_) => 0,
        }
    }

    /// Computes `y`.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says: a bug of the caller.
    pub fn run(&self, threads: &Threads, x: &[T], w: &[T], y: &mut [T], workspace: &mut [T]) {
        let geometry = &self.geometry;
        match &self.way {
            Way::Plain(gemm) => gemm.run(threads, x, w, None, y, workspace),
            Way::Depthwise(direct) => direct.output(threads, x, w, y),
            Way::Windows(gemm) if !y.is_empty() => {
                for group in 0..geometry.groups {
                    let (channel, filter) = (group * geometry.own_channels(), group * geometry.own_filters());
                    let (x, w) = (x.get(channel..).unwrap_or(&[]), w.get(filter..).unwrap_or(&[]));
                    gemm.run(threads, x, w, None, &mut y[filter..], workspace);
                }
            }
            Way::Windows(_) => {}
        }
    }
}
