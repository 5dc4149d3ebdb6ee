//! Reductions that ride along with a program: running results per task, joined in task order.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::Reduce;
use super::fold::Fold;
use super::plan::Tiling;
use super::program::Converted;
use super::sweep::{Kernel, MAX_SOURCES, MapType, Operands, RESULTS};
use crate::isa::Isa;

/// Passes over a row of running results before they move on to the wide ones: bounds the error of long sums.
const PASSES: usize = 64;

/// Short groups joined in one go.
const BATCH: usize = 64;

/// `out[q] = join of elements q·len … (q + 1)·len`: a reduction over trailing dimensions.
#[derive(Debug)]
pub(super) struct Groups<T> {
    end: Converted<T>,
    op: Reduce,
    len: usize,
    /// How many groups there are.
    count: usize,
    scale: Option<f64>,
    fold: Fold<T>,
}

/// A task's running result, and what it leaves of the groups it shares with its neighbours.
pub(super) struct Shared<W> {
    /// Of the group that is open, in the end of the one that the next task goes on with.
    open: W,
    /// Of the group that began before the task and ended in it.
    head: W,
}

/// The task that a tile belongs to, as one [`Groups`] sees it.
pub(super) struct GroupTask<'a, T: MapType> {
    /// Its first element.
    pub start: usize,
    /// Where it leaves its [`Shared`].
    pub shared: *mut Shared<T::Wide>,
    pub outputs: &'a [*mut u8],
}

impl<T: MapType> Groups<T> {
    pub fn new(end: Converted<T>, op: Reduce, len: usize, scale: Option<f64>, isa: Isa, total: usize) -> Groups<T> {
        Groups { end, op, len, count: total / len, scale, fold: T::fold(op, isa) }
    }

    /// How many elements join.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Where its tile is.
    pub fn slot(&self) -> usize {
        self.end.slot
    }

    fn start(&self) -> T::Wide {
        self.op.start::<T>().widen()
    }

    /// # Safety
    /// `outputs` has this output, and it has an element `group`.
    unsafe fn write(&self, outputs: &[*mut u8], group: usize, value: T::Wide) {
        let value = T::narrow(value, self.scale);
        // Safety: the caller's promise.
        unsafe { (self.end.write)(&value, outputs[self.end.output].add(group * self.end.size), 1) }
    }

    /// Takes in the tile of elements `range`.
    ///
    /// # Safety
    /// The tile's slot and the pointers of `task` are valid.
    #[inline]
    pub unsafe fn tile(&self, slots: *const *mut T, range: &Range<usize>, task: &GroupTask<'_, T>) {
        let (at, len) = (range.start, range.len());
        // Safety: the slot holds `len` elements, and groups within the iteration have their place in the output.
        unsafe {
            let tile = *slots.add(self.end.slot);
            let shared = &mut *task.shared;
            let mut group = at / self.len;
            let mut done = 0;
            while done < len {
                let end = (group + 1) * self.len;
                if at + done + self.len == end && end <= range.end {
                    let whole = ((len - done) / self.len).min(BATCH);
                    self.whole_groups(tile.add(done), group, whole, task.outputs);
                    done += whole * self.len;
                    group += whole;
                    continue;
                }
                let part = (end - at - done).min(len - done);
                let mut joined = T::whole(0);
                (self.fold)(tile.add(done), part, 1, &mut joined);
                shared.open = self.op.two(shared.open, joined.widen());
                done += part;
                if at + done == end {
                    if group * self.len >= task.start {
                        self.write(task.outputs, group, shared.open);
                    } else {
                        shared.head = shared.open;
                    }
                    shared.open = self.start();
                    group += 1;
                }
            }
        }
    }

    /// Joins and writes `count ≤ BATCH` groups that lie in the tile from end to end.
    ///
    /// # Safety
    /// `tile` holds them, and the output has its elements from `group` on.
    unsafe fn whole_groups(&self, tile: *const T, group: usize, count: usize, outputs: &[*mut u8]) {
        let mut joined = [MaybeUninit::<T>::uninit(); BATCH];
        let joined: *mut T = joined.as_mut_ptr().cast();
        // Safety: the caller's promise.
        unsafe {
            (self.fold)(tile, self.len, count, joined);
            rescale(joined, count, self.scale);
            (self.end.write)(joined, outputs[self.end.output].add(group * self.end.size), count);
        }
    }

    /// Joins and writes all groups of a program whose only tile is at `tile`.
    ///
    /// # Safety
    /// `tile` holds them, and `outputs` is valid.
    pub unsafe fn all(&self, tile: *const T, outputs: &[*mut u8]) {
        for group in (0..self.count).step_by(BATCH) {
            let count = (self.count - group).min(BATCH);
            // Safety: the caller's promise.
            unsafe { self.whole_groups(tile.add(group * self.len), group, count, outputs) };
        }
    }

