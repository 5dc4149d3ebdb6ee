//! A file's bytes by address, and how much of them may still be read.

use super::UNDEFINED;
use crate::bytes::Cursor;
use crate::error::{Error, Result};
use std::cell::Cell;

/// The bytes of a file.
pub(super) struct Source<'a> {
    bytes: &'a [u8],
    /// A sound file says everything once. What is read over and over, along a circle say, uses the allowance up, so
    /// that time and memory stay in proportion to the file.
    allowance: Cell<usize>,
}

/// What even the smallest file may use.
const SPARE: usize = 1 << 14;

impl<'a> Source<'a> {
    pub fn new(bytes: &'a [u8]) -> Source<'a> {
        Source { bytes, allowance: Cell::new(bytes.len().saturating_mul(2).saturating_add(SPARE)) }
    }

    /// The `len` bytes at an address, for reading.
    pub fn block(&self, what: &'static str, at: u64, len: usize) -> Result<Cursor<'a>> {
        self.bytes_at(what, at, len).map(|bytes| Cursor::new(what, bytes))
    }

    /// The `len` bytes at an address.
    pub fn bytes_at(&self, what: &'static str, at: u64, len: usize) -> Result<&'a [u8]> {
        self.charge(len)?;
        self.range(what, at, len)
    }

    /// The same, without taking them off the allowance.
    pub fn range(&self, what: &'static str, at: u64, len: usize) -> Result<&'a [u8]> {
        if at == UNDEFINED {
            return Err(Error::new(format!("{what}: the address is undefined")));
        }
        let range = usize::try_from(at).ok().and_then(|start| Some(start..start.checked_add(len)?));
        let bytes = range.and_then(|range| self.bytes.get(range));
        bytes.ok_or_else(|| {
            let end = self.bytes.len();
            Error::new(format!("{what}: expected {len} bytes at {at}, the file has {end}"))
        })
    }

    /// Takes `len` off the allowance.
    pub fn charge(&self, len: usize) -> Result<()> {
        let left = self.allowance.get().checked_sub(len);
        self.allowance.set(left.ok_or_else(|| Error::new("hdf5: parts of the file overlap, or form a circle"))?);
        Ok(())
    }
}
