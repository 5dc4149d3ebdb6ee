//! What is wrong with some bytes or with a file, in one sentence.

use std::fmt;
use std::path::Path;

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The bytes are not what they should be, or a format cannot hold what it is given.
    Format,
    /// The file system refused.
    Io,
    /// Numbers that the asked type cannot hold.
    Data,
    /// Memory that the machine does not have.
    Memory,
}

/// A refused input: the format, what was expected and what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The kind.
    pub kind: ErrorKind,
    message: String,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Error {
        Error { kind: ErrorKind::Format, message: message.into() }
    }

    pub(crate) fn data(message: impl Into<String>) -> Error {
        Error { kind: ErrorKind::Data, message: message.into() }
    }

    /// So many bytes cannot be had.
    pub fn memory(bytes: usize) -> Error {
        Error { kind: ErrorKind::Memory, message: format!("{bytes} bytes of memory cannot be had") }
    }

    /// What the system said of a file: `verb` is what was tried.
    pub(crate) fn io(verb: &str, path: &Path, error: &std::io::Error) -> Error {
        Error { kind: ErrorKind::Io, message: format!("{}: cannot {verb}: {error}", path.display()) }
    }

    /// The same, said of a part of what was read or written.
    pub(crate) fn within(mut self, part: &str) -> Error {
        self.message = format!("{} ('{part}')", self.message);
        self
    }

    /// The same, said of a file.
    pub fn of(mut self, path: &Path) -> Error {
        self.message = format!("{}: {}", path.display(), self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The result of reading or writing.
pub type Result<T> = std::result::Result<T, Error>;
