//! The gradient of a convolution with respect to its filter.

use super::depthwise::Depthwise;
use super::geometry::Geometry;
use crate::element::Float;
use crate::gemm::{GemmError, WindowSums, WindowsTransposed};
use crate::isa::Isa;
use crate::math::Compute;
use crate::threads::Threads;

/// `dw[k, c, j] = Σ x[n, o · stride + k · dilation − before, c] · dy[n, o, j]`
pub struct ConvolutionFilter<T: Float> {
    geometry: Geometry,
    way: Way<T>,
}

enum Way<T: Float> {
    /// A product over windows for each group.
    Windows(Box<WindowsTransposed<T>>),
    /// The same where the filter is small.
    Sums(Box<WindowSums<T>>),
    /// Filters of one channel each.
    Depthwise(Box<Depthwise>),
}

impl<T: Float + Compute> ConvolutionFilter<T> {
    /// Plans the gradient.
    ///
    /// # Errors
    /// Sizes beyond memory, an instruction set that this processor lacks.
    pub fn new(geometry: Geometry, isa: Isa) -> Result<Self, GemmError> {
        let way = if geometry.is_depthwise() {
            Way::Depthwise(Box::new(Depthwise::new(geometry, false, isa)))
        } else {
            let lie = (geometry.filters, geometry.filters);
            let (windows, cols) = (geometry.windows(), geometry.own_filters());
            match WindowSums::new(windows, cols, lie, isa)? {
                Some(sums) => Way::Sums(Box::new(sums)),
                None => Way::Windows(Box::new(WindowsTransposed::new(windows, cols, lie, isa)?)),
            }
        };
        Ok(ConvolutionFilter { geometry, way })
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        match &self.way {
            Way::Windows(gemm) => gemm.workspace_len(),
            Way::Sums(sums) => sums.workspace_len(),
            Way::Depthwise(direct) => direct.filter_workspace(),
        }
    }

    /// Computes `dw`.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says: a bug of the caller.
    pub fn run(&self, threads: &Threads, x: &[T], dy: &[T], dw: &mut [T], workspace: &mut [T]) {
        match &self.way {
            Way::Depthwise(direct) => direct.filter(threads, x, dy, dw, workspace),
            Way::Windows(gemm) => self.each_group(x, dy, dw, |x, dy, dw| gemm.run(threads, x, dy, dw, workspace)),
            Way::Sums(sums) => self.each_group(x, dy, dw, |x, dy, dw| sums.run(threads, x, dy, dw, workspace)),
        }
    }

    /// Calls `each` with the operands from each group's first channel and filter on.
    fn each_group(&self, x: &[T], dy: &[T], dw: &mut [T], mut each: impl FnMut(&[T], &[T], &mut [T])) {
        let geometry = &self.geometry;
        for group in 0..if dw.is_empty() { 0 } else { geometry.groups } {
            let (channel, filter) = (group * geometry.own_channels(), group * geometry.own_filters());
            each(x.get(channel..).unwrap_or(&[]), dy.get(filter..).unwrap_or(&[]), &mut dw[filter..]);
        }
    }
}
