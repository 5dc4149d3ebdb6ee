//! Rows on their way to a training: tables of text as columns of numbers, read in blocks that several threads parse, and rows
//! of columns in memory by their numbers; pictures of files as numbers of one size.
#![forbid(unsafe_code)]

pub mod column;
pub mod csv;
mod date;
mod error;
pub mod images;
mod infer;
pub mod jsonl;
mod lines;
mod number;
pub mod rows;
mod split;
pub mod table;
pub mod words;

pub use column::{Column, Kind};
pub use error::{Error, Result};
pub use table::Table;
pub use words::Texts;