    /// # Safety
    /// `shared` points to memory of this task.
    pub unsafe fn begin(&self, shared: *mut Shared<T::Wide>) {
        let start = self.start();
        // Safety: the caller's promise.
        unsafe { shared.write(Shared { open: start, head: start }) };
    }

    /// Joins the groups that tasks share, in order. `starts` gives where each task begins, then the total.
    ///
    /// # Safety
    /// `first` points to the first task's [`Shared`], `task_bytes` apart from the next; `outputs` is valid.
    pub unsafe fn finish(
        &self,
        tasks: usize,
        starts: impl Fn(usize) -> usize,
        first: *const u8,
        task_bytes: usize,
        outputs: &[*mut u8],
    ) {
        let mut open = self.start();
        for task in 0..tasks {
            let (from, to) = (starts(task), starts(task + 1));
            // Safety: the caller's promise.
            let shared = unsafe { &*first.add(task * task_bytes).cast::<Shared<T::Wide>>() };
            if from % self.len != 0 {
                let group = from / self.len;
                if (group + 1) * self.len > to {
                    open = self.op.two(open, shared.open);
                    continue;
                }
                // Safety: a group of this iteration.
                unsafe { self.write(outputs, group, self.op.two(open, shared.head)) };
            }
            open = shared.open;
        }
    }
}

/// Multiplies results by the factor of their output.
///
/// # Safety
/// `results` is valid for `count` elements.
unsafe fn rescale<T: MapType>(results: *mut T, count: usize, scale: Option<f64>) {
    if scale.is_some() {
        for i in 0..count {
            // Safety: the caller's promise.
            unsafe { *results.add(i) = T::narrow((*results.add(i)).widen(), scale) };
        }
    }
}

/// `out[j] = join of elements j, j + period, j + 2·period …`: a reduction over leading dimensions.
#[derive(Debug)]
pub(super) struct Rows<T> {
    end: Converted<T>,
    op: Reduce,
    period: usize,
    /// Running results: a multiple of `period`, so that short rows are joined many at once.
    pub width: usize,
    scale: Option<f64>,
    row: Kernel<T>,
    /// Where in a task's workspace its progress, the running and the wide results lie.
    progress: usize,
    running: usize,
    wide: usize,
}

/// How far a task is.
struct Progress {
    taken: usize,
    moved: bool,
}

/// `slot 0 ← slot 0 ∘ slot 1`
const FIRST_TWO: Operands = {
    let mut src = [0; MAX_SOURCES];
    src[1] = 1;
    Operands { dst: [0; RESULTS], scalars: 0, src }
};

/// `slot 0 ← slot 1 ∘ slot 2`
const FIRST_OF_TWO: Operands = {
    let mut src = [0; MAX_SOURCES];
    src[0] = 1;
    src[1] = 2;
    Operands { dst: [0; RESULTS], scalars: 0, src }
};

impl<T: MapType> Rows<T> {
    /// Where its tile is.
    pub fn slot(&self) -> usize {
        self.end.slot
    }

    /// How far apart the elements of a result lie.
    pub fn period(&self) -> usize {
        self.period
    }

    pub fn new(end: Converted<T>, op: Reduce, period: usize, scale: Option<f64>, isa: Isa, tiling: &Tiling) -> Rows<T> {
        let width = if tiling.per_row == 0 { period * (tiling.len / period).max(1) } else { period };
        Rows { end, op, period, width, scale, row: op.row(isa), progress: 0, running: 0, wide: 0 }
    }

    /// Takes its place in a task's workspace from `from` on; the place after it.
    pub fn reserve(&mut self, from: usize) -> usize {
        self.progress = from.next_multiple_of(64);
        self.running = self.progress + 64;
        self.wide = (self.running + self.width * size_of::<T>()).next_multiple_of(64);
        self.wide + self.period * size_of::<T::Wide>()
    }

    /// # Safety
    /// `task` points to this task's workspace.
    unsafe fn progress(&self, task: *mut u8) -> *mut Progress {
        // Safety: as reserved.
        unsafe { task.add(self.progress).cast() }
    }

    /// # Safety
    /// `task` points to this task's workspace.
    unsafe fn running(&self, task: *mut u8) -> *mut T {
        // Safety: as reserved.
        unsafe { task.add(self.running).cast() }
    }

    /// # Safety
    /// `task` points to this task's workspace.
    unsafe fn wide(&self, task: *mut u8) -> *mut T::Wide {
        // Safety: as reserved.
        unsafe { task.add(self.wide).cast() }
    }

    /// # Safety
    /// `task` points to this task's workspace.
    pub unsafe fn begin(&self, task: *mut u8) {
        // Safety: the caller's promise.
        unsafe { self.progress(task).write(Progress { taken: 0, moved: false }) };
    }

