//! A program run: tile by tile, every instruction in turn.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::check::MAX_OPERANDS;
use super::convert::Rows;
use super::places::{INPUTS, Places};
use super::plan::{MAX_SLOTS, TEMP_BYTES};
use super::program::{Gather, Hazard, Map};
use super::reduction::{GroupTask, Shared};
use super::sweep::MapType;
use crate::threads::Threads;

/// Bytes of a task's stack for tables and temporaries, for large programs and for small.
const LARGE: usize = TEMP_BYTES + MAX_SLOTS * 8 + 64;
const SMALL: usize = 2 << 10;

/// A single element.
const ONE: Rows = Rows { count: 1, stride: 0, len: 1, step: 0 };

#[repr(align(64))]
struct Stack<const BYTES: usize>(MaybeUninit<[u8; BYTES]>);

/// Which part of a run a call does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Numbers that do not change during a run.
    Once,
    /// One task's tiles.
    Task(usize),
    /// Both, for a program of one task.
    Whole,
    /// The same for a program of one tile.
    Single,
    /// Some elements of a program of [stretches](Map::run_stretch), which are those of a block.
    Stretch(usize, usize, usize),
}

impl<T: MapType> Map<T> {
    /// Runs the program. `inputs[i]` and `outputs[i]` are where the memory of input and output `i` begins.
    ///
    /// # Safety
    /// The instruction set given to `new` exists. Every pointer is aligned for its type and valid for all elements of
    /// its layout, reads for inputs, reads and writes for outputs. An output may be the memory of an input only if
    /// that input's layout is contiguous over the iteration with the same size of element and the output is stored,
    /// not reduced; otherwise outputs overlap nothing.
    ///
    /// # Panics
    /// When the numbers of pointers are not those of `new`, or the workspace is shorter than
    /// [`workspace_len`](Map::workspace_len).
    pub unsafe fn run(&self, threads: &Threads, inputs: &[*const u8], outputs: &[*mut u8], workspace: &mut [u8]) {
        assert_eq!(inputs.len(), self.input_count, "inputs");
        assert!(workspace.len() >= self.workspace_len(), "workspace of {} bytes", workspace.len());
        let mut at = [workspace.as_mut_ptr().wrapping_add(workspace.as_ptr().align_offset(64)); 1 + MAX_OPERANDS];
        let operands = inputs.iter().map(|input| input.cast_mut()).chain(outputs.iter().copied());
        at[1..].iter_mut().zip(operands).for_each(|(at, operand)| *at = operand);
        // Safety: the caller's promise.
        unsafe { self.run_at(threads, &at[..1 + inputs.len() + outputs.len()]) };
    }

    /// As [`run`](Map::run), by one list of addresses: the workspace, then the inputs, then the outputs.
    ///
    /// # Safety
    /// As [`run`](Map::run); the workspace is aligned to 64 bytes and has [`workspace_len`](Map::workspace_len) bytes.
    ///
    /// # Panics
    /// When the number of addresses is not that of `new`.
    #[inline]
    pub(crate) unsafe fn run_at(&self, threads: &Threads, at: &[*mut u8]) {
        let memory = &self.places(at);
        // Safety: the caller's promise.
        unsafe {
            if self.single {
                self.call(memory, Part::Single);
            } else if self.tiling.total == 0 {
                self.write_empty(memory.outputs());
            } else if self.tasks == 1 {
                self.call(memory, Part::Whole);
                self.finish(memory);
            } else {
                self.call(memory, Part::Once);
                threads.run(self.tasks, &move |task| self.call(memory, Part::Task(task)));
                self.finish(memory);
            }
        }
    }

