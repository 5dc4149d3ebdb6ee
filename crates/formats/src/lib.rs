//! Bytes in, named arrays out, and back: the file formats, without files and without the graph.
//!
//! Input is never trusted: a reader checks every length against the bytes that are there before it allocates, and
//! says what is wrong in one sentence.
#![forbid(unsafe_code)]

mod array;
mod error;
pub mod events;
pub mod idx;
mod protobuf;
pub mod safetensors;

pub use array::{Array, ElementType};
pub use error::{Error, Result};
