//! A program run by somebody else's blocks of rows: over each as it is there, with the running results of a block in
//! memory of its own, joined in the order of the blocks.

use super::program::Map;
use super::sweep::MapType;

impl<T: MapType> Map<T> {
    /// The program for so many blocks of whole rows of `cols` elements, each run by
    /// [`run_stretch`](Map::run_stretch); none where it does not go row by row: where elements of different rows join
    /// into anything but a result for each column.
    pub(crate) fn of_blocks(mut self, cols: usize, blocks: usize) -> Option<Map<T>> {
        let within_rows = self.groups.iter().all(|groups| cols.is_multiple_of(groups.len()));
        let by_columns = self.rows.iter().all(|rows| rows.period() == cols);
        let whole = self.is_pointwise() || cols.is_multiple_of(self.tiling.inner);
        if !within_rows || !by_columns || !whole || self.tiling.total == 0 {
            return None;
        }
        (self.tasks, self.single) = (blocks, false);
        let cells = (self.cells * size_of::<T>()).next_multiple_of(64);
        // Room to begin at a multiple of 64.
        self.workspace = cells + blocks * self.task_bytes + 64;
        Some(self)
    }
}
