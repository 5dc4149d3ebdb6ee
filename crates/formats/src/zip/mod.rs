//! Zip archives: members stored one after another, and a directory of them at the end.
//!
//! Writes stored members, of any size (zip64), dated 1980. Reads stored and deflated ones and checks every checksum.
//! No name leaves the archive, none comes twice, no two members share bytes. The layout is that of PKWARE's APPNOTE 6.3.

mod crc;
mod directory;
mod read;
mod write;

pub use read::read;
pub(crate) use read::read_as;
pub use write::write;

use crate::bytes::Pieces;
use crate::error::{Error, Result};

/// A file in an archive that is about to be written.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// Its path in the archive, with slashes.
    pub name: &'a str,
    /// Its content.
    pub content: Pieces<'a>,
}

/// The first bytes of an archive.
pub(crate) const SIGNATURE: &[u8] = b"PK\x03\x04";

/// The first bytes of an archive without members.
pub(crate) const EMPTY: &[u8] = b"PK\x05\x06";

/// Method 0 keeps bytes as they are, method 8 deflates them.
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// Refuses names that lead out of a folder into which the archive might be unpacked.
fn check_name(name: &str) -> Result<()> {
    let drive = name.as_bytes().get(1) == Some(&b':');
    let inside = name.trim_end_matches('/').split('/').all(|part| !matches!(part, "" | "." | ".."));
    if inside && !drive && !name.contains(['\\', '\0']) {
        return Ok(());
    }
    Err(Error::new(format!("zip: expected a name inside the archive, got '{}'", name.escape_debug())))
}
