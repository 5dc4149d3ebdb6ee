//! The addon: converts between JavaScript values and the graph, and nothing else.
//!
//! Every class is named `Binding*`, so that the bridge is visible. What TypeScript promises (types, ranges) is
//! checked again where Rust relies on it. JavaScript memory is read only inside synchronous calls.

pub mod bridge;
pub mod call;
pub mod data;
pub mod epoch;
pub mod error;
pub mod external;
pub mod formats;
pub mod handle;
pub mod images;
pub mod job;
pub mod moment;
pub mod profile;
pub mod program;
pub mod run;
pub mod runtime;
pub mod scan;
pub mod tensor;
pub mod variable;

use napi_derive::napi;

/// Which Node-API this addon is written for. Node looks the symbol up when it loads the addon.
///
/// The value stands for "experimental" and asks for one thing: finalizers run inside the garbage collection that finds
/// a handle dead, not in a later turn of the event loop. A synchronous loop has no later turn, and would keep
/// everything that it ever drew. In return finalizers may not touch JavaScript: ours drop Rust values and adjust the
/// external memory, which Node allows there.
#[unsafe(no_mangle)]
pub extern "C" fn node_api_module_get_api_version_v1() -> i32 {
    i32::MAX
}

/// The version of the native core, which the TypeScript side compares with its own.
#[napi(catch_unwind)]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
