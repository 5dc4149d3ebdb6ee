//! A kernel that finishes its result block of rows by block of rows, and the pass that ends each, as one step of a plan: the
//! pass runs over a block on the thread that finished it, while it is in the cache.

use super::map::{OPERANDS, overlaps, reductions};
use super::{Fault, InPlace, Io, Kernel};
use crate::element::Float;
use crate::gemm::End;
use crate::isa::Isa;
use crate::map::{Expr, Layout, MAX_OPERANDS, Map, MapInput, MapOutput, MapType, OutputKind};

/// Elements of a block, where there are several, from which on its pass takes longer than beginning it: what is cut into
/// smaller ones stays in the cache anyway.
const LEAST: usize = 1536;

/// A kernel with one output, a matrix whose rows are finished in blocks. It stops no run: all of its faults are known before.
pub trait ByRows<T>: Kernel {
    /// The rows at which the blocks begin, the first of them 0, and behind them the number of all rows. The shape alone
    /// sets them, never the number of threads: what is summed over rows is summed block by block.
    fn starts(&self) -> Vec<usize>;

    /// As [`Kernel::run`], into `y` and with a workspace of [`Kernel::workspace`] bytes, and hands each block to `end` once,
    /// whole, when it is finished. Its inputs are the first of the step's. What becomes of a block is not for it to know:
    /// nothing of it may be read or written any more.
    fn run_by_rows(&self, io: &Io<'_>, y: &mut [T], workspace: &mut [T], end: &End<'_, T>);
}

/// The pass that ends a product: a program over its elements, and where they are among its inputs.
#[derive(Clone)]
pub struct Pass {
    /// What is computed of each.
    pub expr: Expr,
    /// What is read, over the elements of the product.
    pub inputs: Vec<MapInput>,
    /// What is written.
    pub outputs: Vec<MapOutput>,
    /// Which input is the product.
    pub product: usize,
}

/// Where the product lies until its pass has run.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// It is the step's first output: others read it.
    Kept,
    /// Where an output of the pass will lie.
    Output(usize),
    /// In the workspace.
    Scratch,
}

/// A [`ByRows`] and the pass that ends it. The step's inputs are the kernel's, then those of the pass without the
/// product; its outputs are the product, where it is kept, then the pass's.
pub struct EndedKernel<T: Float + MapType> {
    kernel: Box<dyn ByRows<T>>,
    map: Map<T>,
    /// Inputs of the kernel.
    own: usize,
    /// Inputs of the pass, and which of them is the product.
    inputs: usize,
    product: usize,
    place: Place,
    starts: Vec<usize>,
    cols: usize,
    /// Bit `j` of entry `i`: output `j` may lie on input `i` of the pass.
    overlaps: Vec<u64>,
    map_bytes: usize,
    functions: Vec<&'static str>,
}

impl<T: Float + MapType> EndedKernel<T> {
    /// A kernel of `own` inputs, whose result has this shape, and its pass; none where that cannot run block by block, or is not
    /// worth it.
    ///
    /// # Panics
    /// Where the kernel's blocks are not all rows of the shape: a bug of the kernel's.
    pub fn new(
        kernel: Box<dyn ByRows<T>>,
        own: usize,
        shape: &[usize],
        pass: Pass,
        kept: bool,
        isa: Isa,
    ) -> Option<EndedKernel<T>> {
        let Pass { expr, inputs, outputs, product } = pass;
        let cols = *shape.last()?;
        let whole = MapInput { dtype: T::DTYPE, layout: Layout::contiguous(shape) };
        if inputs.len() > OPERANDS || outputs.len() > OPERANDS || inputs[product] != whole {
            return None;
        }
        let (starts, rows) = (kernel.starts(), shape[..shape.len() - 1].iter().product::<usize>());
        let ascending = starts.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(
            ascending && starts.len() > 1 && starts[0] == 0 && starts[starts.len() - 1] == rows,
            "{}: blocks that are not all {rows} rows, {starts:?}",
            kernel.name()
        );
        let mut functions = expr.functions();
        functions.extend(reductions(&outputs));
        let lies = |output: &MapOutput| output.kind == OutputKind::Store && output.dtype == T::DTYPE;
        let place = match outputs.iter().position(lies) {
            _ if kept => Place::Kept,
            Some(output) => Place::Output(output),
            None => Place::Scratch,
        };
        let blocks = starts.len() - 1;
        if blocks > 1 && rows * cols / blocks < LEAST {
            return None;
        }
        let count = inputs.len();
        let overlaps = inputs.iter().map(|input| overlaps(shape, input, &outputs)).collect();
        let map = Map::new(shape, expr, inputs, outputs, isa).ok()?.of_blocks(cols, blocks)?;
        let map_bytes = map.workspace_len().next_multiple_of(64);
        Some(EndedKernel {
            kernel,
            map,
            own,
            inputs: count,
            product,
            place,
            starts,
            cols,
            overlaps,
            map_bytes,
            functions,
        })
    }

    /// Elements of the product.
    fn len(&self) -> usize {
        self.starts[self.starts.len() - 1] * self.cols
    }

