//! Where the windows of a convolution lie.

use crate::gemm::{WindowAxis, Windows};

/// One axis: number `k` of window `o` lies at `o · stride + k · dilation − before` of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Places of the input.
    pub input: usize,
    /// Windows: places of the output.
    pub output: usize,
    /// Numbers of a window.
    pub kernel: usize,
    /// From one window to the next.
    pub stride: usize,
    /// From one number of a window to the next.
    pub dilation: usize,
    /// Padding before the first place.
    pub before: usize,
}

impl Axis {
    /// An axis that is not there.
    pub const NONE: Axis = Axis { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, before: 0 };

    /// The windows along this axis.
    pub(super) fn windows(&self) -> WindowAxis {
        WindowAxis {
            size: self.input,
            out: self.output,
            kernel: self.kernel,
            stride: self.stride,
            step: self.dilation,
            offset: -(self.before as isize),
        }
    }

    /// The numbers of window `o` that lie inside the input: the first, and the end.
    #[inline(always)]
    pub(super) fn inside(&self, o: usize) -> std::ops::Range<usize> {
        let first = (o * self.stride) as isize - self.before as isize;
        // Divisions take longer than what is done with a window of a few numbers.
        let numbers = |places: isize| match (places.max(0) as usize, self.dilation) {
            (places, 1) => places,
            (places, dilation) => places.div_ceil(dilation),
        };
        let from = numbers(-first).min(self.kernel);
        from..numbers(self.input as isize - first).min(self.kernel).max(from)
    }

    /// The place of number `k` of window `o`, which lies inside the input.
    #[inline(always)]
    pub(super) fn place(&self, o: usize, k: usize) -> usize {
        o * self.stride + k * self.dilation - self.before
    }

    /// Whether every window is one place, and the place of its own number.
    fn is_plain(&self) -> bool {
        *self == Axis { input: self.input, output: self.input, ..Axis::NONE }
    }
}

/// A convolution: `y[n, o, j] = Σ x[n, o · stride + k · dilation − before, c] · w[k, c, j]`, `c` among the channels of
/// `j`'s group.
///
/// `x` (images, …inputs, channels), `w` (…kernels, channels / groups, filters), `y` (images, …outputs, filters).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Pictures.
    pub images: usize,
    /// The axes of a picture, the outermost first.
    pub axes: [Axis; 3],
    /// Channels of the input.
    pub channels: usize,
    /// Channels of the output.
    pub filters: usize,
    /// Groups: each has its share of the channels and of the filters.
    pub groups: usize,
}

impl Geometry {
    /// Channels of a group.
    pub(super) fn own_channels(&self) -> usize {
        self.channels / self.groups
    }

    /// Filters of a group.
    pub(super) fn own_filters(&self) -> usize {
        self.filters / self.groups
    }

    /// Numbers of a window at one channel.
    pub(super) fn taps(&self) -> usize {
        self.axes.iter().map(|axis| axis.kernel).product()
    }

    /// Elements of the input.
    pub fn input_len(&self) -> usize {
        self.axes.iter().map(|axis| axis.input).product::<usize>() * self.images * self.channels
    }

    /// Elements of the output.
    pub fn output_len(&self) -> usize {
        self.windows_len() * self.filters
    }

    /// Elements of the filter.
    pub fn filter_len(&self) -> usize {
        self.taps() * self.own_channels() * self.filters
    }

    /// Multiplications and additions.
    pub fn flops(&self) -> f64 {
        2.0 * self.output_len() as f64 * (self.taps() * self.own_channels()) as f64
    }

    /// Windows of all pictures.
    pub(super) fn windows_len(&self) -> usize {
        self.axes.iter().map(|axis| axis.output).product::<usize>() * self.images
    }

    /// Whether each channel has a filter of its own: too little to sum for a product.
    pub(super) fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.channels && self.groups == self.filters
    }

    /// Whether it is a product of the places as they are.
    pub fn is_plain(&self) -> bool {
        self.groups == 1 && self.axes.iter().all(Axis::is_plain)
    }

    /// The windows of one group.
    pub(super) fn windows(&self) -> Windows {
        let axes = self.axes.map(|axis| axis.windows());
        Windows { images: self.images, axes, channels: self.own_channels(), pixel: self.channels }
    }

    /// The windows along each axis.
    pub(super) fn outputs(&self) -> [usize; 3] {
        self.axes.map(|axis| axis.output)
    }

    /// The places of the input along each axis.
    pub(super) fn inputs(&self) -> [usize; 3] {
        self.axes.map(|axis| axis.input)
    }
}

/// A place of a picture: its image, and its number along each axis.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub image: usize,
    pub at: [usize; 3],
}

/// The place of a row of a tensor whose axes have these sizes.
#[inline(always)]
pub(super) fn place(row: usize, [deep, high, wide]: [usize; 3]) -> Place {
    Place { image: row / (deep * high * wide), at: [row / (high * wide) % deep, row / wide % high, row % wide] }
}

/// The row of a place.
#[inline(always)]
pub(super) fn row(place: &Place, [deep, high, wide]: [usize; 3]) -> usize {
    ((place.image * deep + place.at[0]) * high + place.at[1]) * wide + place.at[2]
}
