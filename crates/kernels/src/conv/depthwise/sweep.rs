//! Which numbers of a filter meet which places, found once when a convolution is planned.

use crate::conv::geometry::{Axis, Geometry};

/// The numbers of the filter that meet a place along one axis: number `number + i · number_step` meets
/// `place + i · place_step` of the other side, for all `i < count`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meeting {
    pub number: usize,
    pub number_step: usize,
    pub place: usize,
    pub place_step: isize,
    pub count: usize,
}

/// Places `first, first + step, …` that are met by the same numbers, `stride` further on the other side for each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub first: usize,
    pub step: usize,
    pub count: usize,
    pub meeting: Meeting,
    pub stride: usize,
}

/// All places of one side, line by line.
#[derive(Clone, Debug)]
pub(super) struct Sweep {
    /// For each place along the first two axes.
    pub meetings: [Vec<Meeting>; 2],
    /// Those along the last axis.
    pub runs: Vec<Run>,
    /// The sizes of this side, and of the other.
    pub to: [usize; 3],
    pub from: [usize; 3],
}

impl Meeting {
    /// The place that is met `i`-th.
    #[inline(always)]
    pub fn at(&self, i: usize) -> usize {
        self.place.wrapping_add_signed(i as isize * self.place_step)
    }

    /// The number that meets it.
    #[inline(always)]
    pub fn number(&self, i: usize) -> usize {
        self.number + i * self.number_step
    }

    /// What window `o` reads of the input.
    fn of_window(axis: &Axis, o: usize) -> Meeting {
        let numbers = axis.inside(o);
        if numbers.is_empty() {
            return Meeting::default();
        }
        let place = axis.place(o, numbers.start);
        let place_step = axis.dilation as isize;
        Meeting { number: numbers.start, number_step: 1, place, place_step, count: numbers.len() }
    }

    /// The windows that read place `i` of the input.
    fn of_place(axis: &Axis, i: usize) -> Meeting {
        let window = |k: &usize| {
            let reach = (i + axis.before).checked_sub(k * axis.dilation)?;
            (reach.is_multiple_of(axis.stride) && reach / axis.stride < axis.output).then_some(reach / axis.stride)
        };
        let mut all = (0..axis.kernel).filter_map(|k| Some((k, window(&k)?)));
        let Some((number, place)) = all.next() else { return Meeting::default() };
        let (number_step, place_step) =
            all.next().map_or((1, 0), |(k, window)| (k - number, window as isize - place as isize));
        let count = (0..axis.kernel).filter(|k| window(k).is_some()).count();
        Meeting { number, number_step, place, place_step, count }
    }
}

impl Run {
    /// Places `step` apart, in runs; from one to the next the other side moves by `stride`.
    fn all(len: usize, step: usize, stride: usize, meeting: impl Fn(usize) -> Meeting) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for place in (0..step).flat_map(|phase| (phase..len).step_by(step)) {
            let meeting = meeting(place);
            let goes_on = |run: &&mut Run| {
                let further = Meeting { place: run.meeting.place + run.count * stride, ..run.meeting };
                place == run.first + run.count * step && (meeting == further || meeting.count + run.meeting.count == 0)
            };
            match runs.last_mut().filter(goes_on) {
                Some(run) => run.count += 1,
                None => runs.push(Run { first: place, step, count: 1, meeting, stride }),
            }
        }
        runs
    }
}

impl Sweep {
    /// The windows of a convolution, and what they read.
    pub fn of_windows(geometry: &Geometry) -> Sweep {
        let [deep, high, wide] = &geometry.axes;
        let all = |axis: &Axis| (0..axis.output).map(|o| Meeting::of_window(axis, o)).collect();
        let runs = Run::all(wide.output, 1, wide.stride, |o| Meeting::of_window(wide, o));
        Sweep { meetings: [all(deep), all(high)], runs, to: geometry.outputs(), from: geometry.inputs() }
    }

    /// The places of the input, and the windows that read them.
    pub fn of_places(geometry: &Geometry) -> Sweep {
        let [deep, high, wide] = &geometry.axes;
        let all = |axis: &Axis| (0..axis.input).map(|i| Meeting::of_place(axis, i)).collect();
        let runs = Run::all(wide.input, wide.stride, 1, |i| Meeting::of_place(wide, i));
        Sweep { meetings: [all(deep), all(high)], runs, to: geometry.inputs(), from: geometry.outputs() }
    }

    /// Lines of a picture.
    pub fn lines(&self) -> usize {
        self.to[0] * self.to[1]
    }

    /// What a line of this side meets along the first two axes.
    pub fn line(&self, line: usize) -> [Meeting; 2] {
        [self.meetings[0][line / self.to[1]], self.meetings[1][line % self.to[1]]]
    }
}
