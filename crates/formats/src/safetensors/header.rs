//! The JSON header: what the format's crate does not check of it, and metadata in a fixed order.

use super::{ALIGN, dtype};
use crate::array::Array;
use crate::error::{Error, Result};
use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Most bytes of a header, the format's own limit.
const LIMIT: usize = 100_000_000;

/// Bytes that tell the header's length.
pub(super) const LENGTH: usize = 8;

/// Refuses a header that is cut off, too long, or names an array twice: a reader that takes the last one and a reader
/// that takes the first would see different models.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    let header = header(bytes)?;
    let mut json = serde_json::Deserializer::from_slice(header);
    json.deserialize_map(Unique).map_err(|error| Error::new(format!("safetensors: the header: {error}")))
}

fn header(bytes: &[u8]) -> Result<&[u8]> {
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH>() else {
        return Err(Error::new(format!("safetensors: expected a header's length, got {} bytes", bytes.len())));
    };
    let length = u64::from_le_bytes(*length);
    let fits = |length: &usize| *length <= LIMIT && *length <= rest.len();
    match usize::try_from(length).ok().filter(fits) {
        Some(length) => Ok(&rest[..length]),
        None => {
            let most = LIMIT.min(rest.len());
            Err(Error::new(format!("safetensors: expected a header of at most {most} bytes, got {length}")))
        }
    }
}

/// The key of the metadata, which no array may have.
const METADATA: &str = "__metadata__";

struct Unique;

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of unique names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            if let Some(name) = names.replace(name) {
                return Err(serde::de::Error::custom(format!("'{name}' comes twice")));
            }
        }
        Ok(())
    }
}

/// A header and its length, which brings the arrays to a multiple of [`ALIGN`]. Keys are in order.
pub(super) fn written(arrays: &[&Array<'_>], metadata: &BTreeMap<String, String>) -> Result<Vec<u8>> {
    let mut fields = BTreeMap::new();
    let mut start = 0;
    for array in arrays {
        let (name, end) = (array.name.as_str(), start + array.bytes().len());
        let field = json!({ "dtype": dtype(array.element()), "shape": array.shape(), "data_offsets": [start, end] });
        if name == METADATA || fields.insert(name, field).is_some() {
            return Err(Error::new(format!("safetensors: expected unique names of arrays, got '{name}' again")));
        }
        start = end;
    }
    if !metadata.is_empty() {
        fields.insert(METADATA, json!(metadata));
    }
    let mut header = serde_json::to_vec(&fields).map_err(|error| Error::new(format!("safetensors: {error}")))?;
    header.resize((LENGTH + header.len()).next_multiple_of(ALIGN) - LENGTH, b' ');
    if header.len() > LIMIT {
        return Err(Error::new(format!("safetensors: a header of {} bytes is too long", header.len())));
    }
    Ok([&(header.len() as u64).to_le_bytes()[..], &header].concat())
}
