//! Files that are there whole or not at all.

use crate::bytes::Pieces;
use crate::error::{Error, Result};
use rayon::prelude::*;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Read, Write};
use std::path::{Path, PathBuf};

/// Reads a whole file.
///
/// # Errors
/// Where the system refuses, and where the path is a directory.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::io("read", path, &error))
}

/// Bytes that one thread reads at a time: what is copied is then still in a cache that has just been filled with zeros.
const PART: usize = 512 << 10;

/// The first bytes of a file.
///
/// # Errors
/// Where the system refuses, and where there are not so many.
pub fn beginning<const N: usize>(path: &Path) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut bytes));
    read.map(|()| bytes).map_err(|error| Error::io("read", path, &error))
}

/// Reads a whole file into what `room` makes for so many bytes, in parts that threads read side by side.
///
/// # Errors
/// Where the system refuses, the path is no file, or the file changes its size meanwhile.
pub fn read_into<M: AsMut<[u8]>>(path: &Path, room: impl FnOnce(usize) -> Result<M>) -> Result<M> {
    let said = |error: io::Error| Error::io("read", path, &error);
    let file = File::open(path).map_err(said)?;
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
/// entry. Where the disk is full the file that was there is untouched.
///
/// # Errors
/// Where the system refuses; nothing is left behind then.
pub fn write(path: &Path, pieces: &Pieces<'_>) -> Result<()> {
    let temporary = Temporary::beside(path)?;
    let written = temporary.fill(pieces).and_then(|()| temporary.take_place(path));
    written.map_err(|error| {
        // What could not be written is of no use, and the error is what counts.
        let _ = std::fs::remove_file(&temporary.path);
        Error::io("write", path, &error)
    })?;
    sync_directory(path).map_err(|error| Error::io("write", path, &error))
}

/// The beginning and the end of temporary files' names.
pub(crate) const HIDDEN: &str = ".";
pub(crate) const ENDING: &str = ".tmp";

struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    /// A new file in the same directory, whose name tells of the target and of this process.
    fn beside(path: &Path) -> Result<Temporary> {
        let name = path.file_name().ok_or_else(|| Error::io("write", path, &io::ErrorKind::IsADirectory.into()))?;
        let name = name.to_string_lossy();
        let process = std::process::id();
        let candidates =
            (0..1000).map(|attempt| path.with_file_name(format!("{HIDDEN}{name}.{process}-{attempt}{ENDING}")));
        for candidate in candidates {
            match OpenOptions::new().write(true).create_new(true).open(&candidate) {
                Ok(file) => return Ok(Temporary { path: candidate, file }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io("write", path, &error)),
            }
        }
        Err(Error::io("write", path, &io::ErrorKind::AlreadyExists.into()))
    }

    /// Writes everything and waits until the disk has it.
    fn fill(&self, pieces: &Pieces<'_>) -> io::Result<()> {
        let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(IoSlice::new).collect();
        let mut rest = &mut slices[..];
        // As `write_all_vectored` will be: as many pieces a call as the system takes.
        while !rest.is_empty() {
            match (&self.file).write_vectored(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => IoSlice::advance_slices(&mut rest, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.file.sync_all()
    }

    /// Replaces the file at `path`, also on Windows.
    fn take_place(&self, path: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, path)
    }
}

/// Waits until the disk has the directory's new entry. Windows has no such call, and needs none.
fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(parent)?.sync_all() } else { Ok(()) }
}
