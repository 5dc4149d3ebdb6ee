//! The central directory: what each member is called, how large it is and where it lies.

use super::check_name;
use crate::bytes::Cursor;
use crate::error::{Error, Result};

/// What the directory says of a member.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub name: &'a str,
    pub method: u16,
    pub crc: u32,
    /// Bytes in the archive.
    pub packed: u64,
    /// Bytes of the content.
    pub size: u64,
    /// Where its own header begins.
    pub start: u64,
}

const WHAT: &str = "zip: directory";

/// Bytes of the record at the end, without its comment.
const END: usize = 22;

/// Where a size or a place is too large for its field and zip64's field has it.
pub(super) const LARGE: u32 = u32::MAX;

/// The kind of zip64's extra field.
pub(super) const ZIP64: u16 = 1;

/// The entries, and where the directory begins.
pub(super) fn read(bytes: &[u8]) -> Result<(Vec<Entry<'_>>, usize)> {
    let (count, size, start) = end(bytes)?;
    let range = usize::try_from(start).ok().zip(usize::try_from(size).ok());
    let directory = range.and_then(|(start, size)| bytes.get(start..start.checked_add(size)?));
    let directory = directory.ok_or_else(|| Error::new(format!("{WHAT}: {size} bytes at {start} are not there")))?;
    let mut cursor = Cursor::new(WHAT, directory);
    let mut entries = Vec::new();
    while !cursor.rest().is_empty() {
        entries.push(entry(&mut cursor)?);
    }
    if entries.len() as u64 != count {
        return Err(Error::new(format!("{WHAT}: expected {count} members, got {}", entries.len())));
    }
    Ok((entries, start as usize))
}

/// How many entries there are, the directory's bytes and its start.
fn end(bytes: &[u8]) -> Result<(u64, u64, u64)> {
    let at = end_at(bytes).ok_or_else(|| Error::new("zip: expected a directory at the end, found none"))?;
    let mut cursor = Cursor::new("zip: end", &bytes[at..]);
    cursor.take(4)?;
    if cursor.u32()? != 0 {
        return Err(Error::new("zip: archives in several parts are refused"));
    }
    let (_here, count, size, start) = (cursor.u16()?, cursor.u16()?, cursor.u32()?, cursor.u32()?);
    if count == u16::MAX || size == LARGE || start == LARGE {
        return large_end(bytes, at);
    }
    Ok((count.into(), size.into(), start.into()))
}

/// The place of the last record: behind it only a comment of the length that it names.
fn end_at(bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(END)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    (first..=last).rev().find(|&at| {
        let comment = usize::from(u16::from_le_bytes([bytes[at + 20], bytes[at + 21]]));
        bytes[at..].starts_with(b"PK\x05\x06") && comment == last - at
    })
}

/// Zip64: a locator before the end names the place of a larger record.
fn large_end(bytes: &[u8], end: usize) -> Result<(u64, u64, u64)> {
    const LOCATOR: usize = 20;
    let at = end.checked_sub(LOCATOR).ok_or_else(|| Error::new("zip: a zip64 archive without its locator"))?;
    let mut locator = Cursor::new("zip: zip64 locator", &bytes[at..]);
    locator.expect(b"PK\x06\x07\0\0\0\0")?;
    let record = locator.size()?;
    let record = bytes.get(record..).ok_or_else(|| Error::new(format!("zip: no zip64 record at {record}")))?;
    let mut cursor = Cursor::new("zip: zip64 end", record);
    cursor.expect(b"PK\x06\x06")?;
    cursor.take(28)?;
    Ok((cursor.u64()?, cursor.u64()?, cursor.u64()?))
}

pub(super) fn entry<'a>(cursor: &mut Cursor<'a>) -> Result<Entry<'a>> {
    cursor.expect(b"PK\x01\x02")?;
    cursor.take(4)?;
    let (flags, method) = (cursor.u16()?, cursor.u16()?);
    cursor.take(4)?;
    let (crc, packed, size) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
    let [name, extra, comment] = [cursor.u16()?, cursor.u16()?, cursor.u16()?].map(usize::from);
    cursor.take(8)?;
    let start = cursor.u32()?;
    let name =
        std::str::from_utf8(cursor.take(name)?).map_err(|_| Error::new(format!("{WHAT}: a name not in UTF-8")))?;
    let extra = cursor.take(extra)?;
    cursor.take(comment)?;
    check_name(name)?;
    if flags & 1 != 0 {
        return Err(Error::new(format!("zip: '{name}' is encrypted")));
    }
    let mut large = Cursor::new(WHAT, zip64(extra)?);
    // Zip64 holds what did not fit, in this order.
    let mut whole = |value: u32| if value == LARGE { large.u64() } else { Ok(value.into()) };
    let (size, packed, start) = (whole(size)?, whole(packed)?, whole(start)?);
    Ok(Entry { name, method, crc, packed, size, start })
}

/// The content of zip64's extra field, empty where there is none.
fn zip64(extra: &[u8]) -> Result<&[u8]> {
    let mut cursor = Cursor::new(WHAT, extra);
    while cursor.rest().len() >= 4 {
        let (kind, size) = (cursor.u16()?, usize::from(cursor.u16()?));
        let content = cursor.take(size)?;
        if kind == ZIP64 {
            return Ok(content);
        }
    }
    Ok(&[])
}
