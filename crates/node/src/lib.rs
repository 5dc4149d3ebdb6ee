//! The addon: converts between JavaScript values and the graph, and nothing else.
//!
//! Every class is named `Binding*`, so that the border is visible. What TypeScript promises (types, ranges) is
//! checked again where Rust relies on it. JavaScript memory is read only inside synchronous calls.

pub mod epoch;
pub mod error;
pub mod external;
pub mod job;
pub mod program;
pub mod runtime;
pub mod tensor;
pub mod variable;

use napi_derive::napi;

/// The version of the native core, which the TypeScript side compares with its own.
#[napi(catch_unwind)]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
