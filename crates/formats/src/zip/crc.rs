//! CRC-32, a stretch of bytes for each thread at a time.

use crate::bytes::Pieces;
use crc32fast::Hasher;
use rayon::prelude::*;

/// Bytes that one thread sums at a time.
const BLOCK: usize = 1 << 20;

/// That of pieces one after another.
pub(super) fn of(pieces: &Pieces<'_>) -> u32 {
    combined(pieces.blocks(BLOCK).par_iter().map(|block| {
        block.iter().fold(Hasher::new(), |mut sum, part| {
            sum.update(part);
            sum
        })
    }))
}

/// That of bytes in one piece.
pub(super) fn of_slice(bytes: &[u8]) -> u32 {
    combined(bytes.par_chunks(BLOCK).map(|block| {
        let mut sum = Hasher::new();
        sum.update(block);
        sum
    }))
}

fn combined(sums: impl IndexedParallelIterator<Item = Hasher>) -> u32 {
    let mut all = Hasher::new();
    sums.collect::<Vec<_>>().iter().for_each(|sum| all.combine(sum));
    all.finalize()
}
