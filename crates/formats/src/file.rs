//! Files that are there whole or not at all.

use crate::bytes::Pieces;
use crate::direct::Image;
use crate::error::{Error, Result};
use crate::temporary::{Temporary, remove_abandoned};
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a whole file.
///
/// # Errors
/// Where the system refuses, and where the path is a directory.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::io("read", path, &error))
}

/// Opens a file. Windows refuses to open a directory as if rights were missing: it is called what it is on every system.
fn open(path: &Path) -> io::Result<File> {
    File::open(path).map_err(|error| if path.is_dir() { io::ErrorKind::IsADirectory.into() } else { error })
}

/// Bytes that one thread reads at a time: what is copied is then still in a cache that has just been filled with zeros.
const PART: usize = 512 << 10;

/// The first bytes of a file.
///
/// # Errors
/// Where the system refuses, and where there are not so many.
pub fn beginning<const N: usize>(path: &Path) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let read = open(path).and_then(|mut file| file.read_exact(&mut bytes));
    read.map(|()| bytes).map_err(|error| Error::io("read", path, &error))
}

/// Reads a whole file into what `room` makes for so many bytes, in parts that threads read side by side.
///
/// # Errors
/// Where the system refuses, the path is no file, or the file changes its size meanwhile.
pub fn read_into<M: AsMut<[u8]>>(path: &Path, room: impl FnOnce(usize) -> Result<M>) -> Result<M> {
    let said = |error: io::Error| Error::io("read", path, &error);
    let file = open(path).map_err(said)?;
    let metadata = file.metadata().map_err(said)?;
    if metadata.is_dir() {
        return Err(said(io::ErrorKind::IsADirectory.into()));
    }
    let length = usize::try_from(metadata.len()).map_err(|_| said(io::ErrorKind::FileTooLarge.into()))?;
    let mut memory = room(length)?;
    let parts = memory
        .as_mut()
        .par_chunks_mut(PART)
        .zip((0u64..).step_by(PART).take(length.div_ceil(PART)).collect::<Vec<_>>());
    parts.try_for_each(|(part, at)| read_at(&file, part, at)).map_err(said)?;
    Ok(memory)
}

#[cfg(unix)]
fn read_at(file: &File, part: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, part, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut part: &mut [u8], mut at: u64) -> io::Result<()> {
    while !part.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, part, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => (part, at) = (&mut part[count..], at + count as u64),
        }
    }
    Ok(())
}

/// Writes a file whole: whatever happens meanwhile, the path holds what it held before or all of `pieces`.
///
/// A temporary file beside it is written and brought to the disk, takes the path's place, and so does the directory's
/// entry. Where the disk is full the file that was there is untouched. Temporary files of writers that were killed are
/// removed first, so that they do not take the room.
///
/// # Errors
/// Where the system refuses; nothing is left behind then.
pub fn write(path: &Path, pieces: &Pieces<'_>) -> Result<()> {
    write_by(path, |temporary| temporary.fill(pieces))
}

/// As [`write`], for a file that most likely nobody reads: it does not go through the system's cache, where it would push out
/// what is needed, and costs a processor less.
///
/// # Errors
/// Those of [`write`].
pub fn write_past_cache<M: AsRef<[u8]> + AsMut<[u8]>>(path: &Path, image: &Image<M>) -> Result<()> {
    write_by(path, |temporary| temporary.fill_past_cache(image))
}

fn write_by(path: &Path, fill: impl FnOnce(&Temporary) -> io::Result<()>) -> Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    remove_abandoned(directory);
    let written = Temporary::beside(path).and_then(|temporary| temporary.become_file(path, fill));
    written.and_then(|()| sync_directory(directory)).map_err(|error| Error::io("write", path, &error))
}

/// Waits until the disk has the directory's new entry. Windows has no such call, and needs none.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}
