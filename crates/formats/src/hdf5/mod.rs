//! HDF5, as much of it as files of Keras have: groups, arrays in one piece or in chunks, attributes of text and numbers.
//!
//! Reads superblocks 0 to 3, object headers 1 and 2 with continuations, symbol tables and compact links. Refuses what a
//! file of weights has no use for and attackers have: soft and external links, external and virtual storage, shared
//! messages, filters other than deflate and shuffle. Writes superblock 2 with compact groups, which is what the format has for few bytes.
//! The layout is that of the "HDF5 File Format Specification", version 3.0.

mod attribute;
mod chunks;
mod group;
mod header;
mod heap;
mod lookup3;
mod object;
mod source;
mod superblock;
mod types;
mod write;

use crate::array::Array;
use crate::error::Result;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub use write::write;

/// Attributes by the path of the object that has them, the root's under the empty path.
///
/// Text is a string, a list of texts a list of strings; numbers likewise, those that JSON has not are `null`.
pub type Attributes = BTreeMap<String, Map<String, Value>>;

/// What an HDF5 file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents<'a> {
    /// Named by their paths, `group/group/name`.
    pub arrays: Vec<Array<'a>>,
    /// Of groups and arrays. Writing makes a group of every path that is no array's.
    pub attributes: Attributes,
}

/// The first bytes of a file.
pub(crate) const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// An address that points nowhere.
const UNDEFINED: u64 = u64::MAX;

/// Most axes of an array, as in the library of the format's authors.
const MAX_RANK: usize = 32;

/// Reads a whole file; the arrays borrow its bytes.
///
/// # Errors
/// Where the file is damaged, or holds what is refused.
pub fn read(bytes: &[u8]) -> Result<Contents<'_>> {
    let root = superblock::root(bytes)?;
    object::read(bytes, root)
}

/// Kinds of messages in object headers.
mod message {
    pub const DATASPACE: u16 = 0x01;
    pub const LINK_INFO: u16 = 0x02;
    pub const DATATYPE: u16 = 0x03;
    pub const FILL_VALUE: u16 = 0x05;
    pub const LINK: u16 = 0x06;
    pub const EXTERNAL: u16 = 0x07;
    pub const LAYOUT: u16 = 0x08;
    pub const GROUP_INFO: u16 = 0x0a;
    pub const FILTER: u16 = 0x0b;
    pub const ATTRIBUTE: u16 = 0x0c;
    pub const CONTINUATION: u16 = 0x10;
    pub const SYMBOL_TABLE: u16 = 0x11;
    pub const ATTRIBUTE_INFO: u16 = 0x15;
}
