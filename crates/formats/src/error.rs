//! What is wrong with some bytes, in one sentence.

use std::fmt;

/// A refused input: the format, what was expected and what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Error {
        Error(message.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// The result of reading or writing.
pub type Result<T> = std::result::Result<T, Error>;
