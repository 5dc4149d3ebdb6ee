//! The gradient of a convolution with respect to its input, which is what transposed convolution computes.

use super::depthwise::Depthwise;
use super::geometry::{Axis, Geometry};
use crate::element::Float;
use crate::gemm::{End, EpilogueSpec, GemmError, WindowAxis, Windows, WindowsProduct};
use crate::isa::Isa;
use crate::math::Compute;
use crate::threads::{Disjoint, Threads, grain, split};

/// `dx[n, i, c] = Σ dy[n, o, j] · w[k, c, j]` over all windows `o` and numbers `k` with
/// `o · stride + k · dilation − before = i`
///
/// Places of the input that lie the same way within a stride are met by the same numbers of the filter, so each such
/// phase is a convolution of `dy` at stride 1 whose filter is those numbers, turned around.
pub struct ConvolutionInput<T: Float> {
    geometry: Geometry,
    by_rows: bool,
    way: Way<T>,
}

enum Way<T: Float> {
    /// A product of windows for each phase, for each group.
    Phases(Vec<Phase<T>>),
    /// Filters of one channel each.
    Depthwise(Box<Depthwise>),
}

/// Along one axis: the places `first, first + stride, …` and the numbers of the filter that meet them.
#[derive(Clone, Debug)]
struct PhaseAxis {
    first: usize,
    places: usize,
    /// In the order in which `dy` is read.
    numbers: Vec<usize>,
    windows: WindowAxis,
}

struct Phase<T: Float> {
    axes: [PhaseAxis; 3],
    /// None where no number of the filter meets these places.
    gemm: Option<WindowsProduct<T>>,
}

impl PhaseAxis {
    fn new(axis: &Axis, first: usize) -> PhaseAxis {
        let (stride, reach) = (axis.stride, first + axis.before);
        let meets = |k: &usize| (reach as isize - (k * axis.dilation) as isize).rem_euclid(stride as isize) == 0;
        let numbers: Vec<usize> = (0..axis.kernel).filter(meets).rev().collect();
        let window = |k: usize| (reach as isize - (k * axis.dilation) as isize).div_euclid(stride as isize);
        let offset = numbers.first().map_or(0, |&k| window(k));
        let step = numbers.get(1).map_or(1, |&k| (window(k) - offset) as usize);
        let places = axis.input.saturating_sub(first).div_ceil(stride);
        let (size, kernel) = (axis.output, numbers.len());
        let windows = WindowAxis { size, out: places, kernel, stride: 1, step, offset };
        PhaseAxis { first, places, numbers, windows }
    }
}

impl<T: Float> Phase<T> {
    fn new(geometry: &Geometry, first: [usize; 3], epilogue: EpilogueSpec, isa: Isa) -> Result<Self, GemmError> {
        let axes = [0, 1, 2].map(|axis| PhaseAxis::new(&geometry.axes[axis], first[axis]));
        let (channels, filters) = (geometry.own_channels(), geometry.own_filters());
        let windows = axes.each_ref().map(|axis| axis.windows);
        let windows = Windows { images: geometry.images, axes: windows, channels: filters, pixel: geometry.filters };
        let row = if is_whole(geometry) { geometry.channels } else { channels };
        let gemm = if axes.iter().any(|axis| axis.numbers.is_empty()) {
            None
        } else {
            Some(WindowsProduct::new(windows, channels, (channels, row), epilogue, isa)?)
        };
        Ok(Phase { axes, gemm })
    }

    /// Elements of the filter's numbers, of the phase's places, and of what the product works in.
    fn workspace(&self, geometry: &Geometry) -> (usize, usize, usize) {
        let taps: usize = self.axes.iter().map(|axis| axis.numbers.len()).product();
        let filter = taps * geometry.own_filters() * geometry.own_channels();
        let places = if is_whole(geometry) { 0 } else { self.places(geometry) * geometry.own_channels() };
        (filter, places, self.gemm.as_ref().map_or(0, WindowsProduct::workspace_len))
    }

