//! What a caller may do wrong, with the code that users see.

use ferrograd_kernels::exec::OutOfMemory;
use std::fmt;

/// The kinds of mistake, as the `code` of the public error class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// Shapes that do not fit together.
    Shape,
    /// An element type that an op does not take.
    DType,
    /// An option out of its range.
    Config,
    /// Data that a kernel cannot use, for example a class index out of range.
    Data,
    /// A call at the wrong moment, for example a placeholder asked for its numbers.
    State,
    /// Memory that the machine does not have.
    Memory,
    /// A loss that is NaN or infinite.
    NonFinite,
    /// Stopped because the caller asked.
    Aborted,
    /// A file that is not what it should be.
    Format,
    /// A file that the system does not let us read or write.
    Io,
    /// A bug of ours.
    Internal,
}

impl AsRef<str> for ErrorCode {
    fn as_ref(&self) -> &str {
        match self {
            ErrorCode::Shape => "ERR_SHAPE",
            ErrorCode::DType => "ERR_DTYPE",
            ErrorCode::Config => "ERR_CONFIG",
            ErrorCode::Data => "ERR_DATA",
            ErrorCode::State => "ERR_STATE",
            ErrorCode::Memory => "ERR_MEMORY",
            ErrorCode::NonFinite => "ERR_NON_FINITE",
            ErrorCode::Aborted => "ERR_ABORTED",
            ErrorCode::Format => "ERR_FORMAT",
            ErrorCode::Io => "ERR_IO",
            ErrorCode::Internal => "ERR_INTERNAL",
        }
    }
}

/// A refused call: what was expected, what came.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// The kind.
    pub code: ErrorCode,
    /// One sentence with the actual values.
    pub message: String,
}

impl Error {
    /// An error of kind `code`.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Error {
        Error { code, message: message.into() }
    }

    /// Shapes that do not fit.
    pub fn shape(message: impl Into<String>) -> Error {
        Error::new(ErrorCode::Shape, message)
    }

    /// An element type that does not fit.
    pub fn dtype(message: impl Into<String>) -> Error {
        Error::new(ErrorCode::DType, message)
    }

    /// An attribute out of its range.
    pub fn config(message: impl Into<String>) -> Error {
        Error::new(ErrorCode::Config, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<OutOfMemory> for Error {
    fn from(missing: OutOfMemory) -> Error {
        Error::new(ErrorCode::Memory, format!("{missing}. Smaller batches, or fewer of them at once, take less"))
    }
}

/// The result of building or running.
pub type Result<T> = std::result::Result<T, Error>;
