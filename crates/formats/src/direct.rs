//! Writing past the system's cache. What is written beside a training and most likely never read need not be copied there
//! first: that copy takes more of a processor than all else that a checkpoint does.

use crate::bytes::Pieces;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Bytes that are gathered and written at a time, in memory that stays in the second-level cache.
const BLOCK: usize = 1 << 20;

/// What memory, places and lengths are multiples of: the largest that disks ask for.
const ALIGN: usize = 4096;

/// What most disks ask for.
pub(crate) const SECTOR: usize = 512;

/// Pieces of fewer bytes are gathered.
const LARGE: usize = 64 << 10;

/// Writes all pieces to the empty `file` at `path`; false where that cannot be done, and the file is empty still.
pub(crate) fn write(path: &Path, file: &File, pieces: &Pieces<'_>) -> io::Result<bool> {
    if pieces.len() < BLOCK {
        return Ok(false);
    }
    // From where they lie, which spares a copy; where the disk wants larger multiples, through memory that has them.
    for in_place in [true, false] {
        let Some(direct) = open(path) else { return Ok(false) };
        match write_all(&direct, pieces, in_place) {
            Ok(()) => return file.set_len(pieces.len() as u64).map(|()| true),
            // So do systems say that they, or this disk, have no such way.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => file.set_len(0)?,
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

fn write_all(mut file: &File, pieces: &Pieces<'_>, in_place: bool) -> io::Result<()> {
    let mut gathered = Gathered::new(file);
    for piece in pieces.iter() {
        let reachable = piece.as_ptr().addr().is_multiple_of(SECTOR) && gathered.len.is_multiple_of(SECTOR);
        let written = if in_place && reachable && piece.len() >= LARGE { piece.len() / SECTOR * SECTOR } else { 0 };
        if written > 0 {
            gathered.flush()?;
            file.write_all(&piece[..written])?;
        }
        gathered.push(&piece[written..])?;
    }
    gathered.end()
}

/// Pieces on their way through one block of memory.
struct Gathered<'a> {
    file: &'a File,
    room: Vec<u8>,
    /// Where the block begins in `room`.
    start: usize,
    /// Bytes of the block that wait to be written.
    len: usize,
}

impl Gathered<'_> {
    fn new(file: &File) -> Gathered<'_> {
        let room = vec![0; BLOCK + ALIGN];
        let start = room.as_ptr().align_offset(ALIGN);
        Gathered { file, room, start, len: 0 }
    }

    fn push(&mut self, mut piece: &[u8]) -> io::Result<()> {
        while !piece.is_empty() {
            let (part, rest) = piece.split_at(piece.len().min(BLOCK - self.len));
            self.room[self.start + self.len..][..part.len()].copy_from_slice(part);
            self.len += part.len();
            piece = rest;
            if self.len == BLOCK {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.room[self.start..][..std::mem::take(&mut self.len)])
    }

    /// Writes what is left, and whatever stands behind it up to the next multiple.
    fn end(mut self) -> io::Result<()> {
        self.len = self.len.next_multiple_of(ALIGN);
        self.flush()
    }
}

#[cfg(target_os = "linux")]
fn open(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).custom_flags(libc::O_DIRECT).open(path).ok()
}

/// Other systems have no such flag.
#[cfg(not(target_os = "linux"))]
fn open(_path: &Path) -> Option<File> {
    None
}

#[cfg(test)]
mod tests {
    use super::{ALIGN, BLOCK, LARGE, SECTOR, write, write_all};
    use crate::bytes::{Pieces, padding};
    use std::fs::{File, read, remove_file};

    /// Lengths around whole blocks, in pieces that end anywhere.
    #[test]
    fn a_file_holds_all_pieces_and_no_more() {
        for len in [BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + ALIGN, 3 * BLOCK - 7] {
            let bytes = numbers(len);
            let mut pieces = Pieces::default();
            bytes.chunks(len / 3 + 5).for_each(|piece| pieces.push(piece));
            check("pieces", &pieces, &format!("{len} bytes"));
        }
    }

    /// Large pieces that begin in memory and in the file where a disk can take them, or in one of the two, with small
    /// ones between.
    #[test]
    fn large_pieces_are_written_from_where_they_lie() {
        let bytes = numbers(4 * BLOCK);
        let start = bytes.as_ptr().align_offset(ALIGN);
        let memory = &bytes[start..];
        for (begin, len) in [(0, LARGE), (SECTOR, LARGE + 1), (64, 2 * LARGE), (SECTOR, BLOCK + SECTOR - 64)] {
            let mut pieces = Pieces::from(&memory[..SECTOR]);
            for _ in 0..2 {
                pieces.push(&memory[begin..][..len]);
                pieces.push(padding(len, SECTOR));
                pieces.push(&memory[1..][..SECTOR]);
            }
            // To a place in the file that is none for a disk.
            pieces.push(&memory[..100]);
            pieces.push(&memory[SECTOR..][..BLOCK]);
            check("large", &pieces, &format!("{len} bytes from {begin}"));
        }
    }

    fn numbers(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i % 251) as u8).collect()
    }

    fn check(name: &str, pieces: &Pieces<'_>, what: &str) {
        let path = std::env::temp_dir().join(format!("ferrograd-direct-{name}-{}", std::process::id()));
        let file = File::create(&path).unwrap();
        let written = write(&path, &file, pieces).unwrap();
        let found = read(&path).unwrap();
        assert!(found == if written { pieces.concat() } else { vec![] }, "{what}, written: {written}");
        let can = pieces.len() >= BLOCK && cfg!(target_os = "linux") && has_direct(&path);
        assert_eq!(written, can, "{what}");
        if can {
            // Both ways, whichever the disk needs: the last block is written whole, and cut off by the caller.
            write_all(&super::open(&path).unwrap(), pieces, false).unwrap();
            assert!(read(&path).unwrap().starts_with(&pieces.concat()), "{what}, gathered");
        }
        if can && takes_sectors(&path) {
            // Where a disk takes sectors, nothing but sectors is handed to it: no second way is needed.
            write_all(&super::open(&path).unwrap(), pieces, true).unwrap();
            assert!(read(&path).unwrap().starts_with(&pieces.concat()), "{what}, in place");
        }
        remove_file(&path).unwrap();
    }

    /// Whether the disk takes a large piece that lies at a sector of memory, to a sector of the file.
    fn takes_sectors(path: &std::path::Path) -> bool {
        let bytes = numbers(ALIGN + 2 * SECTOR + LARGE);
        let memory = &bytes[bytes.as_ptr().align_offset(ALIGN)..];
        let mut pieces = Pieces::from(&memory[..SECTOR]);
        pieces.push(&memory[SECTOR..][..LARGE]);
        write_all(&super::open(path).unwrap(), &pieces, true).is_ok()
    }

    /// Whether the disk of temporary files can be written to in this way: not each can.
    fn has_direct(path: &std::path::Path) -> bool {
        super::open(path).is_some()
    }
}
