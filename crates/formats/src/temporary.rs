//! Temporary files beside those that they become: written under a name of their own, and found when their writer was killed.
//!
//! A writer holds a lock on its file, which the system lets go when the process ends, however it ends. Whoever gets the lock
//! of a file that was made on this machine since it was started therefore knows that nobody writes it any more: numbers of
//! processes, which come again, are not asked. On disks that several machines share a lock may be of one machine alone, and
//! some disks have none: a file of another machine, or of another start of this one, has to be old, too.

use crate::bytes::Pieces;
use crate::direct::Image;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, IoSlice, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The end of temporary files' names.
const ENDING: &str = ".ferrograd-tmp";

/// How old a file is that nobody can be said to write, or not to write.
const ABANDONED: Duration = Duration::from_secs(3600);

/// A file that is being written.
pub(crate) struct Temporary {
    path: PathBuf,
    /// Locked as long as it is open.
    file: File,
}

impl Temporary {
    /// A new file in the same directory, whose name tells of the target, of this start of the machine and of this process.
    pub(crate) fn beside(path: &Path) -> io::Result<Temporary> {
        let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_string_lossy();
        // Names of files end somewhere.
        let name: String = name.chars().take(32).collect();
        let (start, process) = (this_start().unwrap_or_default(), std::process::id());
        for attempt in 0..1000 {
            let candidate = path.with_file_name(format!(".{name}.{start}-{process}-{attempt}{ENDING}"));
            match OpenOptions::new().write(true).create_new(true).open(&candidate) {
                // Between its making and its lock somebody may have taken it for abandoned.
                Ok(file) if is_taken(&file) || !is_at(&file, &candidate) => {}
                Ok(file) => return Ok(Temporary { path: candidate, file }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Is filled, waits until the disk has it and replaces the file at `path`, also on Windows; where that fails, nothing is
    /// left.
    pub(crate) fn become_file(self, path: &Path, fill: impl FnOnce(&Temporary) -> io::Result<()>) -> io::Result<()> {
        let filled = fill(&self).and_then(|()| self.file.sync_all());
        filled.and_then(|()| std::fs::rename(&self.path, path)).inspect_err(|_| {
            // What could not be written is of no use, and the error is what counts.
            let _ = std::fs::remove_file(&self.path);
        })
    }

    /// Writes everything through the system's cache: whoever reads it soon finds it there.
    pub(crate) fn fill(&self, pieces: &Pieces<'_>) -> io::Result<()> {
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
        Ok(())
    }

    /// Writes everything past the cache, where the system and the disk can: for files that most likely nobody reads.
    pub(crate) fn fill_past_cache<M: AsRef<[u8]> + AsMut<[u8]>>(&self, image: &Image<M>) -> io::Result<()> {
        image.write(&self.path, &self.file)
    }
}

/// Removes the temporary files of a directory whose writers were killed. One that stays costs room, no more.
pub(crate) fn remove_abandoned(directory: &Path) {
    let start = this_start();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if let Some(maker) = name.to_str().and_then(maker_of) {
            let ours = start.as_deref() == Some(maker);
            // Somebody else may have removed it.
            let _ = remove_where_abandoned(&entry.path(), ours);
        }
    }
}

/// The start of a machine that the name of a temporary file tells of: `.name.start-process-attempt.ferrograd-tmp`.
fn maker_of(name: &str) -> Option<&str> {
    let (_, maker) = name.strip_prefix('.')?.strip_suffix(ENDING)?.rsplit_once('.')?;
    let mut parts = maker.split('-');
    let start = parts.next()?;
    let numbers = [parts.next()?, parts.next()?];
    (parts.next().is_none() && numbers.iter().all(|number| number.parse::<u32>().is_ok())).then_some(start)
}

fn remove_where_abandoned(path: &Path, ours: bool) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    let lock = if cfg!(unix) { file.try_lock() } else { Err(TryLockError::Error(io::ErrorKind::Unsupported.into())) };
    let abandoned = match lock {
        Ok(()) if ours => true,
        Err(TryLockError::WouldBlock) => false,
        Ok(()) | Err(TryLockError::Error(_)) => file.metadata()?.modified()?.elapsed().is_ok_and(|age| age > ABANDONED),
    };
    // The lock may be of a file that has taken its place meanwhile, whose name another one has now.
    if abandoned && is_at(&file, path) { std::fs::remove_file(path) } else { Ok(()) }
}

/// Locks a file, where there are locks; whether somebody else has it. On Windows a lock would keep readers out.
fn is_taken(file: &File) -> bool {
    cfg!(unix) && matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Whether a path leads to an open file still.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let here = file.metadata().map(|metadata| (metadata.dev(), metadata.ino()));
    let there = std::fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()));
    matches!((here, there), (Ok(here), Ok(there)) if here == there)
}

#[cfg(windows)]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// What tells this start of this machine from others, where the system says it.
fn this_start() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    id.trim().chars().all(|c| c == '-' || c.is_ascii_hexdigit()).then(|| id.trim().replace('-', ""))
}
