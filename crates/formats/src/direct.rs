//! Writing past the system's cache. What is written beside a training and most likely never read need not be copied there
//! first: that copy takes more of a processor than all else that a checkpoint does.

use crate::bytes::Pieces;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Bytes that are written at a time: they are gathered in memory that stays in the second-level cache.
const BLOCK: usize = 1 << 20;

/// What memory, places and lengths are multiples of: the largest that disks ask for.
const ALIGN: usize = 4096;

/// Writes all pieces to the empty `file` at `path`; false where that cannot be done, and the file is empty still.
pub(crate) fn write(path: &Path, file: &File, pieces: &Pieces<'_>) -> io::Result<bool> {
    if pieces.len() < BLOCK {
        return Ok(false);
    }
    let Some(direct) = open(path) else { return Ok(false) };
    match write_blocks(direct, pieces) {
        Ok(()) => file.set_len(pieces.len() as u64).map(|()| true),
        // So do systems say that they, or this disk, have no such way.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => file.set_len(0).map(|()| false),
        Err(error) => Err(error),
    }
}

fn write_blocks(mut file: File, pieces: &Pieces<'_>) -> io::Result<()> {
    let mut room = vec![0; BLOCK + ALIGN];
    let start = room.as_ptr().align_offset(ALIGN);
    let buffer = &mut room[start..start + BLOCK];
    for block in pieces.blocks(BLOCK) {
        let mut len = 0;
        for part in block {
            buffer[len..len + part.len()].copy_from_slice(part);
            len += part.len();
        }
        file.write_all(&buffer[..len.next_multiple_of(ALIGN)])?;
    }
    Ok(())
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
    use super::{ALIGN, BLOCK, write};
    use crate::bytes::Pieces;
    use std::fs::{File, read, remove_file};

    /// Lengths around whole blocks, in pieces that end anywhere.
    #[test]
    fn a_file_holds_all_pieces_and_no_more() {
        let path = std::env::temp_dir().join(format!("ferrograd-direct-{}", std::process::id()));
        for len in [BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + ALIGN, 3 * BLOCK - 7] {
            let bytes: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let mut pieces = Pieces::default();
            bytes.chunks(len / 3 + 5).for_each(|piece| pieces.push(piece));
            let file = File::create(&path).unwrap();
            let written = write(&path, &file, &pieces).unwrap();
            let found = read(&path).unwrap();
            assert!(found == if written { &bytes[..] } else { &[] }, "{len} bytes, written: {written}");
            assert!(written || len < BLOCK || cfg!(not(target_os = "linux")) || !has_direct(&path), "{len} bytes");
        }
        remove_file(&path).unwrap();
    }

    /// Whether the disk of temporary files can be written to in this way: not each can.
    fn has_direct(path: &std::path::Path) -> bool {
        super::open(path).is_some()
    }
}
