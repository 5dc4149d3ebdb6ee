//! Bytes on their way in and out: a cursor that never passes the end, and pieces that are written one after another.

use crate::error::{Error, Result};
use std::borrow::Cow;

/// A place in some bytes that are read front to back, little-endian.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// What is read, for messages.
    what: &'static str,
}

impl<'a> Cursor<'a> {
    pub fn new(what: &'static str, bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: bytes, what }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            let left = self.rest.len();
            return Err(Error::new(format!("{}: cut off: expected {count} bytes more, got {left}", self.what)));
        };
        self.rest = rest;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A 64-bit size, or an error where memory cannot have it.
    pub fn size(&mut self) -> Result<usize> {
        let size = self.u64()?;
        usize::try_from(size).map_err(|_| Error::new(format!("{}: a size of {size} bytes", self.what)))
    }

    /// Refuses other bytes than these.
    pub fn expect(&mut self, expected: &[u8]) -> Result<()> {
        let got = self.take(expected.len())?;
        if got == expected {
            return Ok(());
        }
        let (expected, got) = (expected.escape_ascii(), got.escape_ascii());
        Err(Error::new(format!("{}: expected '{expected}', got '{got}'", self.what)))
    }
}

/// The content of a file, piece by piece: large arrays stay where they are until they are written.
#[derive(Clone, Debug, Default)]
pub struct Pieces<'a>(Vec<Cow<'a, [u8]>>);

impl<'a> Pieces<'a> {
    /// Adds a piece at the end.
    pub fn push(&mut self, piece: impl Into<Cow<'a, [u8]>>) {
        let piece = piece.into();
        if !piece.is_empty() {
            self.0.push(piece);
        }
    }

    /// Adds all pieces of another content.
    pub fn extend(&mut self, other: Pieces<'a>) {
        self.0.extend(other.0);
    }

    /// The pieces in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|piece| &**piece)
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.iter().map(<[u8]>::len).sum()
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pieces cut into blocks of so many bytes, the last one of fewer; a block may lie in several pieces.
    pub fn blocks(&self, size: usize) -> Vec<Vec<&[u8]>> {
        let (mut blocks, mut room) = (Vec::<Vec<&[u8]>>::new(), 0);
        for mut piece in self.iter() {
            while !piece.is_empty() {
                if room == 0 {
                    blocks.push(Vec::new());
                    room = size;
                }
                let (part, rest) = piece.split_at(piece.len().min(room));
                blocks.last_mut().into_iter().for_each(|block| block.push(part));
                (piece, room) = (rest, room - part.len());
            }
        }
        blocks
    }

    /// All bytes in one block.
    pub fn concat(&self) -> Vec<u8> {
        self.0.concat()
    }
}

impl<'a, T: Into<Cow<'a, [u8]>>> From<T> for Pieces<'a> {
    fn from(piece: T) -> Pieces<'a> {
        let mut pieces = Pieces::default();
        pieces.push(piece);
        pieces
    }
}

/// Zeros up to a multiple of at most 512.
pub(crate) fn padding(len: usize, multiple: usize) -> &'static [u8] {
    &[0; 512][..len.next_multiple_of(multiple) - len]
}