    #[inline]
    fn places<'a>(&self, at: &'a [*mut u8]) -> Places<'a> {
        assert_eq!(at.len(), INPUTS + self.input_count + self.outputs.len(), "a place of each operand");
        Places::new(at, self.input_count)
    }

    /// Whether an element of the results depends on the same element of the inputs, and on numbers that do not change
    /// during a run, alone: then any [stretch](Map::run_stretch) of the iteration may run by itself.
    pub(crate) fn is_pointwise(&self) -> bool {
        let copied = self.gathers.len() + self.patterns.len() + self.groups.len() + self.rows.len();
        copied == 0 && self.moving.iter().all(|moving| moving.strides.is_none())
    }

    /// What comes before the first stretch of a run.
    ///
    /// # Safety
    /// As [`run_at`](Map::run_at).
    pub(crate) unsafe fn prepare(&self, at: &[*mut u8]) {
        // Safety: the caller's promise.
        unsafe { self.call(&self.places(at), Part::Once) };
    }

    /// Elements `range` of a [pointwise](Map::is_pointwise) program that was [prepared](Map::prepare), or all of block
    /// `block` of a program [of blocks](Map::of_blocks). Element `i` of an input that lies as the iteration does is the
    /// `i`th from its pointer, which may be outside its memory for elements that are not in the range.
    ///
    /// # Safety
    /// As [`prepare`](Map::prepare), for these elements; nobody else has them, or the block.
    pub(crate) unsafe fn run_stretch(&self, at: &[*mut u8], block: usize, range: Range<usize>) {
        // Safety: the caller's promise.
        unsafe { self.call(&self.places(at), Part::Stretch(block, range.start, range.end)) };
    }

    /// What comes after the last block of a run: reductions joined, block by block in their order.
    ///
    /// # Safety
    /// As [`prepare`](Map::prepare), and all blocks were run.
    pub(crate) unsafe fn finish_blocks(&self, at: &[*mut u8]) {
        let memory = &self.places(at);
        // Safety: the caller's promise.
        unsafe { self.finish_rows(memory, self.task_memory(memory, 0)) };
    }

    /// # Safety
    /// The table is filled, the once-only instructions have run, and the program is pointwise or one of blocks.
    unsafe fn run_elements(&self, memory: &Places<'_>, slots: *mut *mut T, block: usize, range: Range<usize>) {
        // Safety: the caller's promise; temporaries have room for a tile.
        unsafe {
            self.lay_patterns(memory, slots);
            let deferred = self.deferred(memory);
            self.run_reducing(memory, slots, (block, range.start), self.tiling.within(range), deferred);
        }
    }

    /// # Safety
    /// As [`run_tiles`](Self::run_tiles).
    #[inline]
    unsafe fn lay_patterns(&self, memory: &Places<'_>, slots: *mut *mut T) {
        for pattern in &self.patterns {
            // Safety: the caller's promise.
            unsafe { self.repeat(pattern, memory, *slots.add(pattern.slot)) };
        }
    }

    /// # Safety
    /// As [`run`](Map::run).
    unsafe fn write_empty(&self, outputs: &[*mut u8]) {
        for (target, &to) in self.outputs.iter().zip(outputs) {
            for i in 0..target.empty_len {
                // Safety: the output has `empty_len` elements.
                unsafe { (target.write)(&target.empty_value, to.add(i * target.size), 1) };
            }
        }
    }

    /// # Safety
    /// As [`run`](Map::run).
    unsafe fn call(&self, memory: &Places<'_>, part: Part) {
        // Safety: each stack is as large as the program needs.
        unsafe {
            if self.table + self.temps * self.temp_stride <= SMALL {
                self.on_stack::<SMALL>(memory, part);
            } else {
                self.on_stack::<LARGE>(memory, part);
            }
        }
    }

    /// # Safety
    /// As [`run`](Map::run), and `BYTES` are enough.
    #[inline(never)]
    unsafe fn on_stack<const BYTES: usize>(&self, memory: &Places<'_>, part: Part) {
        let mut stack = Stack::<BYTES>(MaybeUninit::uninit());
        let base = stack.0.as_mut_ptr().cast::<u8>();
        let slots = base.cast::<*mut T>();
        // Safety: the table and the temporaries fit.
        unsafe {
            self.fill_table(memory, slots, base.add(self.table));
            match part {
                Part::Once => self.run_once(memory, slots),
                Part::Whole => {
                    self.run_once(memory, slots);
                    self.run_tiles(memory, slots, 0);
                }
                Part::Single => self.run_single(memory, slots),
                Part::Task(task) => self.run_tiles(memory, slots, task),
                Part::Stretch(block, start, end) => self.run_elements(memory, slots, block, start..end),
            }
        }
    }

    /// # Safety
    /// `slots` holds the table, `temps` the temporaries.
    #[inline]
    unsafe fn fill_table(&self, memory: &Places<'_>, slots: *mut *mut T, temps: *mut u8) {
        let at = memory.all();
        // Safety: the table has a slot for every constant, origin and temporary, and origins name places of this run.
        unsafe {
            let constants = self.constants.as_ptr().cast_mut();
            for i in 0..self.constants.len() {
                slots.add(i).write(constants.add(i));
            }
            let operands = slots.add(self.constants.len());
            for (i, origin) in self.origins.iter().enumerate() {
                operands.add(i).write(at.get_unchecked(origin.place).wrapping_add(origin.bytes).cast());
            }
            let first = operands.add(self.origins.len());
            for i in 0..self.temps {
                first.add(i).write(temps.add(i * self.temp_stride).cast());
            }
        }
    }

    /// # Safety
    /// The table is filled.
    pub(super) unsafe fn run_once(&self, memory: &Places<'_>, slots: *mut *mut T) {
        for scalar in &self.scalars {
            if let Some((fill, size)) = scalar.fill {
                // Safety: the input has an element at its offset, and the slot is a cell.
                unsafe { fill(memory.inputs()[scalar.input].add(scalar.offset * size), ONE, *slots.add(scalar.slot)) };
            }
        }
        for instr in &self.once {
            // Safety: every slot of a once-only instruction is one number.
            unsafe { (instr.kernel)(slots, &instr.operands, 1) };
        }
    }

    /// Where task `i` begins, or the total for one past the last.
    fn task_start(&self, i: usize) -> usize {
        let tile = i * self.tiles_per_task;
        if tile >= self.tiling.count() { self.tiling.total } else { self.tiling.range(tile).start }
    }

    /// # Safety
    /// As [`run`](Map::run).
    pub(super) unsafe fn task_memory(&self, memory: &Places<'_>, task: usize) -> *mut u8 {
        let cells = (self.cells * size_of::<T>()).next_multiple_of(64);
        memory.workspace().wrapping_add(cells + task * self.task_bytes)
    }

    /// # Safety
    /// The table is filled, and the once-only instructions have run.
    unsafe fn run_tiles(&self, memory: &Places<'_>, slots: *mut *mut T, task: usize) {
        // Safety: the caller's promise.
        unsafe {
            self.lay_patterns(memory, slots);
            let deferred = self.deferred(memory);
            let first = task * self.tiles_per_task;
            let tiles = first..(first + self.tiles_per_task).min(self.tiling.count());
            let tiles = tiles.map(|tile| self.tiling.range(tile));
            if self.groups.is_empty() && self.rows.is_empty() {
                for range in tiles {
                    self.run_body(memory, slots, &range, deferred);
                    self.write_out(memory, slots, &range, deferred);
                }
            } else {
                self.run_reducing(memory, slots, (task, self.task_start(task)), tiles, deferred);
            }
        }
    }

    /// Bit `i` is set where store `i` must wait for the end of the tile, since an input that is still needed is the
    /// same memory.
    #[inline]
    pub(super) fn deferred(&self, memory: &Places<'_>) -> u128 {
        let at = memory.all();
        self.hazards.iter().fold(0, |bits, Hazard { store, read, written }| {
            bits | u128::from(at[read.place].wrapping_add(read.bytes) == at[*written]) << store
        })
    }

    /// # Safety
    /// As [`run_tiles`](Self::run_tiles).
    unsafe fn run_reducing(
        &self,
        memory: &Places<'_>,
        slots: *mut *mut T,
        (task, start): (usize, usize),
        tiles: impl Iterator<Item = Range<usize>>,
        deferred: u128,
    ) {
        // Safety: the caller's promise.
        unsafe {
            let own = self.task_memory(memory, task);
            let shared = |g: usize| own.cast::<Shared<T::Wide>>().add(g);
            self.groups.iter().enumerate().for_each(|(g, groups)| groups.begin(shared(g)));
            self.rows.iter().for_each(|rows| rows.begin(own));
            for range in tiles {
                self.run_body(memory, slots, &range, deferred);
                for (g, groups) in self.groups.iter().enumerate() {
                    groups.tile(slots, &range, &GroupTask { start, shared: shared(g), outputs: memory.outputs() });
                }
                self.rows.iter().for_each(|rows| rows.tile(slots, range.start, range.len(), own));
                self.write_out(memory, slots, &range, deferred);
            }
            self.rows.iter().for_each(|rows| rows.close(own));
        }
    }

    /// # Safety
    /// All tasks are done.
    unsafe fn finish(&self, memory: &Places<'_>) {
        // Safety: as `run`.
        unsafe {
            let first = self.task_memory(memory, 0);
            if self.tasks > 1 {
                for (g, groups) in self.groups.iter().enumerate() {
                    let shared = first.cast::<Shared<T::Wide>>().add(g).cast::<u8>();
                    groups.finish(self.tasks, |i| self.task_start(i), shared, self.task_bytes, memory.outputs());
                }
            }
            self.finish_rows(memory, first);
        }
    }

    /// # Safety
    /// All tasks are done; `first` is the first one's workspace.
    unsafe fn finish_rows(&self, memory: &Places<'_>, first: *mut u8) {
        for rows in &self.rows {
            // Safety: the caller's promise.
            unsafe { rows.finish(self.tasks, first, self.task_bytes, memory.outputs()) };
        }
    }

    /// Points the slots at one tile, copies what cannot be read in place, and runs the instructions.
    ///
    /// # Safety
    /// As [`run_tiles`](Self::run_tiles).
    #[inline(always)]
    unsafe fn run_body(&self, memory: &Places<'_>, slots: *mut *mut T, range: &Range<usize>, deferred: u128) {
        let (at, len) = (range.start, range.len());
        // Safety: every tile lies within the iteration.
        unsafe {
            for moving in &self.moving {
                let element = match &moving.strides {
                    None => at as isize,
                    Some((outer, inner)) => self.element(outer, *inner, at),
                };
                let base = memory.inputs()[moving.input].cast::<T>().wrapping_add(moving.offset);
                slots.add(moving.slot).write(base.wrapping_offset(element));
            }
            for gather in &self.gathers {
                self.gather(gather, memory, at, len, *slots.add(gather.slot));
            }
            for (i, store) in self.stores.iter().enumerate() {
                let to = if deferred >> i & 1 != 0 {
                    *slots.add(store.spare)
                } else {
                    memory.outputs()[store.output].cast::<T>().add(at)
                };
                slots.add(store.slot).write(to);
            }
            self.run_instructions(slots, len);
        }
    }

    /// # Safety
    /// Every slot points to a tile of `len` elements, or to the one number that it stands for.
    #[inline(always)]
    pub(super) unsafe fn run_instructions(&self, slots: *mut *mut T, len: usize) {
        for instr in &self.body {
            // Safety: the caller's promise.
            unsafe { (instr.kernel)(slots, &instr.operands, if instr.scalar { 1 } else { len }) };
        }
    }

    /// # Safety
    /// As [`run_tiles`](Self::run_tiles); the instructions have run on this tile.
    #[inline(always)]
    pub(super) unsafe fn write_out(
        &self,
        memory: &Places<'_>,
        slots: *mut *mut T,
        range: &Range<usize>,
        deferred: u128,
    ) {
        let (at, len) = (range.start, range.len());
        // Safety: every tile lies within the iteration.
        unsafe {
            for write in &self.writes {
                (write.write)(*slots.add(write.slot), memory.outputs()[write.output].add(at * write.size), len);
            }
            if deferred != 0 {
                for (i, store) in self.stores.iter().enumerate().filter(|(i, _)| deferred >> i & 1 != 0) {
                    debug_assert!(i < self.stores.len());
                    let to = memory.outputs()[store.output].cast::<T>().add(at);
                    std::ptr::copy_nonoverlapping((*slots.add(store.slot)).cast_const(), to, len);
                }
            }
        }
    }

    /// The place of element `at` of the iteration under `outer` strides and an innermost one of 1 or 0.
    fn element(&self, outer: &[isize], inner: bool, at: usize) -> isize {
        let (row, column) = (at / self.tiling.inner, at % self.tiling.inner);
        let column = if inner { column as isize } else { 0 };
        column + self.row_start(outer, row)
    }

    /// The place where row `row` begins.
    fn row_start(&self, outer: &[isize], row: usize) -> isize {
        match outer {
            [stride] => row as isize * stride,
            _ => {
                let mut rest = row;
                let mut place = 0;
                for (&extent, &stride) in self.outer.iter().zip(outer).rev() {
                    place += (rest % extent) as isize * stride;
                    rest /= extent;
                }
                place
            }
        }
    }

    /// Copies elements `at … at + len` of an input to `to`.
    ///
    /// # Safety
    /// They lie within the iteration, and `to` has room.
    pub(super) unsafe fn gather(&self, gather: &Gather<T>, memory: &Places<'_>, at: usize, len: usize, to: *mut T) {
        let (&inner, outer) = gather.strides.split_last().expect("at least one dimension");
        let base = memory.inputs()[gather.input].wrapping_add(gather.offset * gather.size);
        // Of the smallest passes, which are called most often.
        if self.tiling.total == 1 {
            // Safety: the caller's promise.
            return unsafe { (gather.fill)(base, ONE, to) };
        }
        let (row, column) = (at / self.tiling.inner, at % self.tiling.inner);
        let size = gather.size as isize;
        let start = self.row_start(outer, row) + column as isize * inner;
        // Safety: the caller's promise.
        unsafe {
            if gather.scalar {
                return (gather.fill)(base.offset(start * size), ONE, to);
            }
            if self.tiling.per_row > 0 {
                return (gather.fill)(base.offset(start * size), Rows { len, step: inner, ..ONE }, to);
            }
            let inner_len = self.tiling.inner;
            let (mut row, last) = (row, row + len / inner_len);
            let mut to = to;
            // The last outer dimension at once, as far as it goes; mostly there is no other.
            let (stride, extent) = match (outer.last(), self.outer.last()) {
                (Some(&stride), Some(&extent)) => (stride, extent),
                _ => (0, 1),
            };
            while row < last {
                let count = (extent - row % extent).min(last - row);
                let rows = Rows { count, stride, len: inner_len, step: inner };
                (gather.fill)(base.offset(self.row_start(outer, row) * size), rows, to);
                to = to.add(count * inner_len);
                row += count;
            }
        }
    }

    /// Lays one row out over a whole tile, again and again.
    ///
    /// # Safety
    /// The input has a row, and `to` has room for a tile.
    pub(super) unsafe fn repeat(&self, pattern: &Gather<T>, memory: &Places<'_>, to: *mut T) {
        let inner = self.tiling.inner;
        let stride = *pattern.strides.last().expect("at least one dimension");
        // Safety: the caller's promise; each copy reads what is already there.
        unsafe {
            let row = memory.inputs()[pattern.input].add(pattern.offset * pattern.size);
            (pattern.fill)(row, Rows { len: inner, step: stride, ..ONE }, to);
            let mut done = inner;
            while done < self.tiling.len {
                let part = done.min(self.tiling.len - done);
                std::ptr::copy_nonoverlapping(to.cast_const(), to.add(done), part);
                done += part;
            }
        }
    }
}
