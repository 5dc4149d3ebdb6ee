//! Reading: every member where the directory says, with the checksum that it says.

use super::directory::{self, Entry};
use super::{DEFLATED, STORED};
use crate::array::{Array, ElementType};
use crate::bytes::Cursor;
use crate::error::{Error, Result};
use crate::inflate::{Room, inflate};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Reads a whole archive: its members as arrays of bytes, in the directory's order, without folders.
///
/// # Errors
/// Where the archive is damaged, a checksum is wrong, a name leads out of it or comes twice, members share bytes, or one
/// is packed by another method than storing and deflating.
pub fn read(bytes: &[u8]) -> Result<Vec<Array<'_>>> {
    read_as(bytes, |name, content| Array::new(name, &[content.len()], ElementType::U8, content))
}

/// As [`read`], with members as something else: of all threads' making, from a name and the bytes.
///
/// # Errors
/// As there, and where a member cannot be made into that.
pub(crate) fn read_as<'a, T: Send>(
    bytes: &'a [u8],
    make: impl Fn(&str, Cow<'a, [u8]>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let (entries, end) = directory::read(bytes)?;
    let mut names = BTreeSet::new();
    if let Some(entry) = entries.iter().find(|entry| !names.insert(entry.name)) {
        return Err(Error::new(format!("zip: '{}' comes twice", entry.name)));
    }
    let files = entries.iter().filter(|entry| !entry.name.ends_with('/'));
    let packed: Vec<(&Entry<'_>, &[u8])> =
        files.map(|entry| packed(bytes, end, entry).map(|packed| (entry, packed))).collect::<Result<_>>()?;
    check_apart(bytes, &packed)?;
    check_inflated(bytes, &packed)?;
    packed.into_par_iter().map(|(entry, packed)| make(entry.name, content(entry, packed)?)).collect()
}

/// Refuses an archive whose deflated members declare more than such an archive can hold.
fn check_inflated(bytes: &[u8], packed: &[(&Entry<'_>, &[u8])]) -> Result<()> {
    let mut room = Room::of(bytes);
    let mut deflated = packed.iter().filter(|(entry, _)| entry.method == DEFLATED);
    deflated.try_for_each(|(entry, packed)| {
        room.take(packed.len(), entry.size).map(drop).map_err(|error| error.within(entry.name))
    })
}

/// A member's bytes in the archive, behind its own header, which must name the same member.
fn packed<'a>(bytes: &'a [u8], end: usize, entry: &Entry<'_>) -> Result<&'a [u8]> {
    let cut = || Error::new(format!("zip: '{}' is not where the directory says", entry.name));
    let start = usize::try_from(entry.start).ok().filter(|&start| start <= end).ok_or_else(cut)?;
    let mut cursor = Cursor::new("zip: member", &bytes[start..end]);
    cursor.expect(super::SIGNATURE)?;
    cursor.take(22)?;
    let (name, extra) = (usize::from(cursor.u16()?), usize::from(cursor.u16()?));
    if cursor.take(name)? != entry.name.as_bytes() {
        return Err(cut());
    }
    cursor.take(extra)?;
    cursor.take(usize::try_from(entry.packed).map_err(|_| cut())?)
}

/// Refuses members that share bytes: a small archive could claim to be a large one.
fn check_apart(bytes: &[u8], packed: &[(&Entry<'_>, &[u8])]) -> Result<()> {
    let place = |(entry, packed): &(&Entry<'_>, &[u8])| {
        let end = packed.as_ptr() as usize - bytes.as_ptr() as usize + packed.len();
        (entry.start as usize, end, entry.packed)
    };
    let mut places: Vec<(usize, usize, u64)> = packed.iter().map(place).collect();
    places.sort_unstable();
    if places.windows(2).any(|pair| pair[0].1 > pair[1].0) {
        return Err(Error::new("zip: members overlap"));
    }
    Ok(())
}

fn content<'a>(entry: &Entry<'_>, packed: &'a [u8]) -> Result<Cow<'a, [u8]>> {
    let content = unpacked(entry, packed)?;
    if content.len() as u64 != entry.size {
        let (expected, got) = (entry.size, content.len());
        return Err(Error::new(format!("zip: '{}': expected {expected} bytes, got {got}", entry.name)));
    }
    if super::crc::of_slice(&content) != entry.crc {
        return Err(Error::new(format!("zip: '{}': the checksum is wrong, the content is damaged", entry.name)));
    }
    Ok(content)
}

fn unpacked<'a>(entry: &Entry<'_>, packed: &'a [u8]) -> Result<Cow<'a, [u8]>> {
    match entry.method {
        STORED => Ok(packed.into()),
        // Declared sizes have been checked.
        DEFLATED => inflate(packed, entry.size as usize).map(Cow::from).map_err(|error| error.within(entry.name)),
        other => Err(Error::new(format!("zip: '{}' is packed by method {other}: only 0 and 8 are read", entry.name))),
    }
}
