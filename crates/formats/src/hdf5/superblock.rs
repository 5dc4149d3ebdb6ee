//! The superblock: the file's first bytes, which lead to the root group.

use super::lookup3::lookup3;
use super::{SIGNATURE, UNDEFINED};
use crate::bytes::Cursor;
use crate::error::{Error, Result};

/// The address of the root group's object header.
pub(super) fn root(bytes: &[u8]) -> Result<u64> {
    let mut cursor = Cursor::new("hdf5: superblock", bytes);
    if !bytes.starts_with(SIGNATURE) {
        let got = bytes[..bytes.len().min(8)].escape_ascii();
        return Err(Error::new(format!("hdf5: expected the signature of HDF5, got '{got}'")));
    }
    cursor.take(SIGNATURE.len())?;
    match cursor.u8()? {
        version @ (0 | 1) => old(cursor, version),
        2 | 3 => new(bytes, cursor),
        version => Err(Error::new(format!("hdf5: expected a superblock of version 0 to 3, got {version}"))),
    }
}

/// Versions 0 and 1: versions of parts, sizes, sizes of tree nodes, four addresses, the root's symbol table entry.
fn old(mut cursor: Cursor<'_>, version: u8) -> Result<u64> {
    cursor.take(4)?;
    sizes(cursor.u8()?, cursor.u8()?)?;
    cursor.take(if version == 0 { 9 } else { 13 })?;
    base(cursor.u64()?)?;
    cursor.take(24)?;
    let _name = cursor.u64()?;
    cursor.u64()
}

/// Versions 2 and 3: sizes, flags, base, extension, end, root, checksum.
fn new(bytes: &[u8], mut cursor: Cursor<'_>) -> Result<u64> {
    sizes(cursor.u8()?, cursor.u8()?)?;
    cursor.u8()?;
    base(cursor.u64()?)?;
    cursor.take(16)?;
    let root = cursor.u64()?;
    let summed = bytes.len() - cursor.rest().len();
    if cursor.u32()? != lookup3(&bytes[..summed]) {
        return Err(Error::new("hdf5: the checksum of the superblock is wrong"));
    }
    Ok(root)
}

fn sizes(offsets: u8, lengths: u8) -> Result<()> {
    if (offsets, lengths) == (8, 8) {
        return Ok(());
    }
    Err(Error::new(format!("hdf5: expected offsets and lengths of 8 bytes, got {offsets} and {lengths}")))
}

fn base(address: u64) -> Result<()> {
    if address == 0 {
        return Ok(());
    }
    Err(Error::new(format!("hdf5: expected a file that begins at 0, got {address}")))
}

/// A superblock of version 2.
pub(super) fn written(root: u64, end: u64) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend([2, 8, 8, 0]);
    [0, UNDEFINED, end, root].iter().for_each(|address| bytes.extend(address.to_le_bytes()));
    bytes.extend(lookup3(&bytes).to_le_bytes());
    bytes
}

/// Bytes of a superblock of version 2.
pub(super) const SIZE: usize = 48;
