//! Bytes in, named arrays out, and back: the file formats, without the graph.
//!
//! Input is never trusted: a reader checks every length against the bytes that are there before it allocates, and
//! says what is wrong in one sentence.
#![forbid(unsafe_code)]

mod array;
mod bytes;
pub mod checkpoint;
mod convert;
mod direct;
mod error;
pub mod events;
pub mod file;
mod format;
pub mod hash;
pub mod hdf5;
pub mod idx;
mod inflate;
pub mod npy;
mod protobuf;
pub mod safetensors;
mod temporary;
pub mod zip;

pub use array::{Array, Element, ElementType};
pub use bytes::Pieces;
pub use direct::Image;
pub use error::{Error, ErrorKind, Result};
pub use format::{Contents, Format};
