//! An expression compiled for one iteration shape: how it is cut, and how each operand is reached.

use super::assembly::Assembly;
use super::check::check;
use super::expr::{Expr, ValueId};
use super::functions::Binary;
use super::layout::{Collapsed, Layout, collapse};
use super::plan::{LONG_TILE_BYTES, TEMP_BYTES, TILE_BYTES, Tiling};
use super::program::Map;
use super::simplify::{Class, simplify};
use super::sweep::MapType;
use super::{Axes, MapError, MapInput, MapOutput, OutputKind, Reduce};
use crate::element::DType;
use crate::isa::Isa;

impl<T: MapType> Map<T> {
    /// Compiles `outputs`, values of `expr`, over every index of `shape`.
    ///
    /// # Errors
    /// A value, input, axis or layout that does not exist or does not fit `shape`; a function of floats in an `i32`
    /// program; more than 128 inputs and outputs; more than 512 constants,
    /// operands and temporaries at once.
    pub fn new(
        shape: &[usize],
        mut expr: Expr,
        inputs: Vec<MapInput>,
        outputs: Vec<MapOutput>,
        isa: Isa,
    ) -> Result<Map<T>, MapError> {
        check::<T>(shape, &expr, &inputs, &outputs)?;
        let total: usize = shape.iter().product();
        let wanted = scaled_stores(&mut expr, &outputs);
        let layout: Vec<&[isize]> = inputs.iter().map(|i| &i.layout.strides[..]).collect();
        // An empty iteration runs no tile; one element gives the compiler something to cut.
        let ones = vec![1; shape.len()];
        let run_shape = if total == 0 { &ones } else { shape };
        let collapsed = collapse(run_shape, &layout, &walls(shape.len(), &outputs));
        let job = Job {
            shape,
            run_shape,
            expr: &expr,
            wanted: &wanted,
            inputs: &inputs,
            outputs: &outputs,
            isa: isa.or_below(),
            collapsed: &collapsed,
            total: total.max(1),
        };
        let mut cap = TILE_BYTES / size_of::<T>();
        let mut map = job.compile(cap)?;
        while map.temps * map.temp_stride > TEMP_BYTES {
            cap /= 2;
            if cap < 16 {
                return Err(MapError(format!("{} temporaries at once are more than a tile can hold", map.temps)));
            }
            map = job.compile(cap)?;
        }
        if map.is_one_sweep() {
            map = job.compile(LONG_TILE_BYTES / size_of::<T>())?;
        }
        if total == 0 {
            (map.tiling.total, map.single) = (0, false);
        }
        Ok(map)
    }

    /// Whether all of it is one instruction that reads and writes operands where they lie: nothing is read again while it
    /// is in the cache, so that tiles may be long.
    fn is_one_sweep(&self) -> bool {
        self.is_pointwise() && self.body.len() == 1 && self.temps == 0 && self.writes.is_empty()
    }

    /// Bytes that [`run`](Map::run) needs besides inputs and outputs, whatever the number of threads.
    pub fn workspace_len(&self) -> usize {
        self.workspace
    }
}

/// The values to write; a scaled store becomes a product.
fn scaled_stores(expr: &mut Expr, outputs: &[MapOutput]) -> Vec<ValueId> {
    let mut value = |o: &MapOutput| match (o.kind, o.scale) {
        (OutputKind::Store, Some(scale)) => {
            let factor = expr.constant(scale);
            expr.binary(Binary::Mul, o.value, factor)
        }
        (OutputKind::Store, None) | (OutputKind::Reduce { .. }, _) => o.value,
    };
    outputs.iter().map(&mut value).collect()
}

/// `true` at each dimension where a reduction begins or ends.
fn walls(dims: usize, outputs: &[MapOutput]) -> Vec<bool> {
    let mut walls = vec![false; dims + 1];
    for output in outputs {
        match output.kind {
            OutputKind::Reduce { axes: Axes::Trailing(k), .. } => walls[dims - k] = true,
            OutputKind::Reduce { axes: Axes::Leading(k), .. } => walls[k] = true,
            OutputKind::Reduce { axes: Axes::All, .. } | OutputKind::Store => {}
        }
    }
    walls
}

/// What an output asks of the flat iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Want {
    Store,
    /// Each run of so many consecutive elements joins.
    Groups(Reduce, usize),
    /// Elements so far apart join.
    Rows(Reduce, usize),
}

