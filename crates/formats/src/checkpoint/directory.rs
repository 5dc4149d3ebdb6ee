//! A directory of checkpoints: the last few are kept, the newest whole one is found.

use super::read;
use crate::direct::Image;
use crate::error::{Error, Result};
use crate::file;
use std::path::{Path, PathBuf};

/// The names: `checkpoint-` and a number that grows from one to the next.
const BEGINNING: &str = "checkpoint-";
const ENDING: &str = ".ferrograd";

/// A file that was passed over, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// The newest whole checkpoint of a directory, and the newer ones that are not whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest<B> {
    /// The file and its bytes, which [`read`] accepts; none where there is no whole one.
    pub found: Option<(PathBuf, B)>,
    /// Newer files that were passed over.
    pub skipped: Vec<Skipped>,
}

/// Finds the newest whole checkpoint; a directory that is not there has none. `open` reads a file's bytes.
///
/// # Errors
/// Where the system refuses to list the directory.
pub fn newest<B: AsRef<[u8]>>(directory: &Path, open: impl Fn(&Path) -> Result<B>) -> Result<Newest<B>> {
    let mut newest = Newest { found: None, skipped: Vec::new() };
    for (_, path) in numbered(directory)?.into_iter().rev() {
        let whole = open(&path).and_then(|bytes| read(bytes.as_ref()).map(drop).map(|()| bytes));
        match whole {
            Ok(bytes) => {
                newest.found = Some((path, bytes));
                break;
            }
            Err(error) => newest.skipped.push(Skipped { path, reason: error.to_string() }),
        }
    }
    Ok(newest)
}

/// Writes checkpoint `number` and then removes all but the last `keep` that are not newer; the file that was written.
///
/// # Errors
/// Where the directory cannot be made or the file not be written; older checkpoints are untouched then.
pub fn save<M: AsRef<[u8]> + AsMut<[u8]>>(
    directory: &Path,
    number: u64,
    image: &Image<M>,
    keep: usize,
) -> Result<PathBuf> {
    std::fs::create_dir_all(directory).map_err(|error| Error::io("make", directory, &error))?;
    let path = directory.join(format!("{BEGINNING}{number:012}{ENDING}"));
    file::write_past_cache(&path, image)?;
    let older: Vec<_> = numbered(directory)?.into_iter().filter(|(older, _)| *older <= number).collect();
    for (_, path) in older.iter().rev().skip(keep.max(1)) {
        // One that stays costs room, no more.
        let _ = std::fs::remove_file(path);
    }
    Ok(path)
}

/// The checkpoints of a directory by their numbers, ascending.
fn numbered(directory: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list", directory, &error)),
    };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut found: Vec<(u64, PathBuf)> = paths.filter_map(|path| Some((number_of(&path)?, path))).collect();
    found.sort();
    Ok(found)
}

fn number_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix(BEGINNING)?.strip_suffix(ENDING)?.parse().ok()
}