    /// Takes in the tile that begins at element `at`.
    ///
    /// # Safety
    /// The tile's slot is valid; `task` was begun.
    #[inline]
    pub unsafe fn tile(&self, slots: *const *mut T, at: usize, len: usize, task: *mut u8) {
        // Safety: the caller's promise.
        unsafe {
            let progress = &mut *self.progress(task);
            if progress.taken >= PASSES * self.width {
                self.flush(progress, task);
            }
            if progress.taken == 0 {
                self.clear(task);
            }
            progress.taken += len;
            self.join(*slots.add(self.end.slot), at % self.width, len, task);
        }
    }

    /// Sets the running results to those of nothing.
    ///
    /// # Safety
    /// `task` points to this task's workspace.
    unsafe fn clear(&self, task: *mut u8) {
        // Safety: `width` elements are reserved.
        unsafe {
            let running = self.running(task);
            (0..self.width).for_each(|i| running.add(i).write(self.op.start()));
        }
    }

    /// Joins a tile into the running results from `place` on, around the end as often as needed.
    ///
    /// # Safety
    /// `tile` holds `len` elements; `task` points to this task's workspace.
    #[inline]
    unsafe fn join(&self, tile: *mut T, mut place: usize, len: usize, task: *mut u8) {
        let mut done = 0;
        while done < len {
            let part = (self.width - place).min(len - done);
            // Safety: `part` elements remain in the tile and in the running results.
            unsafe { self.add(self.running(task).add(place), tile.add(done), part) };
            done += part;
            place = 0;
        }
    }

    /// `to[i] ← to[i] joined with from[i]`
    ///
    /// # Safety
    /// Both are valid for `len` elements.
    #[inline]
    unsafe fn add(&self, to: *mut T, from: *mut T, len: usize) {
        let pair = [to, from];
        // Safety: the caller's promise.
        unsafe { (self.row)(pair.as_ptr(), &FIRST_TWO, len) }
    }

    /// Joins the `width` elements at `from`, which may be the running results, into the first `period` of those, by
    /// halves; where they are.
    ///
    /// # Safety
    /// `from` is valid for them; `task` points to this task's workspace.
    unsafe fn narrow(&self, mut from: *mut T, task: *mut u8) -> *mut T {
        let mut count = self.width / self.period;
        // Safety: every index is below `width`.
        unsafe {
            let running = self.running(task);
            while count > 1 {
                let half = count / 2;
                let (start, rest) = (half * self.period, count - half);
                if from != running {
                    std::ptr::copy_nonoverlapping(from.add(start), running.add(start), (rest - half) * self.period);
                }
                let three = [running, from, from.add(rest * self.period)];
                (self.row)(three.as_ptr(), &FIRST_OF_TWO, start);
                (from, count) = (running, rest);
            }
        }
        from
    }

    /// Joins and writes all rows of a program whose only tile is at `tile`.
    ///
    /// # Safety
    /// `tile` holds them; `task` points to the workspace, and `outputs` is valid.
    pub unsafe fn all(&self, tile: *mut T, task: *mut u8, outputs: &[*mut u8]) {
        // Safety: the caller's promise; a single tile is as wide as the running results.
        unsafe {
            let mut joined = self.narrow(tile, task);
            if self.scale.is_some() && joined != self.running(task) {
                std::ptr::copy_nonoverlapping(joined, self.running(task), self.period);
                joined = self.running(task);
            }
            rescale(joined, self.period, self.scale);
            (self.end.write)(joined, outputs[self.end.output], self.period);
        }
    }

    /// Moves the running results into the wide ones.
    ///
    /// # Safety
    /// `task` points to this task's workspace, and a tile has been taken in.
    unsafe fn flush(&self, progress: &mut Progress, task: *mut u8) {
        // Safety: both results hold `period` elements.
        unsafe {
            let (from, to) = (self.narrow(self.running(task), task), self.wide(task));
            for j in 0..self.period {
                let joined = (*from.add(j)).widen();
                to.add(j).write(if progress.moved { self.op.two(*to.add(j), joined) } else { joined });
            }
        }
        *progress = Progress { taken: 0, moved: true };
    }

    /// Leaves all of this task's results in the wide ones.
    ///
    /// # Safety
    /// `task` was begun, and has taken in a tile.
    pub unsafe fn close(&self, task: *mut u8) {
        // Safety: the caller's promise.
        unsafe {
            let progress = &mut *self.progress(task);
            if progress.taken > 0 {
                self.flush(progress, task);
            }
        }
    }

    /// Joins the tasks' results in order and writes them.
    ///
    /// # Safety
    /// `first` points to the first task's workspace, `task_bytes` apart from the next; `outputs` is valid.
    pub unsafe fn finish(&self, tasks: usize, first: *mut u8, task_bytes: usize, outputs: &[*mut u8]) {
        for j in 0..self.period {
            // Safety: `j` is below `period`.
            unsafe {
                let mut joined = *self.wide(first).add(j);
                for task in 1..tasks {
                    joined = self.op.two(joined, *self.wide(first.add(task * task_bytes)).add(j));
                }
                let value = T::narrow(joined, self.scale);
                (self.end.write)(&value, outputs[self.end.output].add(j * self.end.size), 1);
            }
        }
    }
}
