//! Writing: stored members, then the directory.

use super::directory::{LARGE, ZIP64};
use super::{Member, STORED, check_name};
use crate::bytes::{Pieces, padding};
use crate::error::{Error, Result};
use std::collections::BTreeSet;

/// Midnight of 1 January 1980: the same members give the same bytes.
const DATE: u16 = 1 << 5 | 1;

/// Names are in UTF-8.
const UTF8: u16 = 1 << 11;

/// The version that a reader needs: 2.0, with zip64 4.5.
const VERSION: u16 = 20;
const VERSION_ZIP64: u16 = 45;

/// Contents begin at multiples of this many bytes, so that arrays in a file inside lie as in a file of its own.
const ALIGN: usize = 64;

/// The field that fills up to there, as Android's packages have it.
const ALIGNMENT: u16 = 0xd935;

struct Entry<'a> {
    name: &'a str,
    crc: u32,
    size: u64,
    start: u64,
}

/// The bytes of an archive of some members, in their order.
///
/// # Errors
/// Where a name leads out of the archive, comes twice or is too long.
pub fn write<'a>(members: Vec<Member<'a>>) -> Result<Pieces<'a>> {
    let (mut archive, mut at, mut entries) = (Pieces::default(), 0, Vec::with_capacity(members.len()));
    let mut names = BTreeSet::new();
    for Member { name, content } in members {
        check_name(name)?;
        if !names.insert(name) || name.len() > usize::from(u16::MAX) {
            return Err(Error::new(format!("zip: expected unique names of at most 65535 bytes, got '{name}'")));
        }
        let entry = Entry { name, crc: super::crc::of(&content), size: content.len() as u64, start: at };
        let head = entry.head();
        at += head.len() as u64 + entry.size;
        archive.push(head);
        archive.extend(content);
        entries.push(entry);
    }
    archive.push(directory(&entries, at));
    Ok(archive)
}

impl Entry<'_> {
    /// What stands before the content.
    fn head(&self) -> Vec<u8> {
        let large = self.size >= LARGE.into();
        let mut extra = if large { extra(&[self.size, self.size]) } else { vec![] };
        extra.extend(self.fill(extra.len()));
        let size = short(self.size);
        let mut head = super::SIGNATURE.to_vec();
        head.extend(words(&[version(large), UTF8, STORED, 0, DATE]));
        head.extend([self.crc, size, size].map(u32::to_le_bytes).concat());
        head.extend(words(&[self.name.len() as u16, extra.len() as u16]));
        head.extend(self.name.as_bytes());
        head.extend(extra);
        head
    }

    /// A field behind others of `extra` bytes, after which the content begins.
    fn fill(&self, extra: usize) -> Vec<u8> {
        const HEAD: usize = 30;
        let end = self.start as usize % ALIGN + HEAD + self.name.len() + extra + 6;
        let zeros = padding(end, ALIGN);
        let mut fill = words(&[ALIGNMENT, 2 + zeros.len() as u16, ALIGN as u16]);
        fill.extend(zeros);
        fill
    }

    /// What stands in the directory.
    fn listed(&self) -> Vec<u8> {
        let mut large = Vec::new();
        if self.size >= LARGE.into() {
            large.extend([self.size, self.size]);
        }
        if self.start >= LARGE.into() {
            large.push(self.start);
        }
        let extra = if large.is_empty() { vec![] } else { extra(&large) };
        let version = version(!large.is_empty());
        let size = short(self.size);
        let mut entry = b"PK\x01\x02".to_vec();
        entry.extend(words(&[version, version, UTF8, STORED, 0, DATE]));
        entry.extend([self.crc, size, size].map(u32::to_le_bytes).concat());
        entry.extend(words(&[self.name.len() as u16, extra.len() as u16, 0, 0, 0, 0, 0]));
        entry.extend(short(self.start).to_le_bytes());
        entry.extend(self.name.as_bytes());
        entry.extend(extra);
        entry
    }
}

/// The entries and the records at the end, for a directory that begins at `start`.
fn directory(entries: &[Entry<'_>], start: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = entries.iter().flat_map(Entry::listed).collect();
    let (count, size) = (entries.len() as u64, bytes.len() as u64);
    let large = count >= u16::MAX.into() || size >= LARGE.into() || start >= LARGE.into();
    if large {
        bytes.extend(b"PK\x06\x06");
        bytes.extend(44u64.to_le_bytes());
        bytes.extend(words(&[VERSION_ZIP64, VERSION_ZIP64, 0, 0, 0, 0]));
        bytes.extend([count, count, size, start].map(u64::to_le_bytes).concat());
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        bytes.extend((start + size).to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
    }
    let count = u16::try_from(count).unwrap_or(u16::MAX);
    bytes.extend(b"PK\x05\x06");
    bytes.extend(words(&[0, 0, count, count]));
    bytes.extend([short(size), short(start)].map(u32::to_le_bytes).concat());
    bytes.extend([0, 0]);
    bytes
}

fn version(large: bool) -> u16 {
    if large { VERSION_ZIP64 } else { VERSION }
}

/// A size in 32 bits, or what says that zip64's field has it.
fn short(size: u64) -> u32 {
    u32::try_from(size).unwrap_or(LARGE)
}

fn extra(sizes: &[u64]) -> Vec<u8> {
    let head = words(&[ZIP64, 8 * sizes.len() as u16]);
    sizes.iter().fold(head, |mut extra, size| {
        extra.extend(size.to_le_bytes());
        extra
    })
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{directory, read};
    use super::{Entry, Member, write};
    use crate::bytes::{Cursor, Pieces};

    #[test]
    fn sizes_and_places_beyond_32_bits_are_in_the_zip64_field() {
        let (size, start) = (5 << 32, (6 << 32) + 7);
        for (size, start) in [(size, start), (size, 7), (3, start), (3, 7)] {
            let listed = Entry { name: "a", crc: 1, size, start }.listed();
            let entry = directory::entry(&mut Cursor::new("test", &listed)).unwrap();
            assert_eq!((entry.size, entry.packed, entry.start), (size, size, start));
        }
    }

    #[test]
    fn more_members_than_16_bits_count_are_in_the_zip64_record() {
        let names: Vec<String> = (0..66_000).map(|i| format!("{i}")).collect();
        let member = |name| Member { name, content: Pieces::from(&b"x"[..]) };
        let archive = write(names.iter().map(|name| member(name)).collect()).unwrap().concat();
        let found = read(&archive).unwrap();
        assert_eq!(found.len(), names.len());
        assert_eq!((&*found[65_999].name, found[65_999].bytes()), ("65999", &b"x"[..]));
    }
}