impl Want {
    pub fn of(output: &MapOutput, shape: &[usize]) -> Want {
        let extent = |dims: &[usize]| dims.iter().product::<usize>();
        match output.kind {
            OutputKind::Store => Want::Store,
            OutputKind::Reduce { op, axes } => match axes {
                Axes::All => Want::Groups(op, extent(shape)),
                Axes::Trailing(k) => Want::Groups(op, extent(&shape[shape.len() - k..])),
                Axes::Leading(k) => match extent(&shape[k..]) {
                    // One column: the same as joining everything, and in longer stretches.
                    1 => Want::Groups(op, extent(shape)),
                    period => Want::Rows(op, period),
                },
            },
        }
    }

    /// Elements of the output when the iteration has none.
    pub fn empty_len(output: &MapOutput, shape: &[usize]) -> usize {
        match output.kind {
            OutputKind::Store => 0,
            OutputKind::Reduce { axes: Axes::All, .. } => 1,
            OutputKind::Reduce { axes: Axes::Trailing(k), .. } => shape[..shape.len() - k].iter().product(),
            OutputKind::Reduce { axes: Axes::Leading(k), .. } => shape[k..].iter().product(),
        }
    }
}

/// How an input is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// One number.
    Scalar,
    /// In place, element for element.
    Contiguous,
    /// In place, a stretch per row.
    RowInPlace,
    /// One number per row.
    RowScalar,
    /// A row that repeats, laid out once over a tile.
    Pattern,
    /// Copied tile by tile.
    Gather,
}

/// Everything that compiling looks at.
pub(super) struct Job<'a> {
    pub shape: &'a [usize],
    pub run_shape: &'a [usize],
    pub expr: &'a Expr,
    pub wanted: &'a [ValueId],
    pub inputs: &'a [MapInput],
    pub outputs: &'a [MapOutput],
    pub isa: Isa,
    pub collapsed: &'a Collapsed,
    pub total: usize,
}

impl Job<'_> {
    fn compile<T: MapType>(&self, cap: usize) -> Result<Map<T>, MapError> {
        let tiling = self.tiling(cap);
        let access: Vec<Access> = (0..self.inputs.len()).map(|i| self.access(i, T::DTYPE, &tiling)).collect();
        let classes: Vec<Class> = access.iter().map(|a| a.class()).collect();
        let terms = simplify::<T>(self.expr, self.wanted, &classes, self.isa);
        let mut assembly = Assembly::new(self, &terms, &access);
        assembly.inputs();
        assembly.instructions();
        assembly.outputs();
        assembly.join();
        assembly.allocate();
        assembly.finish(tiling)
    }

    pub fn wants(&self) -> impl Iterator<Item = Want> {
        self.outputs.iter().map(|o| Want::of(o, self.run_shape))
    }

    fn tiling(&self, cap: usize) -> Tiling {
        let inner = self.collapsed.inner();
        if inner > cap / 2 {
            return Tiling::within_rows(self.total, inner, cap);
        }
        let periods = self.wants().filter_map(|w| match w {
            Want::Rows(_, period) if period <= cap / 2 => Some(period),
            Want::Rows(..) | Want::Groups(..) | Want::Store => None,
        });
        Tiling::of_rows(self.total, inner, periods.max().unwrap_or(inner).max(inner), cap)
    }

    fn access(&self, i: usize, compute: DType, tiling: &Tiling) -> Access {
        let (shape, strides) = (&self.collapsed.shape, &self.collapsed.strides[i]);
        let own = self.inputs[i].dtype == compute;
        if self.total > 1 && strides.iter().all(|&s| s == 0) {
            return Access::Scalar;
        }
        if *strides == Layout::contiguous(shape).strides {
            return if own { Access::Contiguous } else { Access::Gather };
        }
        let (&inner, outer) = strides.split_last().expect("at least one dimension");
        match (tiling.per_row > 0, inner) {
            (true, 0) => Access::RowScalar,
            (true, 1) if own => Access::RowInPlace,
            (true, _) => Access::Gather,
            (false, _) if outer.iter().all(|&s| s == 0) => Access::Pattern,
            (false, _) => Access::Gather,
        }
    }
}

impl Access {
    fn class(self) -> Class {
        match self {
            Access::Scalar => Class::Run,
            Access::RowScalar => Class::Tile,
            Access::Contiguous | Access::RowInPlace | Access::Pattern | Access::Gather => Class::Element,
        }
    }
}
