//! What an epoch of the classifier in `mlp.rs` runs over and reports to.

use crate::mlp::uniform;
use ferrograd_graph::epoch::{Column, Columns, Listener};
use ferrograd_graph::{DType, Result};
use std::sync::Arc;

/// Rows of inputs and targets for a network of these sizes.
pub fn columns(dtype: DType, rows: usize, sizes: &[usize]) -> Arc<Columns> {
    let column = |row: usize, stream: u32| {
        let memory = Arc::new(uniform(dtype, rows * row, 0.5, stream));
        Column { memory, row, dtype }
    };
    Arc::new(Columns { columns: vec![column(sizes[0], 50), column(sizes[sizes.len() - 1], 51)], rows })
}

/// Hears nothing of an epoch.
pub struct Deaf;

impl Listener for Deaf {
    fn cancelled(&self) -> bool {
        false
    }
    fn progress(&mut self, _: usize, _: usize, _: &[f64]) -> Result<()> {
        Ok(())
    }
}
