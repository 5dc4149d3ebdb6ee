//! Writing: a header, the arrays where they are, and what proves them whole.

use super::{ALIGN, BLOCK, HEAD, LAST, SIGNATURE, VERSION, digest};
use crate::array::Array;
use crate::bytes::{Pieces, padding};
use crate::error::{Error, Result};
use rayon::prelude::*;
use serde_json::json;

/// The bytes of a checkpoint.
///
/// # Errors
/// Where two arrays share a name.
pub fn write<'a>(arrays: &'a [Array<'_>], metadata: &str) -> Result<Pieces<'a>> {
    let head = head(arrays, metadata)?;
    let mut pieces = Pieces::default();
    for array in arrays {
        pieces.push(array.bytes());
        pieces.push(padding(array.bytes().len(), ALIGN));
    }
    let mut foot = sums(&pieces);
    let whole = head.len() + pieces.len() + foot.len() + super::FOOT;
    foot.extend((whole as u64).to_le_bytes());
    foot.extend(digest(&head, &foot));
    foot.extend(LAST);
    let mut file = Pieces::from(head);
    file.extend(pieces);
    file.push(foot);
    Ok(file)
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

/// The checksum of each block, however the pieces lie in the blocks; all threads at once.
fn sums(pieces: &Pieces<'_>) -> Vec<u8> {
    let blocks = pieces.blocks(BLOCK);
    let sum = |block: &Vec<&[u8]>| block.iter().fold(0, |crc, part| crc32c::crc32c_append(crc, part));
    let sums: Vec<u32> = blocks.par_iter().map(sum).collect();
    sums.into_iter().flat_map(u32::to_le_bytes).collect()
}
