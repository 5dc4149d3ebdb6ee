//! Why a file gives no picture.

use std::fmt;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A picture, but in a format that others decode.
    Foreign,
    /// No picture at all.
    Unknown,
    /// Not whole, or not as its format says.
    Damaged,
    /// More pixels than are allowed.
    TooLarge,
    /// A longer file, or a longer side, than is read.
    TooLong,
    /// The system cannot read it.
    Io,
    /// There is no memory for it.
    Memory,
}

impl Kind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Foreign => "foreign",
            Kind::Unknown => "unknown",
            Kind::Damaged => "damaged",
            Kind::TooLarge => "tooLarge",
            Kind::TooLong => "tooLong",
            Kind::Io => "io",
            Kind::Memory => "memory",
        }
    }
}

/// A file that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub kind: Kind,
    /// What was found: the name of the format where it is a foreign one.
    pub message: String,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl fmt::Display) -> Error {
        Error { kind, message: message.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The result of reading a picture.
pub type Result<T> = std::result::Result<T, Error>;

/// What a file begins with, for messages.
pub(crate) fn first_bytes(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    if shown.is_empty() { "no bytes".into() } else { format!("the first bytes {}", shown.join(" ")) }
}
