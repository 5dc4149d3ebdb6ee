//! Writing: a header, a copy of the arrays, and what proves them whole.

use super::{ALIGN, BLOCK, FOOT, HEAD, LAST, SIGNATURE, VERSION, digest};
use crate::array::Array;
use crate::bytes::{Pieces, padding};
use crate::direct::Image;
use crate::error::{Error, Result};
use rayon::prelude::*;
use serde_json::json;

/// Bytes that are copied at a time: they are in the first cache still when their sum is taken.
const PART: usize = 16 << 10;

/// The bytes of a checkpoint, ready for a disk, in memory that `room` makes for so many bytes; all threads at once.
///
/// Arrays are read once: their sums are taken of what has just been copied. Who computes with them may go on behind this.
///
/// # Errors
/// Where two arrays share a name, and where `room` has none.
pub fn write<M: AsRef<[u8]> + AsMut<[u8]>>(
    arrays: &[Array<'_>],
    metadata: &str,
    room: impl FnOnce(usize) -> Result<M>,
) -> Result<Image<M>> {
    let head = head(arrays, metadata)?;
    let mut pieces = Pieces::default();
    for array in arrays {
        pieces.push(array.bytes());
        pieces.push(padding(array.bytes().len(), ALIGN));
    }
    let len = head.len() + pieces.len() + 4 * pieces.len().div_ceil(BLOCK) + FOOT;
    let mut image = Image::new(len, room)?;
    let (start, rest) = image.as_mut().split_at_mut(head.len());
    let (body, foot) = rest.split_at_mut(pieces.len());
    start.copy_from_slice(&head);
    let blocks = body.par_chunks_mut(BLOCK).zip(pieces.blocks(BLOCK));
    let sums: Vec<u32> = blocks.map(|(to, from)| copied(to, &from)).collect();
    let mut end: Vec<u8> = sums.into_iter().flat_map(u32::to_le_bytes).collect();
    end.extend((len as u64).to_le_bytes());
    end.extend(digest(&head, &end));
    end.extend(LAST);
    foot.copy_from_slice(&end);
    Ok(image)
}

/// Copies the pieces of a block; its checksum.
fn copied(mut to: &mut [u8], from: &[&[u8]]) -> u32 {
    let mut sum = 0;
    for part in from.iter().flat_map(|piece| piece.chunks(PART)) {
        let (target, rest) = to.split_at_mut(part.len());
        target.copy_from_slice(part);
        sum = crc32c::crc32c_append(sum, part);
        to = rest;
    }
    sum
}

/// Everything before the arrays.
fn head(arrays: &[Array<'_>], metadata: &str) -> Result<Vec<u8>> {
    let mut names = std::collections::BTreeSet::new();
    if let Some(array) = arrays.iter().find(|array| !names.insert(&array.name)) {
        return Err(Error::new(format!("checkpoint: expected unique names of arrays, got '{}' again", array.name)));
    }
    let arrays: Vec<_> = arrays
        .iter()
        .map(|array| json!({ "name": array.name, "dtype": array.element().name(), "shape": array.shape() }))
        .collect();
    let header = json!({ "metadata": metadata, "arrays": arrays }).to_string();
    let mut head = Vec::with_capacity(HEAD + header.len() + ALIGN);
    head.extend(SIGNATURE);
    head.extend(VERSION.to_le_bytes());
    head.extend((header.len() as u64).to_le_bytes());
    head.extend(header.into_bytes());
    head.extend(padding(head.len(), ALIGN));
    Ok(head)
}
