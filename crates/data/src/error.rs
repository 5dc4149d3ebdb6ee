//! What is wrong with a table, and where.

use std::fmt;

/// A refused value, line or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The line in the file, from 1; 0 where it is about the whole file.
    pub line: u64,
    message: String,
}

impl Error {
    /// About a line, counted within the part that is being read; [`Error::below`] makes it the file's.
    pub(crate) fn at(line: u64, message: impl Into<String>) -> Error {
        Error { line, message: message.into() }
    }

    /// About the whole file.
    pub(crate) fn of_file(message: impl Into<String>) -> Error {
        Error { line: 0, message: message.into() }
    }

    /// The same, so many lines further down.
    pub(crate) fn below(mut self, lines: u64) -> Error {
        if self.line > 0 {
            self.line += lines;
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.message),
            line => write!(f, "line {line}, {}", self.message),
        }
    }
}

impl std::error::Error for Error {}

/// The result of reading.
pub type Result<T> = std::result::Result<T, Error>;
