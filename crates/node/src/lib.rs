//! The addon: converts between JavaScript values and the graph, and nothing else.

use napi_derive::napi;

/// The version of the native core, which the TypeScript side compares with its own.
#[napi(catch_unwind)]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
