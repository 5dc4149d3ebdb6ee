//! Checkpoints: a file of named arrays and a text, in which no flipped bit and no missing byte goes unnoticed.
//!
//! ```text
//! "FERROCKP" | u32 version | u64 bytes of the header | header, JSON | zeros up to a multiple of 512
//! array | zeros up to a multiple of 512 | array | …
//! u32 crc32c of each MiB of the arrays
//! u64 bytes of the whole file | 16 bytes SipHash-2-4-128 of everything but the arrays | "PKCORREF"
//! ```
//!
//! Numbers are little-endian. The header is `{ "metadata": text, "arrays": [{ "name", "dtype", "shape" }] }`. The last
//! hash covers the checksums, so it covers the arrays too, and they can be checked by all threads at once.

mod directory;
mod read;
mod write;

pub use directory::{Newest, Skipped, newest, save};
pub use read::read;
pub use write::write;

use crate::array::Array;
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;

/// What a checkpoint holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents<'a> {
    /// In the order in which they were given.
    pub arrays: Vec<Array<'a>>,
    /// What else there is to keep; kept as it is.
    pub metadata: String,
}

/// The first and the last bytes of a file.
pub(crate) const SIGNATURE: &[u8] = b"FERROCKP";
const LAST: &[u8] = b"PKCORREF";

/// The version that is written and read: in the first one arrays began at multiples of 64 bytes.
const VERSION: u32 = 2;

/// Arrays begin at multiples of this many bytes.
const ALIGN: usize = 512;

/// Bytes that share a checksum.
const BLOCK: usize = 1 << 20;

/// Bytes before the header and behind the checksums.
const HEAD: usize = 20;
const FOOT: usize = 32;

/// The hash of the head with its padding, and of the checksums with the file's length.
fn digest(head: &[u8], sums: &[u8]) -> [u8; 16] {
    let mut hasher = SipHasher24::new();
    hasher.write(head);
    hasher.write(sums);
    hasher.finish128().as_bytes()
}
