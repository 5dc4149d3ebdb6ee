//! What a product is given: shapes, and where operands lie.

use crate::isa::Isa;
use std::fmt;

/// Where the elements of an operand lie: `(i, j)` at `i · row_stride + j · col_stride`, in elements.
///
/// A transpose is swapped strides; a stride of 0 repeats an element along its axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// From one row to the next.
    pub row_stride: isize,
    /// From one column to the next.
    pub col_stride: isize,
}

impl Operand {
    /// One whose elements are found in another way.
    pub(super) const NOWHERE: Operand = Operand { row_stride: 0, col_stride: 0 };

    /// Rows one after the other, each `cols` long.
    pub const fn row_major(cols: usize) -> Operand {
        Operand { row_stride: cols as isize, col_stride: 1 }
    }

    /// The same memory, read with its axes swapped.
    pub const fn transposed(self) -> Operand {
        Operand { row_stride: self.col_stride, col_stride: self.row_stride }
    }
}

/// `c (rows, cols) = a (rows, depth) · b (depth, cols)`, `c` row-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GemmShape {
    /// Rows of `a` and of `c`.
    pub rows: usize,
    /// Columns of `b` and of `c`.
    pub cols: usize,
    /// Columns of `a`, rows of `b`: what is summed over.
    pub depth: usize,
    /// Where `a` lies.
    pub a: Operand,
    /// Where `b` lies.
    pub b: Operand,
    /// Elements from one row of `c` to the next, at least `cols`.
    pub c_row_stride: usize,
}

/// Why a product cannot be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GemmError {
    /// A stride of `a` or `b` is negative.
    NegativeStride(Operand),
    /// Rows of `c` would overlap: its row stride is less than its columns.
    OverlappingRows {
        /// The stride that was given.
        c_row_stride: usize,
        /// The columns of `c`.
        cols: usize,
    },
    /// Results of a batch would overlap.
    OverlappingResults,
    /// An operand reaches beyond what memory can hold.
    TooLarge,
    /// This processor lacks the instruction set.
    Unsupported(Isa),
}

impl fmt::Display for GemmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GemmError::NegativeStride(operand) => {
                write!(
                    f,
                    "matrix product: expected strides of 0 or more, got {} and {}",
                    operand.row_stride, operand.col_stride
                )
            }
            GemmError::OverlappingRows { c_row_stride, cols } => {
                write!(f, "matrix product: expected a row stride of the result of at least {cols}, got {c_row_stride}")
            }
            GemmError::OverlappingResults => write!(f, "matrix product: results of a batch overlap"),
            GemmError::TooLarge => write!(f, "matrix product: an operand is larger than memory can be"),
            GemmError::Unsupported(isa) => write!(f, "matrix product: this processor has no {isa:?}"),
        }
    }
}

impl std::error::Error for GemmError {}
