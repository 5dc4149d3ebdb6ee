//! Parts of files that are deflated: how much they may become, and how they become it.

use crate::error::{Error, Result};
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit};

/// The most that a deflated byte can become.
const STEEPEST: usize = 1032;

/// Bytes that the deflated parts of a file may still become. Weights hardly shrink; what is zero, such as an optimizer's
/// state before its first step, does.
pub(crate) struct Room(usize);

impl Room {
    /// All parts together may be eight times the file, and 16 MiB.
    pub fn of(file: &[u8]) -> Room {
        Room(file.len().saturating_mul(8).saturating_add(16 << 20))
    }

    /// Takes the declared size of a part off, before a byte of it is inflated.
    pub fn take(&mut self, packed: usize, size: u64) -> Result<usize> {
        let size = usize::try_from(size).ok().filter(|&size| size / STEEPEST <= packed);
        let left = size.and_then(|size| Some((size, self.0.checked_sub(size)?)));
        let (size, left) = left.ok_or_else(|| Error::new("deflated parts declare more than such a file can hold"))?;
        self.0 = left;
        Ok(size)
    }
}

/// The `size` bytes that a deflated part becomes; memory grows with what really comes out.
pub(crate) fn inflate(packed: &[u8], size: usize) -> Result<Vec<u8>> {
    whole(decompress_to_vec_with_limit(packed, size).map_err(|error| error.status), size)
}

/// The same with zlib's head and checksum around it.
pub(crate) fn inflate_zlib(packed: &[u8], size: usize) -> Result<Vec<u8>> {
    whole(decompress_to_vec_zlib_with_limit(packed, size).map_err(|error| error.status), size)
}

fn whole(inflated: std::result::Result<Vec<u8>, TINFLStatus>, size: usize) -> Result<Vec<u8>> {
    let inflated = inflated.map_err(|status| Error::new(format!("damaged: {status:?}")))?;
    if inflated.len() != size {
        return Err(Error::new(format!("expected {size} bytes, got {}", inflated.len())));
    }
    Ok(inflated)
}