    fn places(&self, geometry: &Geometry) -> usize {
        geometry.images * self.axes.iter().map(|axis| axis.places).product::<usize>()
    }

    /// The numbers of the filter that meet the phase, as a matrix (numbers · filters, channels) of one group.
    fn gather(&self, geometry: &Geometry, threads: &Threads, w: &[T], matrix: &mut [T]) {
        let (channels, filters) = (geometry.own_channels(), geometry.own_filters());
        let [_, high, wide] = geometry.axes.map(|axis| axis.kernel);
        let [_, rows, cols] = self.axes.each_ref().map(|axis| axis.numbers.len());
        let taps = matrix.len() / (filters * channels).max(1);
        threads.for_each_part(
            split(taps, grain(filters * channels * 500)),
            matrix,
            filters * channels,
            |taps, part| {
                for (tap, matrix) in taps.zip(part.chunks_exact_mut(filters * channels)) {
                    let [z, y, x] = [tap / cols / rows, tap / cols % rows, tap % cols];
                    let [z, y, x] = [self.axes[0].numbers[z], self.axes[1].numbers[y], self.axes[2].numbers[x]];
                    let from = ((z * high + y) * wide + x) * channels * geometry.filters;
                    for (filter, row) in matrix.chunks_exact_mut(channels).enumerate() {
                        let column = w[from + filter..].iter().step_by(geometry.filters);
                        row.iter_mut().zip(column).for_each(|(to, &from)| *to = from);
                    }
                }
            },
        );
    }

    /// Puts the phase's places where they belong in `dx`, which begins with the group's first channel; zero where the
    /// phase has no numbers.
    fn spread(&self, geometry: &Geometry, threads: &Threads, places: Option<&[T]>, dx: &mut [T]) {
        let channels = geometry.own_channels();
        let [deep, high, wide] = geometry.axes.map(|axis| axis.input);
        let [z, y, x] = &self.axes;
        let result = Disjoint::new(dx);
        let lines = geometry.images * z.places * y.places;
        threads.for_each_chunk(split(lines, grain(x.places * channels * 500)), |_, lines| {
            for line in lines {
                let (image, at) = (line / (z.places * y.places), line % (z.places * y.places));
                let row = z.first + at / y.places * geometry.axes[0].stride;
                let row = (image * deep + row) * high + y.first + at % y.places * geometry.axes[1].stride;
                for place in 0..x.places {
                    let to = (row * wide + x.first + place * geometry.axes[2].stride) * geometry.channels;
                    // Safety: places of the phases and channels of the groups do not overlap, and each has one task.
                    let to = unsafe { result.slice(to..to + channels) };
                    match places {
                        Some(places) => to.copy_from_slice(&places[(line * x.places + place) * channels..][..channels]),
                        None => to.fill(T::ZERO),
                    }
                }
            }
        });
    }
}

/// Whether the only phase is all places, so that its product lands in the result.
fn is_whole(geometry: &Geometry) -> bool {
    geometry.axes.iter().all(|axis| axis.stride == 1)
}

impl<T: Float + Compute> ConvolutionInput<T> {
    /// Plans the gradient.
    ///
    /// # Errors
    /// Sizes beyond memory, an instruction set that this processor lacks.
    pub fn new(geometry: Geometry, isa: Isa) -> Result<Self, GemmError> {
        Self::of(geometry, false, isa)
    }

