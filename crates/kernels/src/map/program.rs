//! A compiled program: what a run needs to know, and nothing else.

use super::convert::{Fill, Write};
use super::plan::Tiling;
use super::reduction::{Groups, Rows};
use super::sweep::{Kernel, MapType, Operands};

/// A compiled elementwise program over one iteration shape, computing in `T`.
///
/// `new` checks everything; [`run`](Map::run) cannot fail and allocates nothing.
#[derive(Debug)]
pub struct Map<T: MapType> {
    pub(super) input_count: usize,
    pub(super) outputs: Vec<Target<T>>,
    pub(super) tiling: Tiling,
    pub(super) tiles_per_task: usize,
    pub(super) tasks: usize,
    /// Whether all elements are one tile.
    pub(super) single: bool,
    pub(super) constants: Vec<T>,
    /// Run-time numbers that do not change during a run.
    pub(super) cells: usize,
    pub(super) scalars: Vec<ScalarInput<T>>,
    /// Instructions that run once.
    pub(super) once: Vec<Instr<T>>,
    /// Instructions that run on every tile.
    pub(super) body: Vec<Instr<T>>,
    pub(super) moving: Vec<Moving>,
    pub(super) gathers: Vec<Gather<T>>,
    pub(super) patterns: Vec<Gather<T>>,
    pub(super) stores: Vec<Store>,
    pub(super) writes: Vec<Converted<T>>,
    pub(super) groups: Vec<Groups<T>>,
    pub(super) rows: Vec<Rows<T>>,
    /// Extents of all dimensions but the innermost.
    pub(super) outer: Vec<usize>,
    /// Where each slot between the constants and the temporaries begins, for the first tile.
    pub(super) origins: Vec<Origin>,
    /// Whether the instructions on each tile are all that there is to do, with operands where they lie.
    pub(super) plain: bool,
    /// Where a store may have to wait for the end of its tile.
    pub(super) hazards: Vec<Hazard>,
    /// Bytes of the table of slots.
    pub(super) table: usize,
    pub(super) temps: usize,
    pub(super) temp_stride: usize,
    pub(super) task_bytes: usize,
    pub(super) workspace: usize,
}

/// Where a slot begins: so many bytes from one of the [places](super::places::Places) of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub place: usize,
    pub bytes: usize,
}

/// What an output holds when the iteration has no elements.
#[derive(Debug)]
pub(super) struct Target<T> {
    pub empty_len: usize,
    pub empty_value: T,
    pub write: Write<T>,
    pub size: usize,
}

/// One instruction; `scalar` ones make one number a tile.
#[derive(Debug)]
pub(super) struct Instr<T> {
    pub kernel: Kernel<T>,
    pub operands: Operands,
    pub scalar: bool,
}

/// An input that is one number for the whole run; copied into a cell where it must be converted.
#[derive(Debug)]
pub(super) struct ScalarInput<T> {
    pub slot: usize,
    pub input: usize,
    pub offset: usize,
    /// The conversion, and the size of what it reads.
    pub fill: Option<(Fill<T>, usize)>,
}

/// An input read in place.
#[derive(Debug)]
pub(super) struct Moving {
    pub slot: usize,
    pub input: usize,
    pub offset: usize,
    /// `None`: the element `i` of the iteration is element `i`. Otherwise strides of the outer dimensions, and whether
    /// the innermost one counts.
    pub strides: Option<(Vec<isize>, bool)>,
}

/// An input copied into a temporary, converted: per tile, or per task for a row that repeats.
#[derive(Debug)]
pub(super) struct Gather<T> {
    pub slot: usize,
    pub input: usize,
    pub offset: usize,
    pub size: usize,
    pub strides: Vec<isize>,
    pub fill: Fill<T>,
    /// One number per tile is enough.
    pub scalar: bool,
}

/// An output that an instruction writes in place.
#[derive(Debug)]
pub(super) struct Store {
    pub slot: usize,
    pub output: usize,
    /// Where the tile goes first if it has to wait.
    pub spare: usize,
}

/// An input that is still read after a store has written: where both are the same memory, the store waits.
#[derive(Debug)]
pub(super) struct Hazard {
    pub store: usize,
    pub read: Origin,
    /// Place of the store's output.
    pub written: usize,
}

/// An output of another type, written at the end of a tile.
#[derive(Debug)]
pub(super) struct Converted<T> {
    pub slot: usize,
    pub output: usize,
    pub write: Write<T>,
    pub size: usize,
}
