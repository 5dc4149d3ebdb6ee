//! Writing: a header, the arrays where they are, and what proves them whole.

use super::{ALIGN, BLOCK, Contents, HEAD, LAST, SIGNATURE, VERSION, digest};
use crate::bytes::{Pieces, padding};
use crate::error::{Error, Result};
use rayon::prelude::*;
use serde_json::json;

/// The bytes of a checkpoint.
///
/// # Errors
/// Where two arrays share a name.
pub fn write<'a>(contents: &'a Contents<'_>) -> Result<Pieces<'a>> {
    let head = head(contents)?;
    let mut arrays = Pieces::default();
    for array in &contents.arrays {
        arrays.push(&*array.bytes);
        arrays.push(padding(array.bytes.len(), ALIGN));
    }
    let mut foot = sums(&arrays);
    let whole = head.len() + arrays.len() + foot.len() + super::FOOT;
    foot.extend((whole as u64).to_le_bytes());
    foot.extend(digest(&head, &foot));
    foot.extend(LAST);
    let mut file = Pieces::from(head);
    file.extend(arrays);
    file.push(foot);
    Ok(file)
}

/// Everything before the arrays.
fn head(contents: &Contents<'_>) -> Result<Vec<u8>> {
    let mut names = std::collections::BTreeSet::new();
    if let Some(array) = contents.arrays.iter().find(|array| !names.insert(&array.name)) {
        return Err(Error::new(format!("checkpoint: expected unique names of arrays, got '{}' again", array.name)));
    }
    let arrays = contents.arrays.iter();
    let arrays: Vec<_> = arrays
        .map(|array| json!({ "name": array.name, "dtype": array.element.name(), "shape": array.shape }))
        .collect();
    let header = json!({ "metadata": contents.metadata, "arrays": arrays }).to_string();
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
    let blocks = blocks(pieces);
    let sum = |block: &Vec<&[u8]>| block.iter().fold(0, |crc, part| crc32c::crc32c_append(crc, part));
    let sums: Vec<u32> = blocks.par_iter().map(sum).collect();
    sums.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// The pieces cut into blocks.
fn blocks<'p>(pieces: &'p Pieces<'_>) -> Vec<Vec<&'p [u8]>> {
    let (mut blocks, mut room) = (Vec::<Vec<&[u8]>>::new(), 0);
    for mut piece in pieces.iter() {
        while !piece.is_empty() {
            if room == 0 {
                blocks.push(Vec::new());
                room = BLOCK;
            }
            let (part, rest) = piece.split_at(piece.len().min(room));
            blocks.last_mut().into_iter().for_each(|block| block.push(part));
            (piece, room) = (rest, room - part.len());
        }
    }
    blocks
}
