//! A kernel that finishes its result block of rows by block of rows, and what is computed of each group of its rows by itself,
//! as one step of a plan: a group is read as soon as all of it is there, while that is in the cache.

use super::{ByRows, Fault, Io, Kernel};
use crate::element::Float;
use crate::threads::{Disjoint, Threads};
use std::sync::atomic::{AtomicU32, Ordering};

/// What is computed of groups of rows, each for itself: pooling, of pictures.
pub struct Grouped<T> {
    /// The name in profiles.
    pub name: &'static str,
    /// Rows of a group.
    pub rows: usize,
    /// From a group's rows to its part of the output, on one thread.
    #[expect(clippy::type_complexity, reason = "a function")]
    pub run: Box<dyn Fn(&Threads, &[T], &mut [T]) + Send + Sync>,
}

/// A [`ByRows`] and what follows of its groups. The step's inputs are the kernel's; its outputs are the kernel's, where it is
/// kept, then what follows.
pub struct GroupedKernel<T: Float> {
    kernel: Box<dyn ByRows<T>>,
    then: Grouped<T>,
    groups: usize,
    cols: usize,
    kept: bool,
}

impl<T: Float> GroupedKernel<T> {
    /// A kernel whose result has this shape, and what follows; none where its rows are not whole groups.
    pub fn new(kernel: Box<dyn ByRows<T>>, shape: &[usize], then: Grouped<T>, kept: bool) -> Option<GroupedKernel<T>> {
        let (cols, rows) = (*shape.last()?, shape[..shape.len() - 1].iter().product::<usize>());
        let whole = cols > 0 && rows > 0 && then.rows > 0 && rows % then.rows == 0 && u32::try_from(then.rows).is_ok();
        whole.then(|| GroupedKernel { kernel, groups: rows / then.rows, then, cols, kept })
    }

    /// Elements of the workspace that count the rows which are missing of each group.
    fn counts_len(&self) -> usize {
        (self.groups * size_of::<AtomicU32>()).next_multiple_of(64) / size_of::<T>()
    }

    /// Elements of the workspace that the kernel's result lies in.
    fn scratch_len(&self) -> usize {
        let len = self.groups * self.then.rows * self.cols * size_of::<T>();
        if self.kept { 0 } else { len.next_multiple_of(64) / size_of::<T>() }
    }

    /// A block is there: computes what follows of the groups that it completes.
    ///
    /// # Safety
    /// The block lies in a result that begins at `first`, which was exposed; each is finished once, and nobody writes to it any
    /// more.
    unsafe fn end(&self, first: usize, left: &[AtomicU32], block: &[T], y: Disjoint<'_, T>) {
        let (rows, row) = (self.then.rows, self.cols * size_of::<T>());
        let start = (block.as_ptr().addr() - first) / row;
        let end = start + block.len() / self.cols;
        let len = y.len() / self.groups;
        let groups = start / rows..end.div_ceil(rows);
        for (group, missing) in groups.clone().zip(&left[groups]) {
            let own = start.max(group * rows)..end.min((group + 1) * rows);
            let before = missing.fetch_sub(own.len() as u32, Ordering::AcqRel);
            if before as usize == own.len() {
                let whole = std::ptr::with_exposed_provenance(first + group * rows * row);
                // Safety: the caller's promise: all rows of the group are there, as the count says to this thread; one thread
                // alone has seen it run out.
                unsafe {
                    let x = std::slice::from_raw_parts(whole, rows * self.cols);
                    (self.then.run)(&Threads::serial(), x, y.slice(group * len..(group + 1) * len));
                }
            }
        }
    }
}

impl<T: Float> Kernel for GroupedKernel<T> {
    fn name(&self) -> &'static str {
        self.kernel.name()
    }

    fn describe(&self) -> Option<String> {
        let then = format!("then {}", self.then.name);
        Some(self.kernel.describe().map_or_else(|| then.clone(), |what| format!("{what}, {then}")))
    }

    fn flops(&self) -> Option<f64> {
        self.kernel.flops()
    }

    fn workspace(&self) -> usize {
        (self.counts_len() + self.scratch_len()) * size_of::<T>() + self.kernel.workspace()
    }

    fn run(&self, io: &mut Io<'_>) -> Result<(), Fault> {
        let (counts, rest) = io.workspace_of::<T>().split_at_mut(self.counts_len());
        let (scratch, workspace) = rest.split_at_mut(self.scratch_len());
        let len = self.groups * self.then.rows * self.cols;
        let result = if self.kept { io.output::<T>(0) } else { &mut scratch[..len] };
        let y = Disjoint::new(io.output::<T>(usize::from(self.kept)));
        // Safety: the workspace is aligned to its lines and has room for the counts, which are plain numbers.
        let left = unsafe { std::slice::from_raw_parts(counts.as_mut_ptr().cast::<AtomicU32>(), self.groups) };
        left.iter().for_each(|count| count.store(self.then.rows as u32, Ordering::Relaxed));
        let first = result.as_ptr().expose_provenance();
        // Safety: blocks are slices of the result, each handed over once, when it is finished.
        self.kernel.run_by_rows(io, result, workspace, &|block| unsafe { self.end(first, left, block, y) });
        Ok(())
    }
}
