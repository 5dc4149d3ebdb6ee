//! Files: named arrays of `ferrograd-formats` between JavaScript, the core and the disk.

pub mod archive;
pub mod events;
pub mod hash;
mod stored;

use crate::error::{JsError, js};
use ferrograd_formats::ErrorKind;
use ferrograd_graph::{Error, ErrorCode};

/// A refused file as one of the core's errors.
fn refused(error: ferrograd_formats::Error) -> Error {
    let code = match error.kind {
        ErrorKind::Format => ErrorCode::Format,
        ErrorKind::Io => ErrorCode::Io,
        ErrorKind::Data => ErrorCode::Data,
        ErrorKind::Memory => ErrorCode::Memory,
    };
    Error::new(code, error.to_string())
}

/// A refused file as JavaScript sees it.
fn refused_js(error: ferrograd_formats::Error) -> JsError {
    js(refused(error))
}