    /// The same in blocks of whole rows, which an end is called with; none where it is not computed in such.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn by_rows(geometry: Geometry, isa: Isa) -> Result<Option<Self>, GemmError> {
        let product = geometry.groups == 1 && is_whole(&geometry);
        let product = product && geometry.axes.iter().all(|axis| axis.kernel > 0);
        (geometry.is_depthwise() || product).then(|| Self::of(geometry, true, isa)).transpose()
    }

    fn of(geometry: Geometry, by_rows: bool, isa: Isa) -> Result<Self, GemmError> {
        let epilogue = EpilogueSpec { by_rows, ..EpilogueSpec::default() };
        let way = if geometry.is_depthwise() {
            Way::Depthwise(Box::new(Depthwise::new(geometry, by_rows, isa)))
        } else {
            let [z, y, x] = geometry.axes.map(|axis| axis.stride);
            let firsts = (0..z * y * x).map(|phase| [phase / x / y, phase / x % y, phase % x]);
            let inside = |first: &[usize; 3]| (0..3).all(|axis| first[axis] < geometry.axes[axis].input);
            Way::Phases(
                firsts
                    .filter(inside)
                    .map(|first| Phase::new(&geometry, first, epilogue, isa))
                    .collect::<Result<_, _>>()?,
            )
        };
        Ok(ConvolutionInput { geometry, by_rows, way })
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        match &self.way {
            Way::Phases(phases) => {
                let lens = phases.iter().map(|phase| phase.workspace(&self.geometry));
                lens.map(|(filter, places, own)| filter + places + own).max().unwrap_or(0)
            }
            Way::Depthwise(_) => 0,
        }
    }

    /// The rows of `dx` at which blocks begin, and the number of all: what an end is called with.
    pub fn starts(&self) -> Vec<usize> {
        match &self.way {
            Way::Phases(phases) => phases.first().and_then(|phase| Some(phase.gemm.as_ref()?.starts())),
            Way::Depthwise(direct) => Some(direct.input_starts(size_of::<T>())),
        }
        .unwrap_or_else(|| vec![0, self.geometry.input_len() / self.geometry.channels.max(1)])
    }

    /// Computes `dx`, and hands blocks of its rows to `end`, where there is one.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says, or an end was not planned: a bug of the caller.
    pub fn run(
        &self,
        threads: &Threads,
        (dy, w): (&[T], &[T]),
        dx: &mut [T],
        workspace: &mut [T],
        end: Option<&End<'_, T>>,
    ) {
        assert!(end.is_none() || self.by_rows, "rows are not finished together");
        match &self.way {
            Way::Depthwise(direct) => direct.input(threads, (dy, w), dx, end),
            Way::Phases(phases) => {
                let groups = if dx.is_empty() { 0 } else { self.geometry.groups };
                for (group, phase) in (0..groups).flat_map(|group| phases.iter().map(move |phase| (group, phase))) {
                    self.run_phase(threads, group, phase, (dy, w), dx, workspace, end);
                }
            }
        }
    }

    /// One phase of one group.
    #[expect(clippy::too_many_arguments, reason = "what a run has, and which part of it this is")]
    fn run_phase(
        &self,
        threads: &Threads,
        group: usize,
        phase: &Phase<T>,
        (dy, w): (&[T], &[T]),
        dx: &mut [T],
        workspace: &mut [T],
        end: Option<&End<'_, T>>,
    ) {
        let geometry = &self.geometry;
        let filter = group * geometry.own_filters();
        let dx = &mut dx[group * geometry.own_channels()..];
        let Some(gemm) = &phase.gemm else { return phase.spread(geometry, threads, None, dx) };
        let (dy, w) = (dy.get(filter..).unwrap_or(&[]), w.get(filter..).unwrap_or(&[]));
        let (matrix, places, _) = phase.workspace(geometry);
        let (matrix, workspace) = workspace.split_at_mut(matrix);
        let (places, workspace) = workspace.split_at_mut(places);
        phase.gather(geometry, threads, w, matrix);
        if is_whole(geometry) {
            return gemm.run(threads, (dy, matrix, None), dx, workspace, end);
        }
        gemm.run(threads, (dy, matrix, None), places, workspace, None);
        phase.spread(geometry, threads, Some(places), dx);
    }
}
