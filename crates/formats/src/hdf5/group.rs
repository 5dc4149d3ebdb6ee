//! Groups: the names and addresses of what they hold.

use super::header::{Message, sized};
use super::heap::LocalHeap;
use super::source::Source;
use super::{UNDEFINED, message};
use crate::bytes::Cursor;
use crate::error::{Error, Result};

/// A name and the address of its object.
pub(super) type Link<'a> = (&'a [u8], u64);

/// The links of a group, by the messages of its header.
pub(super) fn links<'a>(source: &Source<'a>, messages: &[Message<'a>]) -> Result<Vec<Link<'a>>> {
    let mut links = Vec::new();
    for Message { kind, body } in messages {
        match *kind {
            message::LINK => links.push(link(body)?),
            message::LINK_INFO => refuse_dense(body)?,
            message::SYMBOL_TABLE => symbol_table(source, body, &mut links)?,
            _ => {}
        }
    }
    Ok(links)
}

/// `1, flags, kind?, u64 order?, charset?, length, name, address`.
fn link(body: &[u8]) -> Result<Link<'_>> {
    let mut cursor = Cursor::new("hdf5: link", body);
    cursor.expect(&[1])?;
    let flags = cursor.u8()?;
    let kind = if flags & 8 == 0 { 0 } else { cursor.u8()? };
    cursor.take(if flags & 4 == 0 { 0 } else { 8 })?;
    cursor.take(if flags & 0x10 == 0 { 0 } else { 1 })?;
    let length = sized(&mut cursor, 1 << (flags & 3))?;
    let name = cursor.take(length)?;
    match kind {
        0 => Ok((name, cursor.u64()?)),
        1 => Err(refused("soft", name)),
        _ => Err(refused("external", name)),
    }
}

fn refused(kind: &str, name: &[u8]) -> Error {
    Error::new(format!("hdf5: {kind} links are refused, '{}' is one", name.escape_ascii()))
}

/// `0, flags, u64 order?, u64 heap, …`: a heap says that links are stored densely.
fn refuse_dense(body: &[u8]) -> Result<()> {
    let mut cursor = Cursor::new("hdf5: link info", body);
    cursor.expect(&[0])?;
    let flags = cursor.u8()?;
    cursor.take(if flags & 1 == 0 { 0 } else { 8 })?;
    if cursor.u64()? == UNDEFINED { Ok(()) } else { Err(Error::new("hdf5: dense storage of links is refused")) }
}

/// `u64 tree, u64 heap`
fn symbol_table<'a>(source: &Source<'a>, body: &[u8], links: &mut Vec<Link<'a>>) -> Result<()> {
    let mut cursor = Cursor::new("hdf5: symbol table", body);
    let (tree, heap) = (cursor.u64()?, cursor.u64()?);
    let heap = LocalHeap::read(source, heap)?;
    // Each level multiplies by 32 at least.
    const LEVELS: u8 = 16;
    node(source, tree, &heap, LEVELS, links)
}

/// A node of a group's tree: `TREE, 0, level, u16 used, two siblings, key`, then `child, key` each.
fn node<'a>(source: &Source<'a>, at: u64, heap: &LocalHeap<'a>, below: u8, links: &mut Vec<Link<'a>>) -> Result<()> {
    const WHAT: &str = "hdf5: group tree";
    let mut cursor = source.block(WHAT, at, 32)?;
    cursor.expect(b"TREE\0")?;
    let (level, used) = (cursor.u8()?, usize::from(cursor.u16()?));
    if level >= below {
        return Err(Error::new(format!("{WHAT}: expected a level below {below}, got {level}")));
    }
    let mut children = source.block(WHAT, at, 32 + 16 * used)?;
    children.take(32)?;
    for _ in 0..used {
        let child = children.u64()?;
        children.take(8)?;
        if level == 0 { symbols(source, child, heap, links)? } else { node(source, child, heap, level, links)? }
    }
    Ok(())
}

/// A leaf: `SNOD, 1, 0, u16 count`, then 40 bytes a symbol.
fn symbols<'a>(source: &Source<'a>, at: u64, heap: &LocalHeap<'a>, links: &mut Vec<Link<'a>>) -> Result<()> {
    const WHAT: &str = "hdf5: symbols";
    const SYMBOL: usize = 40;
    let mut cursor = source.block(WHAT, at, 8)?;
    cursor.expect(b"SNOD\x01")?;
    cursor.take(1)?;
    let count = usize::from(cursor.u16()?);
    let mut cursor = source.block(WHAT, at, 8 + SYMBOL * count)?;
    cursor.take(8)?;
    for _ in 0..count {
        let (offset, object, kind) = (cursor.u64()?, cursor.u64()?, cursor.u32()?);
        cursor.take(20)?;
        let name = heap.name(offset)?;
        if kind == 2 {
            return Err(refused("soft", name));
        }
        links.push((name, object));
    }
    Ok(())
}
