//! Object headers: lists of messages that say what an object is.

use super::lookup3::lookup3;
use super::message;
use super::source::Source;
use crate::bytes::Cursor;
use crate::error::{Error, Result};

/// A piece of an object's description.
pub(super) struct Message<'a> {
    pub kind: u16,
    pub body: &'a [u8],
}

/// Bytes of the headers' own first fields.
const PREFIX: usize = 16;

const WHAT: &str = "hdf5: object header";

/// The messages of the object at an address, those of its continuations included.
pub(super) fn messages<'a>(source: &Source<'a>, at: u64) -> Result<Vec<Message<'a>>> {
    let start = source.bytes_at(WHAT, at, 4)?;
    let mut found = Vec::new();
    match start {
        b"OHDR" => second(source, at, &mut found)?,
        [1, 0, ..] => first(source, at, &mut found)?,
        _ => return Err(Error::new(format!("{WHAT}: expected one at {at}, got '{}'", start.escape_ascii()))),
    }
    Ok(found)
}

/// Version 1: `1, 0, u16 messages, u32 references, u32 size`, on eight bytes; messages on eight bytes.
fn first<'a>(source: &Source<'a>, at: u64, found: &mut Vec<Message<'a>>) -> Result<()> {
    let mut prefix = source.block(WHAT, at, PREFIX)?;
    prefix.take(8)?;
    let size = prefix.u32()? as usize;
    let mut blocks = vec![(after(at, PREFIX)?, size)];
    while let Some((at, size)) = blocks.pop() {
        let mut cursor = source.block(WHAT, at, size)?;
        while cursor.rest().len() >= 8 {
            let (kind, size, flags) = (cursor.u16()?, usize::from(cursor.u16()?), cursor.u8()?);
            cursor.take(3)?;
            let body = cursor.take(size)?;
            blocks.extend(keep(kind, flags, body, found)?);
        }
    }
    Ok(())
}

/// Version 2: `OHDR, 2, flags, times?, limits?, size`, messages, checksum; continuations are `OCHK`, messages, checksum.
fn second<'a>(source: &Source<'a>, at: u64, found: &mut Vec<Message<'a>>) -> Result<()> {
    let mut cursor = source.block(WHAT, at, 6)?;
    cursor.expect(b"OHDR\x02")?;
    let flags = cursor.u8()?;
    let skipped = if flags & 0x20 == 0 { 0 } else { 16 } + if flags & 0x10 == 0 { 0 } else { 4 };
    let width = 1 << (flags & 3);
    let prefix = 6 + skipped + width;
    let mut cursor = source.block(WHAT, at, prefix)?;
    cursor.take(6 + skipped)?;
    let size = sized(&mut cursor, width)?;
    let whole = prefix.checked_add(size).ok_or_else(|| Error::new(format!("{WHAT}: {size} bytes")))?;
    let mut blocks = vec![(at, whole, prefix)];
    while let Some((at, size, prefix)) = blocks.pop() {
        let mut cursor = summed(source, at, size)?;
        cursor.take(prefix)?;
        for (at, size) in second_messages(&mut cursor, flags, found)? {
            let size = size.checked_sub(4).ok_or_else(|| Error::new(format!("{WHAT}: a continuation of {size}")))?;
            source.block(WHAT, at, 4)?.expect(b"OCHK")?;
            blocks.push((at, size, 4));
        }
    }
    Ok(())
}

/// Messages of version 2 up to a gap too small for one; the continuations among them.
fn second_messages<'a>(cursor: &mut Cursor<'a>, flags: u8, found: &mut Vec<Message<'a>>) -> Result<Vec<(u64, usize)>> {
    let order = if flags & 0x04 == 0 { 0 } else { 2 };
    let mut continued = Vec::new();
    while cursor.rest().len() >= 4 + order {
        let (kind, size, flags) = (u16::from(cursor.u8()?), usize::from(cursor.u16()?), cursor.u8()?);
        cursor.take(order)?;
        let body = cursor.take(size)?;
        continued.extend(keep(kind, flags, body, found)?);
    }
    Ok(continued)
}

/// The `size` bytes at an address, whose checksum follows them.
fn summed<'a>(source: &Source<'a>, at: u64, size: usize) -> Result<Cursor<'a>> {
    let block = source.bytes_at(WHAT, at, size)?;
    let sum = source.block(WHAT, after(at, size)?, 4)?.u32()?;
    if sum != lookup3(block) {
        return Err(Error::new(format!("{WHAT}: the checksum of the one at {at} is wrong")));
    }
    Ok(Cursor::new(WHAT, block))
}

/// Keeps a message that says something about the object; one that says where more are is returned.
fn keep<'a>(kind: u16, flags: u8, body: &'a [u8], found: &mut Vec<Message<'a>>) -> Result<Option<(u64, usize)>> {
    match kind {
        message::CONTINUATION => {
            let mut cursor = Cursor::new(WHAT, body);
            return Ok(Some((cursor.u64()?, cursor.size()?)));
        }
        message::DATASPACE
        | message::LINK_INFO
        | message::DATATYPE
        | message::LINK
        | message::LAYOUT
        | message::FILTER
        | message::ATTRIBUTE
        | message::SYMBOL_TABLE
        | message::ATTRIBUTE_INFO => {
            if flags & 2 != 0 {
                return Err(Error::new(format!("{WHAT}: shared messages are refused")));
            }
            found.push(Message { kind, body });
        }
        message::EXTERNAL => return Err(Error::new("hdf5: arrays in other files are refused")),
        // Bit 7: whoever does not know the message must not read the object. Times, comments and the like have it not.
        _ if flags & 0x80 != 0 => return Err(Error::new(format!("{WHAT}: an unknown message {kind}"))),
        _ => {}
    }
    Ok(None)
}

/// An unsigned number of 1, 2, 4 or 8 bytes.
pub(super) fn sized(cursor: &mut Cursor<'_>, width: usize) -> Result<usize> {
    match width {
        1 => cursor.u8().map(usize::from),
        2 => cursor.u16().map(usize::from),
        4 => cursor.u32().map(|size| size as usize),
        _ => cursor.size(),
    }
}

/// The address `bytes` after another.
fn after(at: u64, bytes: usize) -> Result<u64> {
    at.checked_add(bytes as u64).ok_or_else(|| Error::new(format!("{WHAT}: the address {at}")))
}
