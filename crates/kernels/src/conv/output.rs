//! The output of a convolution.

use super::depthwise::Depthwise;
use super::geometry::Geometry;
use crate::element::Float;
use crate::gemm::{Activation, EpilogueSpec, Gemm, GemmError, GemmShape, Operand, WindowsProduct};
use crate::math::Compute;
use crate::target::Target;
use crate::threads::Threads;

/// `y = activation(x ∗ w (+ bias))`, the bias a number per filter
pub struct ConvolutionOutput<T: Float> {
    geometry: Geometry,
    epilogue: EpilogueSpec,
    way: Way<T>,
}

enum Way<T: Float> {
    /// Windows of one place.
    Plain(Box<Gemm<T>>),
    /// A product of windows for each group.
    Windows(WindowsProduct<T>),
    /// Filters of one channel each.
    Depthwise(Box<Depthwise>),
}

impl<T: Float + Compute> ConvolutionOutput<T> {
    /// Plans the convolution.
    ///
    /// # Errors
    /// Sizes beyond memory, an instruction set that this processor lacks.
    pub fn new(
        geometry: Geometry,
        bias: bool,
        activation: Activation,
        target: impl Into<Target>,
    ) -> Result<Self, GemmError> {
        let (target, Geometry { channels, filters, .. }) = (target.into(), geometry);
        let epilogue = EpilogueSpec::of_columns(bias, activation);
        let way = if geometry.is_depthwise() {
            Way::Depthwise(Box::new(Depthwise::new(geometry, target.isa)))
        } else if geometry.is_plain() {
            let (a, b) = (Operand::row_major(channels), Operand::row_major(filters));
            let rows = geometry.windows_len();
            let shape = GemmShape { rows, cols: filters, depth: channels, a, b, c_row_stride: filters };
            Way::Plain(Box::new(Gemm::new(shape, epilogue, target)?))
        } else {
            let (windows, lie) = (geometry.windows(), (filters, filters));
            Way::Windows(WindowsProduct::new(windows, geometry.own_filters(), lie, epilogue, target.isa)?)
        };
        Ok(ConvolutionOutput { geometry, epilogue, way })
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
    /// When a slice is shorter than the plan says, or a bias is missing or not wanted: a bug of the caller.
    pub fn run(&self, threads: &Threads, (x, w): (&[T], &[T]), bias: Option<&[T]>, y: &mut [T], workspace: &mut [T]) {
        let geometry = &self.geometry;
        let wanted = self.epilogue.bias.map(|_| geometry.filters);
        assert!(bias.map(<[T]>::len) >= wanted && bias.is_some() == wanted.is_some(), "the bias is not as planned");
        match &self.way {
            Way::Plain(gemm) => gemm.run(threads, x, w, bias, y, workspace),
            Way::Depthwise(direct) => direct.output(threads, (x, w), bias, self.epilogue.activation, y),
            Way::Windows(gemm) if !y.is_empty() => {
                for group in 0..geometry.groups {
                    let (channel, filter) = (group * geometry.own_channels(), group * geometry.own_filters());
                    let (x, w) = (x.get(channel..).unwrap_or(&[]), w.get(filter..).unwrap_or(&[]));
                    gemm.run(threads, x, w, bias.map(|bias| &bias[filter..]), &mut y[filter..], workspace);
                }
            }
            Way::Windows(_) => {}
        }
    }
}
