//! Products with windows of pictures on the left: which way they go.

use super::window_direct::DirectWindows;
use super::window_rows::WindowsGemm;
use super::windows::Windows;
use super::{End, EpilogueSpec, GemmError, Operand};
use crate::element::Float;
use crate::isa::Isa;
use crate::threads::Threads;

/// `c (windows, cols) = activation(x · b (+ bias))`, `x` the [`Windows`] of pictures, `b` (numbers of a window, cols)
/// row-major.
pub(crate) struct WindowsProduct<T: Float>(Way<T>);

enum Way<T: Float> {
    /// Rows are read where they lie.
    Rows(Box<WindowsGemm<T>>),
    /// Pictures of few channels, results of few columns.
    Direct(Box<DirectWindows<T>>),
}

impl<T: Float> WindowsProduct<T> {
    /// Plans the product; rows of `b` and of `c` are so far apart.
    ///
    /// # Errors
    /// Those of [`Gemm::new`](super::Gemm::new).
    pub fn new(
        windows: Windows,
        cols: usize,
        (b_row_stride, c_row_stride): (usize, usize),
        epilogue: EpilogueSpec,
        isa: Isa,
    ) -> Result<Self, GemmError> {
        let lie = (Operand::row_major(b_row_stride), c_row_stride);
        Ok(WindowsProduct(match DirectWindows::new(windows, cols, (b_row_stride, c_row_stride), epilogue, isa)? {
            Some(direct) => Way::Direct(Box::new(direct)),
            None => Way::Rows(Box::new(WindowsGemm::new(windows, cols, lie, epilogue, isa)?)),
        }))
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        match &self.0 {
            Way::Rows(product) => product.workspace_len(),
            Way::Direct(product) => product.workspace_len(),
        }
    }

    /// The rows at which blocks begin, and the number of all: what an end is called with.
    pub fn starts(&self) -> Vec<usize> {
        match &self.0 {
            Way::Rows(product) => product.starts(),
            Way::Direct(product) => product.starts(),
        }
    }

    /// Computes the product, and hands blocks of its rows to `end`, where there is one.
    ///
    /// # Panics
    /// When a slice is shorter than the plan says, a bias is missing or not wanted, or an end was not planned: a bug of
    /// the caller.
    pub fn run(
        &self,
        threads: &Threads,
        operands: (&[T], &[T], Option<&[T]>),
        c: &mut [T],
        workspace: &mut [T],
        end: Option<&End<'_, T>>,
    ) {
        match &self.0 {
            Way::Rows(product) => product.run_ended(threads, operands, c, workspace, end),
            Way::Direct(product) => product.run(threads, operands, c, workspace, end),
        }
    }
}