    /// Elements of the workspace that the product lies in.
    fn scratch_len(&self) -> usize {
        if self.place == Place::Scratch {
            (self.len() * size_of::<T>()).next_multiple_of(64) / size_of::<T>()
        } else {
            0
        }
    }

    /// Which block this is, by where it lies behind the first.
    ///
    /// # Panics
    /// Where it is not one: a bug of the kernel's.
    fn block(&self, first: *const T, block: &[T]) -> usize {
        let bytes = block.as_ptr().addr().checked_sub(first.addr());
        let row = bytes.filter(|bytes| bytes % (self.cols * size_of::<T>()) == 0);
        let row = row.map(|bytes| bytes / (self.cols * size_of::<T>()));
        let index = row.and_then(|row| self.starts.binary_search(&row).ok()).filter(|at| at + 1 < self.starts.len());
        let index = index.expect("a block begins where the kernel said");
        assert_eq!(block.len(), (self.starts[index + 1] - self.starts[index]) * self.cols, "a whole block");
        index
    }
}

/// Addresses that the threads share: the pass's workspace, inputs, outputs.
struct Addresses {
    at: [*mut u8; 1 + MAX_OPERANDS],
    len: usize,
    first: *mut u8,
}

// Safety: each block is ended by the thread that has it alone, which reads and writes only that block's elements.
unsafe impl Sync for Addresses {}

impl<T: Float + MapType> EndedKernel<T> {
    /// The addresses of a step, with nothing yet where the product is read.
    fn addresses(&self, given: &[*mut u8]) -> Addresses {
        let (workspace, operands) = (given[0], &given[1 + self.own..]);
        let others = self.inputs - 1;
        let (before, after) = operands[..others].split_at(self.product);
        let outputs = &operands[others..];
        let (first, outputs) = match self.place {
            Place::Kept => (outputs[0], &outputs[1..]),
            Place::Output(output) => (outputs[output], outputs),
            Place::Scratch => (workspace.wrapping_add(self.map_bytes), outputs),
        };
        let mut at = [workspace; 1 + MAX_OPERANDS];
        let list = before.iter().chain([&first]).chain(after).chain(outputs);
        at[1..].iter_mut().zip(list).for_each(|(at, &operand)| *at = operand);
        Addresses { at, len: 1 + self.inputs + outputs.len(), first }
    }

    /// The pass over one block.
    ///
    /// # Safety
    /// The addresses are those of this step, and nobody else has the block.
    unsafe fn end(&self, memory: &Addresses, block: &mut [T]) {
        let index = self.block(memory.first.cast(), block);
        let start = self.starts[index] * self.cols;
        let mut at = memory.at;
        // What is written of it is written by way of the block, which the kernel has lent.
        let first = block.as_mut_ptr().wrapping_sub(start).cast();
        at[1 + self.product] = first;
        if let Place::Output(output) = self.place {
            at[1 + self.inputs + output] = first;
        }
        // Safety: the caller's promise.
        unsafe { self.map.run_stretch(&at[..memory.len], index, start..start + block.len()) };
    }
}

impl<T: Float + MapType> Kernel for EndedKernel<T> {
    fn name(&self) -> &'static str {
        self.kernel.name()
    }

    fn describe(&self) -> Option<String> {
        let then = self.functions.join(" ");
        Some(match self.kernel.describe() {
            Some(what) => format!("{what}, then {then}"),
            None => format!("then {then}"),
        })
    }

    fn flops(&self) -> Option<f64> {
        self.kernel.flops()
    }

    fn workspace(&self) -> usize {
        self.map_bytes + self.scratch_len() * size_of::<T>() + self.kernel.workspace()
    }

    fn in_place(&self, input: usize, output: usize) -> Option<InPlace> {
        let input = input.checked_sub(self.own)?;
        let input = input + usize::from(input >= self.product);
        let output = output.checked_sub(usize::from(self.place == Place::Kept))?;
        // The product is written there before the pass has read what it reads.
        let free = self.place != Place::Output(output) && self.overlaps[input] >> output & 1 == 1;
        free.then_some(InPlace(()))
    }

    fn run(&self, io: &mut Io<'_>) -> Result<(), Fault> {
        let memory = &self.addresses(io.addresses());
        let workspace = &mut io.workspace_of::<T>()[self.map_bytes / size_of::<T>() + self.scratch_len()..];
        // Safety: as for `MapKernel`: the operands lie inside their spaces, and overlap only where `in_place` says so. The
        // product is an output, or behind the pass's part of the workspace, and as long as its rows; blocks are slices of
        // it that nobody else has, and with them the same rows of all that the pass writes.
        unsafe {
            let y = std::slice::from_raw_parts_mut(memory.first.cast::<T>(), self.len());
            self.map.prepare(&memory.at[..memory.len]);
            self.kernel.run_by_rows(io, y, workspace, &|block| self.end(memory, block));
            self.map.finish_blocks(&memory.at[..memory.len]);
        }
        Ok(())
    }
}
