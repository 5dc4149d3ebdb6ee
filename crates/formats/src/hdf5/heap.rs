//! Heaps: the local one holds a group's names, global ones hold texts of attributes.

use super::source::Source;
use crate::bytes::Cursor;
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The names of a group with a symbol table.
pub(super) struct LocalHeap<'a>(&'a [u8]);

impl<'a> LocalHeap<'a> {
    pub fn read(source: &Source<'a>, at: u64) -> Result<LocalHeap<'a>> {
        const WHAT: &str = "hdf5: local heap";
        let mut cursor = source.block(WHAT, at, 32)?;
        cursor.expect(b"HEAP\0")?;
        cursor.take(3)?;
        let (size, _free, at) = (cursor.size()?, cursor.u64()?, cursor.u64()?);
        source.bytes_at(WHAT, at, size).map(LocalHeap)
    }

    /// The name at an offset, up to its zero.
    pub fn name(&self, offset: u64) -> Result<&'a [u8]> {
        let bytes = usize::try_from(offset).ok().and_then(|offset| self.0.get(offset..));
        let end = bytes.and_then(|bytes| bytes.iter().position(|&byte| byte == 0));
        match (bytes, end) {
            (Some(bytes), Some(end)) => Ok(&bytes[..end]),
            _ => Err(Error::new(format!("hdf5: local heap: no name at {offset}"))),
        }
    }
}

/// The global heaps that were looked into, each read once.
#[derive(Default)]
pub(super) struct GlobalHeaps<'a>(BTreeMap<u64, BTreeMap<u16, &'a [u8]>>);

/// Bytes before a global heap's objects, and before each object's data.
const HEAD: usize = 16;

impl<'a> GlobalHeaps<'a> {
    /// Object `index` of the heap at an address.
    pub fn object(&mut self, source: &Source<'a>, at: u64, index: u32) -> Result<&'a [u8]> {
        let objects = match self.0.entry(at) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(collection(source, at)?),
        };
        let object = u16::try_from(index).ok().and_then(|index| objects.get(&index));
        object.copied().ok_or_else(|| Error::new(format!("hdf5: global heap: no object {index} at {at}")))
    }
}

/// `GCOL, 1, 0 0 0, u64 size`, then objects: `u16 index, u16 references, u32 0, u64 size, data` on eight bytes.
fn collection<'a>(source: &Source<'a>, at: u64) -> Result<BTreeMap<u16, &'a [u8]>> {
    const WHAT: &str = "hdf5: global heap";
    let mut cursor = source.block(WHAT, at, HEAD)?;
    cursor.expect(b"GCOL\x01")?;
    cursor.take(3)?;
    let size = cursor.size()?;
    let mut cursor = source.block(WHAT, at, size)?;
    cursor.take(HEAD)?;
    let mut objects = BTreeMap::new();
    while let Some((index, data)) = object(&mut cursor)? {
        if objects.insert(index, data).is_some() {
            return Err(Error::new(format!("{WHAT}: object {index} comes twice at {at}")));
        }
    }
    Ok(objects)
}

/// The next object; none where only free space is left.
fn object<'a>(cursor: &mut Cursor<'a>) -> Result<Option<(u16, &'a [u8])>> {
    if cursor.rest().len() < HEAD {
        return Ok(None);
    }
    let index = cursor.u16()?;
    cursor.take(6)?;
    let size = cursor.size()?;
    if index == 0 {
        return Ok(None);
    }
    let data = cursor.take(size)?;
    let fill = size.next_multiple_of(8) - size;
    cursor.take(fill.min(cursor.rest().len()))?;
    Ok(Some((index, data)))
}

/// A global heap of texts, whose indices count from 1.
pub(super) fn written(texts: &[&str]) -> Vec<u8> {
    let mut objects = Vec::new();
    for (text, index) in texts.iter().zip(1u16..) {
        objects.extend(index.to_le_bytes());
        objects.extend([1, 0, 0, 0, 0, 0]);
        objects.extend((text.len() as u64).to_le_bytes());
        objects.extend(text.as_bytes());
        objects.resize(objects.len().next_multiple_of(8), 0);
    }
    // The smallest heap that the format's library takes.
    const SMALLEST: usize = 4096;
    let used = HEAD + objects.len();
    let size = (used + HEAD).max(SMALLEST);
    let mut bytes = b"GCOL\x01\0\0\0".to_vec();
    bytes.extend((size as u64).to_le_bytes());
    bytes.extend(objects);
    // What is free is object 0, and counts its own head.
    bytes.extend([0; 8]);
    bytes.extend(((size - used) as u64).to_le_bytes());
    bytes.resize(size, 0);
    bytes
}
