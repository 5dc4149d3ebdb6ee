//! Elementwise programs with fused reductions, run in one pass over cache-sized tiles.
//!
//! A [`Map`] is an [`Expr`] compiled for one iteration shape: instructions over tiles of some 2 KiB whose temporaries
//! stay in the first-level cache, operands read and written in place, scalars folded into instructions, work that does
//! not depend on the element done once. Work is cut into tasks by shape alone, and every reduction has one order, so
//! that the same bits come out at any number of threads.

mod assembly;
mod blocks;
mod chain;
mod check;
mod compile;
mod convert;
mod expr;
mod finish;
mod fold;
mod fuse;
mod join;
mod layout;
mod links;
mod op;
mod places;
mod plan;
mod program;
mod reduction;
mod run;
mod simplify;
mod single;
mod step;
mod sweep;
#[cfg(test)]
mod tests;

use std::fmt;

pub(crate) use check::MAX_OPERANDS;
pub use expr::{Binary, Expr, Unary, ValueId};
pub use layout::{Layout, reduction_layout};
use op::Op;
pub use program::Map;
pub use sweep::MapType;

use crate::element::DType;

/// An operand that a program reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapInput {
    /// What the memory holds; converted to the compute type as it is read.
    pub dtype: DType,
    /// Where each element of the iteration lies.
    pub layout: Layout,
}

/// How elements join into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduce {
    /// `Σ`; 0 of nothing.
    Sum,
    /// The largest, NaN if any is; −∞ of nothing.
    Max,
    /// The smallest, NaN if any is; +∞ of nothing.
    Min,
    /// `Π`; 1 of nothing.
    Prod,
}

/// Which dimensions of the iteration shape a reduction runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axes {
    /// The last `k`.
    Trailing(usize),
    /// The first `k`.
    Leading(usize),
    /// All: the result is one number.
    All,
}

/// What becomes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputKind {
    /// Every element is written, row-major over the iteration shape.
    Store,
    /// Elements are joined over some dimensions; the others are written row-major.
    Reduce {
        /// How elements join.
        op: Reduce,
        /// Over which dimensions.
        axes: Axes,
    },
}

/// A result of a program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MapOutput {
    /// The value that is written.
    pub value: ValueId,
    /// What the memory holds; converted from the compute type as it is written.
    pub dtype: DType,
    /// Stored or reduced.
    pub kind: OutputKind,
    /// A factor on the result: `1/n` makes a sum a mean.
    pub scale: Option<f64>,
}

impl MapOutput {
    /// `value` written element by element.
    pub fn store(value: ValueId, dtype: DType) -> MapOutput {
        MapOutput { value, dtype, kind: OutputKind::Store, scale: None }
    }

    /// `value` joined over `axes`.
    pub fn reduce(value: ValueId, dtype: DType, op: Reduce, axes: Axes) -> MapOutput {
        MapOutput { value, dtype, kind: OutputKind::Reduce { op, axes }, scale: None }
    }
}

/// Why a program cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapError(String);

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MapError {}
