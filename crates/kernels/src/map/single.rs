//! A program of one tile, as those over few numbers are: all slots stand where the table has them, and nothing has to
//! wait for another tile.

use super::places::Places;
use super::program::Map;
use super::sweep::MapType;

impl<T: MapType> Map<T> {
    /// # Safety
    /// As [`run`](Map::run), and the table is filled.
    #[inline]
    pub(super) unsafe fn run_single(&self, memory: &Places<'_>, slots: *mut *mut T) {
        let total = self.tiling.total;
        // Safety: the caller's promise.
        unsafe {
            if self.plain {
                return self.run_instructions(slots, total);
            }
            self.run_once(memory, slots);
            for pattern in &self.patterns {
                self.repeat(pattern, memory, *slots.add(pattern.slot));
            }
            for gather in &self.gathers {
                self.gather(gather, memory, 0, total, *slots.add(gather.slot));
            }
            let deferred = self.deferred(memory);
            if deferred != 0 {
                self.set_aside(slots, deferred);
            }
            self.run_instructions(slots, total);
            for groups in &self.groups {
                groups.all(*slots.add(groups.slot()), memory.outputs());
            }
            for rows in &self.rows {
                rows.all(*slots.add(rows.slot()), self.task_memory(memory, 0), memory.outputs());
            }
            self.write_out(memory, slots, &(0..total), deferred);
        }
    }

    /// Points the stores that must wait for the end to memory of their own.
    ///
    /// # Safety
    /// The table is filled.
    unsafe fn set_aside(&self, slots: *mut *mut T, deferred: u128) {
        for (_, store) in self.stores.iter().enumerate().filter(|(i, _)| deferred >> i & 1 != 0) {
            // Safety: both are slots of the table.
            unsafe { slots.add(store.slot).write(*slots.add(store.spare)) };
        }
    }
}
