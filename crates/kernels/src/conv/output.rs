//! The output of a convolution.

use super::depthwise::Depthwise;
use super::geometry::Geometry;
use crate::element::Float;
use crate::gemm::{Activation, End, EpilogueSpec, GemmError, WindowsProduct};
use crate::isa::Isa;
use crate::math::Compute;
use crate::threads::Threads;

/// `y = activation(x ∗ w (+ bias))`, the bias a number per filter
pub struct ConvolutionOutput<T: Float> {
    geometry: Geometry,
    epilogue: EpilogueSpec,
    way: Way<T>,
}

enum Way<T: Float> {
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
    pub fn new(geometry: Geometry, bias: bool, activation: Activation, isa: Isa) -> Result<Self, GemmError> {
        Self::of(geometry, EpilogueSpec::ending(bias, activation), isa)
    }

    /// The same in blocks of whole rows, which an end is called with; none where it is not computed in such.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn by_rows(
        geometry: Geometry,
        bias: bool,
        activation: Activation,
        isa: Isa,
    ) -> Result<Option<Self>, GemmError> {
        let epilogue = EpilogueSpec { by_rows: true, ..EpilogueSpec::ending(bias, activation) };
        let rows = geometry.is_depthwise() || geometry.groups == 1;
        rows.then(|| Self::of(geometry, epilogue, isa)).transpose()
    }

    fn of(geometry: Geometry, epilogue: EpilogueSpec, isa: Isa) -> Result<Self, GemmError> {
        let filters = geometry.filters;
        let way = if geometry.is_depthwise() {
            Way::Depthwise(Box::new(Depthwise::new(geometry, epilogue.by_rows, isa)))
        } else {
            let (windows, lie) = (geometry.windows(), (filters, filters));
            Way::Windows(WindowsProduct::new(windows, geometry.own_filters(), lie, epilogue, isa)?)
        };
        Ok(ConvolutionOutput { geometry, epilogue, way })
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        match &self.way {
            Way::Windows(gemm) => gemm.workspace_len(),
            Way::Depthwise(_) => 0,
        }
    }

    /// The rows of `y` at which blocks begin, and the number of all: what an end is called with.
    pub fn starts(&self) -> Vec<usize> {
        match &self.way {
            Way::Windows(gemm) => gemm.starts(),
            Way::Depthwise(direct) => direct.output_starts(size_of::<T>()),
        }
    }

    /// Computes `y`, and hands blocks of its rows to `end`, where there is one.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says, a bias is missing or not wanted, or an end was not planned: a bug of
    /// the caller.
    pub fn run(
        &self,
        threads: &Threads,
        (x, w, bias): (&[T], &[T], Option<&[T]>),
        y: &mut [T],
        workspace: &mut [T],
        end: Option<&End<'_, T>>,
    ) {
        let geometry = &self.geometry;
        let wanted = self.epilogue.bias.then_some(geometry.filters);
        assert!(bias.map(<[T]>::len) >= wanted && bias.is_some() == wanted.is_some(), "the bias is not as planned");
        assert!(end.is_none() || self.epilogue.by_rows, "rows are not finished together");
        match &self.way {
            Way::Depthwise(direct) => direct.output(threads, (x, w, bias), self.epilogue.activation, y, end),
            Way::Windows(gemm) if !y.is_empty() => {
                for group in 0..geometry.groups {
                    let (channel, filter) = (group * geometry.own_channels(), group * geometry.own_filters());
                    let (x, w) = (x.get(channel..).unwrap_or(&[]), w.get(filter..).unwrap_or(&[]));
                    gemm.run(threads, (x, w, bias.map(|bias| &bias[filter..])), &mut y[filter..], workspace, end);
                }
            }
            Way::Windows(_) => {}
        }
    }
}
