//! Reductions that ride along with a program: running results per task, joined in task order.

use std::ops::Range;

use super::Reduce;
use super::compile::Converted;
use super::fold::Fold;
use super::plan::Tiling;
use super::sweep::{Kernel, MapType, Operands};
use crate::isa::Isa;

/// Passes over a row of running results before they move on to the wide ones: bounds the error of long sums.
const PASSES: usize = 64;

/// `out[q] = join of elements q·len … (q + 1)·len`: a reduction over trailing dimensions.
#[derive(Debug)]
pub(super) struct Groups<T> {
    end: Converted<T>,
    op: Reduce,
    len: usize,
    scale: Option<f64>,
    fold: Fold<T>,
}

/// What a task leaves of the groups it shares with its neighbours.
struct Shared<W> {
    /// Of the group that began before the task and ended in it.
    head: W,
    /// Of the group that was open when the task ended.
    tail: W,
}

/// The task that a tile belongs to, as one [`Groups`] sees it.
pub(super) struct GroupTask<'a, T: MapType> {
    /// Its first element.
    pub start: usize,
    /// Where it leaves its [`Shared`].
    pub shared: *mut T::Wide,
    pub outputs: &'a [*mut u8],
}

impl<T: MapType> Groups<T> {
    pub fn new(end: Converted<T>, op: Reduce, len: usize, scale: Option<f64>, isa: Isa) -> Groups<T> {
        Groups { end, op, len, scale, fold: T::fold(op, isa) }
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

    /// Takes in the tile of elements `range`; `running` is the open group's result so far.
    ///
    /// # Safety
    /// The tile's slot and the pointers of `task` are valid.
    #[inline]
    pub unsafe fn tile(
        &self,
        slots: *const *mut T,
        range: &Range<usize>,
        task: &GroupTask<'_, T>,
        running: &mut T::Wide,
    ) {
        let (at, len) = (range.start, range.len());
        // Safety: the slot holds `len` elements, and groups within the iteration have their place in the output.
        unsafe {
            let tile = *slots.add(self.end.slot);
            let mut group = at / self.len;
            let mut done = 0;
            while done < len {
                let end = (group + 1) * self.len;
                let part = (end - at - done).min(len - done);
                *running = self.op.two(*running, (self.fold)(tile.add(done), part).widen());
                done += part;
                if at + done == end {
                    if group * self.len >= task.start {
                        self.write(task.outputs, group, *running);
                    } else {
                        (*task.shared.cast::<Shared<T::Wide>>()).head = *running;
                    }
                    *running = self.start();
                    group += 1;
                }
            }
        }
    }

    /// The result of a group before its first element.
    pub fn fresh(&self) -> T::Wide {
        self.start()
    }

    /// Keeps the open group's result for [`finish`](Self::finish).
    ///
    /// # Safety
    /// `task` points to this task's [`Shared`].
    pub unsafe fn close(&self, running: T::Wide, task: *mut T::Wide) {
        // Safety: the caller's promise.
        unsafe { (*task.cast::<Shared<T::Wide>>()).tail = running };
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
                    open = self.op.two(open, shared.tail);
                    continue;
                }
                // Safety: a group of this iteration.
                unsafe { self.write(outputs, group, self.op.two(open, shared.head)) };
            }
            open = shared.tail;
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
    /// Where in a task's workspace the running and the wide results lie.
    running: usize,
    wide: usize,
}

/// How far a task is.
#[derive(Clone, Copy, Default)]
pub(super) struct Progress {
    taken: usize,
    moved: bool,
}

impl<T: MapType> Rows<T> {
    pub fn new(end: Converted<T>, op: Reduce, period: usize, scale: Option<f64>, isa: Isa, tiling: &Tiling) -> Rows<T> {
        let width = if tiling.per_row == 0 { period * (tiling.len / period).max(1) } else { period };
        Rows { end, op, period, width, scale, row: op.row(isa), running: 0, wide: 0 }
    }

    /// Takes its place in a task's workspace from `from` on; the place after it.
    pub fn reserve(&mut self, from: usize) -> usize {
        self.running = from.next_multiple_of(64);
        self.wide = (self.running + self.width * size_of::<T>()).next_multiple_of(64);
        self.wide + self.period * size_of::<T::Wide>()
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
    pub unsafe fn begin(&self, task: *mut u8) -> Progress {
        // Safety: `width` elements are reserved.
        unsafe {
            let running = self.running(task);
            (0..self.width).for_each(|i| running.add(i).write(self.op.start()));
        }
        Progress::default()
    }

    /// Takes in the tile that begins at element `at`.
    ///
    /// # Safety
    /// The tile's slot is valid; `task` points to this task's workspace.
    #[inline]
    pub unsafe fn tile(&self, slots: *const *mut T, at: usize, len: usize, progress: &mut Progress, task: *mut u8) {
        if progress.taken >= PASSES * self.width {
            // Safety: the caller's promise.
            unsafe { self.flush(progress, task) };
        }
        progress.taken += len;
        let (mut done, mut place) = (0, at % self.width);
        while done < len {
            let part = (self.width - place).min(len - done);
            // Safety: `part` elements remain in the tile and in the running results.
            unsafe {
                let tile = *slots.add(self.end.slot);
                let running = self.running(task).add(place);
                let pair = [running, tile.add(done)];
                (self.row)(pair.as_ptr(), &Operands { dst: 0, scalars: 0, src: [0, 1, 0, 0, 0] }, part);
            }
            done += part;
            place = 0;
        }
    }

    /// Moves the running results into the wide ones.
    ///
    /// # Safety
    /// `task` points to this task's workspace.
    unsafe fn flush(&self, progress: &mut Progress, task: *mut u8) {
        for j in 0..self.period {
            // Safety: `j` is below `period`, the length of the wide results.
            unsafe {
                let joined = self.column(j, task);
                let wide = self.wide(task).add(j);
                wide.write(if progress.moved { self.op.two(*wide, joined) } else { joined });
            }
        }
        // Safety: `task` points to this task's workspace.
        *progress = Progress { moved: true, ..unsafe { self.begin(task) } };
    }

    /// The running results of column `j` joined.
    ///
    /// # Safety
    /// `task` points to this task's workspace, and `j` is below `period`.
    unsafe fn column(&self, j: usize, task: *mut u8) -> T::Wide {
        // Safety: every index is below `width`.
        unsafe {
            let running = self.running(task);
            let mut joined = (*running.add(j)).widen();
            for i in (j + self.period..self.width).step_by(self.period) {
                joined = self.op.two(joined, (*running.add(i)).widen());
            }
            joined
        }
    }

    /// Leaves all of this task's results in the wide ones.
    ///
    /// # Safety
    /// `task` points to this task's workspace.
    pub unsafe fn close(&self, mut progress: Progress, task: *mut u8) {
        // Safety: the caller's promise.
        unsafe { self.flush(&mut progress, task) }
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
