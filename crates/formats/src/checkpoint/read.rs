//! Reading: nothing is believed before the last hash and every checksum agree.

use super::{ALIGN, BLOCK, Contents, FOOT, HEAD, LAST, SIGNATURE, VERSION, digest};
use crate::array::{Array, ElementType, byte_count};
use crate::bytes::Cursor;
use crate::error::{Error, Result};
use rayon::prelude::*;
use serde_json::Value;

/// Reads a whole checkpoint; the arrays borrow its bytes.
///
/// # Errors
/// Where the bytes are not exactly those that were written, or a newer version wrote them.
pub fn read(bytes: &[u8]) -> Result<Contents<'_>> {
    let (head, rest) = head(bytes)?;
    let foot = rest.len().checked_sub(FOOT).ok_or_else(cut_off)?;
    let blocks = blocks(foot).ok_or_else(cut_off)?;
    let (arrays, sums) = rest.split_at(foot - 4 * blocks);
    check_foot(bytes, head, sums)?;
    check_sums(arrays, &sums[..4 * blocks])?;
    let header = &head[HEAD..];
    let length = u64::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|at| head[12 + at])) as usize;
    contents(&header[..length], arrays)
}

fn cut_off() -> Error {
    Error::new("checkpoint: the file is cut off")
}

/// Everything before the arrays, and the rest.
fn head(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let mut cursor = Cursor::new("checkpoint", bytes);
    cursor.expect(SIGNATURE)?;
    let (version, length) = (cursor.u32()?, cursor.size()?);
    if version != VERSION {
        let newer = if version > VERSION { ", of a newer ferrograd" } else { "" };
        return Err(Error::new(format!("checkpoint: expected version {VERSION}, got {version}{newer}")));
    }
    let end = HEAD.checked_add(length).and_then(|end| end.checked_next_multiple_of(ALIGN));
    end.and_then(|end| bytes.split_at_checked(end)).ok_or_else(cut_off)
}

/// How many blocks there are where blocks and their checksums take `bytes`.
fn blocks(bytes: usize) -> Option<usize> {
    let blocks = bytes.div_ceil(BLOCK + 4);
    // The last block holds something.
    let last = bytes.checked_sub(4 * blocks)?;
    (blocks == last.div_ceil(BLOCK)).then_some(blocks)
}

/// The file's length, the hash of everything but the arrays, and the last bytes.
fn check_foot(bytes: &[u8], head: &[u8], sums: &[u8]) -> Result<()> {
    let (hashed, foot) = sums.split_at(sums.len() - FOOT + 8);
    let length = u64::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|at| hashed[hashed.len() - 8 + at]));
    if length != bytes.len() as u64 || !foot.ends_with(LAST) {
        return Err(cut_off());
    }
    if foot[..16] != digest(head, hashed) {
        return Err(Error::new("checkpoint: the hash of the header and the checksums is wrong"));
    }
    Ok(())
}

fn check_sums(arrays: &[u8], sums: &[u8]) -> Result<()> {
    let blocks = arrays.par_chunks(BLOCK).zip(sums.as_chunks::<4>().0);
    let wrong = blocks.position_any(|(block, sum)| crc32c::crc32c(block) != u32::from_le_bytes(*sum));
    match wrong {
        None => Ok(()),
        Some(block) => Err(Error::new(format!("checkpoint: the checksum of block {block} is wrong"))),
    }
}

/// The arrays of a header, one after another.
fn contents<'a>(header: &[u8], mut rest: &'a [u8]) -> Result<Contents<'a>> {
    let wrong = || Error::new("checkpoint: the header is not one of a checkpoint");
    let header: Value = serde_json::from_slice(header).map_err(|_| wrong())?;
    let metadata = header["metadata"].as_str().ok_or_else(wrong)?.to_owned();
    let listed = header["arrays"].as_array().ok_or_else(wrong)?;
    let mut arrays = Vec::with_capacity(listed.len());
    for entry in listed {
        let (name, element, shape) = described(entry).ok_or_else(wrong)?;
        let size = byte_count(&shape, element.size());
        let (bytes, more) = size.and_then(|size| rest.split_at_checked(size)).ok_or_else(wrong)?;
        arrays.push(Array::new(name, &shape, element, bytes)?);
        let padding = bytes.len().next_multiple_of(ALIGN) - bytes.len();
        rest = more.get(padding..).ok_or_else(wrong)?;
    }
    if rest.is_empty() { Ok(Contents { arrays, metadata }) } else { Err(wrong()) }
}

fn described(entry: &Value) -> Option<(&str, ElementType, Vec<usize>)> {
    let sizes = entry["shape"].as_array()?.iter();
    let shape = sizes.map(|size| usize::try_from(size.as_u64()?).ok()).collect::<Option<_>>()?;
    Some((entry["name"].as_str()?, ElementType::named(entry["dtype"].as_str()?)?, shape))
}
