//! Typed codes on the way to JavaScript.

use ferrograd_graph::{Error, ErrorCode};

/// An error whose `code` in JavaScript is ours.
pub type JsError = napi::Error<Code>;

/// The result of a synchronous export. The binding macro knows a fallible function by this name.
pub type Result<T> = std::result::Result<T, JsError>;

/// The `code` of an error.
pub enum Code {
    /// One of ours.
    Ours(ErrorCode),
    /// What the conversion layer reports.
    Napi(napi::Status),
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        match self {
            Code::Ours(code) => code.as_ref(),
            Code::Napi(status) => status.as_ref(),
        }
    }
}

impl From<napi::Status> for Code {
    fn from(status: napi::Status) -> Code {
        Code::Napi(status)
    }
}

/// A graph error as JavaScript sees it.
pub fn js(error: Error) -> JsError {
    napi::Error::new(Code::Ours(error.code), error.message)
}

/// A broken promise of the TypeScript side.
pub fn internal(message: impl Into<String>) -> JsError {
    js(Error::new(ErrorCode::Internal, message))
}
