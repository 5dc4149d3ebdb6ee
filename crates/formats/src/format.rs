//! All formats behind one door: bytes in, arrays and a text out, and back.

use crate::array::Array;
use crate::bytes::Pieces;
use crate::error::{Error, Result};
use crate::{checkpoint, hdf5, idx, npy, safetensors, zip};

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Groups of arrays, with attributes as the text: `{ path: { name: value } }`.
    Hdf5,
    /// Members are arrays of bytes; there is no text.
    Zip,
    /// Arrays, with metadata as the text: `{ key: string }`.
    Safetensors,
    /// One array without a name; there is no text.
    Npy,
    /// Arrays; there is no text.
    Npz,
    /// One array without a name, only read; there is no text.
    Idx,
    /// Arrays and any text.
    Checkpoint,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents<'a> {
    /// The arrays.
    pub arrays: Vec<Array<'a>>,
    /// What else there is, as each format says; JSON but for checkpoints, empty where there is nothing.
    pub text: String,
}

/// How a format is called and how its files begin.
const NAMES: [(Format, &str, &[u8]); 7] = [
    (Format::Hdf5, "hdf5", hdf5::SIGNATURE),
    (Format::Zip, "zip", zip::SIGNATURE),
    (Format::Safetensors, "safetensors", b""),
    (Format::Npy, "npy", npy::SIGNATURE),
    (Format::Npz, "npz", zip::SIGNATURE),
    (Format::Idx, "idx", b""),
    (Format::Checkpoint, "checkpoint", checkpoint::SIGNATURE),
];

impl Format {
    /// Every format.
    pub const ALL: [Format; 7] =
        [Format::Hdf5, Format::Zip, Format::Safetensors, Format::Npy, Format::Npz, Format::Idx, Format::Checkpoint];

    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(format, ..)| *format == self).map_or("", |(_, name, _)| name)
    }

    /// The format of a name.
    pub fn named(name: &str) -> Option<Format> {
        NAMES.iter().find(|(_, known, _)| *known == name).map(|(format, ..)| *format)
    }

    /// Where the arrays of a file begin whose first bytes are these, as far as they tell: who reads it may give arrays a
    /// place that computing with them wants.
    pub fn beginning_of_arrays(self, first: [u8; 8]) -> usize {
        match self {
            Format::Safetensors => safetensors::beginning_of_arrays(first),
            Format::Hdf5 | Format::Zip | Format::Npy | Format::Npz | Format::Idx | Format::Checkpoint => 0,
        }
    }

    /// Reads a whole file.
    ///
    /// # Errors
    /// Where it is not one of this format, whole and free of what is refused; a file of another format is called by its
    /// name.
    pub fn read(self, bytes: &[u8]) -> Result<Contents<'_>> {
        self.contents(bytes).map_err(|error| match self.mistaken(bytes) {
            Some(other) => Error::new(format!("expected a file of {}, got {other}", self.name())),
            None => error,
        })
    }

    fn contents(self, bytes: &[u8]) -> Result<Contents<'_>> {
        let textless = |arrays| Contents { arrays, text: String::new() };
        match self {
            Format::Hdf5 => {
                let hdf5::Contents { arrays, attributes } = hdf5::read(bytes)?;
                Ok(Contents { arrays, text: written(&attributes)? })
            }
            Format::Zip => zip::read(bytes).map(textless),
            Format::Safetensors => {
                let safetensors::Contents { arrays, metadata } = safetensors::read(bytes)?;
                Ok(Contents { arrays, text: written(&metadata)? })
            }
            Format::Npy => npy::read(bytes).map(|array| textless(vec![array])),
            Format::Npz => npy::read_all(bytes).map(textless),
            Format::Idx => idx::read(bytes).map(|array| textless(vec![array])),
            Format::Checkpoint => {
                let checkpoint::Contents { arrays, metadata } = checkpoint::read(bytes)?;
                Ok(Contents { arrays, text: metadata })
            }
        }
    }

    /// The bytes of a file, in pieces: large arrays are not copied.
    ///
    /// # Errors
    /// Where the format cannot hold the contents.
    pub fn write<'a>(self, contents: &'a Contents<'_>) -> Result<Pieces<'a>> {
        let Contents { arrays, text } = contents;
        match self {
            Format::Hdf5 => hdf5::write(arrays, &parsed(text)?),
            Format::Safetensors => safetensors::write(arrays, &parsed(text)?),
            Format::Checkpoint => {
                let image = checkpoint::write(arrays, text, |bytes| Ok(vec![0; bytes]))?;
                Ok(Pieces::from(image.as_ref().to_vec()))
            }
            Format::Zip => {
                let member = |array: &'a Array<'_>| zip::Member { name: &array.name, content: array.bytes().into() };
                zip::write(arrays.iter().map(member).collect())
            }
            Format::Npz => npy::write_all(arrays).map(Pieces::from),
            Format::Npy => match &arrays[..] {
                [array] => npy::write(array),
                several => Err(Error::new(format!("npy: expected one array, got {}", several.len()))),
            },
            Format::Idx => Err(Error::new("idx is only read")),
        }
    }

    /// What else the bytes are, where they are clearly not of this format.
    fn mistaken(self, bytes: &[u8]) -> Option<String> {
        let own = NAMES
            .iter()
            .find(|(format, ..)| *format == self)
            .map(|(.., start)| *start)
            .filter(|start| !start.is_empty());
        let zip = matches!(self, Format::Zip | Format::Npz);
        if own.is_some_and(|start| bytes.starts_with(start)) || (zip && bytes.starts_with(zip::EMPTY)) {
            return None;
        }
        if bytes.is_empty() {
            return Some("an empty one".to_owned());
        }
        let known = NAMES.iter().map(|(_, name, start)| (*name, *start)).chain(OTHERS);
        let other = known.filter(|(_, start)| !start.is_empty()).find(|(_, start)| bytes.starts_with(start));
        let named = other.map(|(name, _)| name).or_else(|| self.tensors(bytes)).map(|name| format!("one of {name}"));
        // Formats that begin in one way say what they found instead.
        let first = || format!("one that begins with '{}'", bytes[..bytes.len().min(8)].escape_ascii());
        named.or_else(|| own.map(|_| first()))
    }

    /// safetensors begin with the length of a header, which is JSON.
    fn tensors(self, bytes: &[u8]) -> Option<&'static str> {
        let (length, rest) = bytes.split_first_chunk()?;
        let whole = u64::from_le_bytes(*length) <= rest.len() as u64;
        (self != Format::Safetensors && whole && rest.starts_with(b"{\"")).then_some("safetensors")
    }
}

/// Files that are taken for others, by their first bytes.
const OTHERS: [(&str, &[u8]); 14] = [
    ("gzip", b"\x1f\x8b"),
    ("Zstandard", b"\x28\xb5\x2f\xfd"),
    ("pickle (Python)", b"\x80\x02"),
    ("pickle (Python)", b"\x80\x04"),
    ("pickle (Python)", b"\x80\x05"),
    ("JSON", b"{"),
    ("HTML", b"<"),
    ("Git LFS: a pointer to the real one, which was not fetched", b"version https://git-lfs"),
    ("PNG", b"\x89PNG"),
    ("JPEG", b"\xff\xd8\xff"),
    ("PDF", b"%PDF"),
    ("Parquet", b"PAR1"),
    ("Arrow", b"ARROW1"),
    ("GGUF", b"GGUF"),
];

fn written<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::new(error.to_string()))
}

fn parsed<T: Default + serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    if text.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_str(text).map_err(|error| Error::new(format!("expected the format's text as JSON: {error}")))
}
