//! Rows of text files as columns of numbers: tables are read in blocks, each parsed by several threads.
#![forbid(unsafe_code)]

pub mod column;
pub mod csv;
mod date;
mod error;
mod infer;
mod split;

pub use column::{Column, Kind};
pub use csv::{Csv, Options};
pub use error::{Error, Result};
