//! Writing past the system's cache. What is written beside a training and most likely never read need not be copied there
//! first: that copy takes more of a processor than all else that a checkpoint does.

use crate::error::Result;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// What memory, places and lengths are multiples of: the largest that disks ask for.
const ALIGN: usize = 4096;

/// Files of fewer bytes go through the cache.
const LARGE: usize = 1 << 20;

/// The bytes of a file as a disk takes them from where they are: they begin at a multiple of [`ALIGN`], and zeros behind them
/// reach to the next.
pub struct Image<M> {
    memory: M,
    /// Where the file begins in the memory.
    start: usize,
    len: usize,
}

impl<M: AsRef<[u8]> + AsMut<[u8]>> Image<M> {
    /// A file of `len` bytes whatever they are, in memory that `room` makes for so many.
    ///
    /// # Errors
    /// Where `room` has none.
    pub(crate) fn new(len: usize, room: impl FnOnce(usize) -> Result<M>) -> Result<Image<M>> {
        let mut memory = room(len.next_multiple_of(ALIGN) + ALIGN)?;
        let bytes = memory.as_mut();
        let start = bytes.as_ptr().align_offset(ALIGN);
        bytes[start + len..].fill(0);
        Ok(Image { memory, start, len })
    }

    /// With the zeros behind it.
    fn whole(&self) -> &[u8] {
        &self.memory.as_ref()[self.start..][..self.len.next_multiple_of(ALIGN)]
    }

    /// Writes it to the empty `file` at `path`, past the cache where the system and the disk have such a way.
    pub(crate) fn write(&self, path: &Path, mut file: &File) -> io::Result<()> {
        if self.len >= LARGE && self.write_past_cache(path)? {
            return file.set_len(self.len as u64);
        }
        file.set_len(0)?;
        file.write_all(self.as_ref())
    }

    /// False where that cannot be done.
    fn write_past_cache(&self, path: &Path) -> io::Result<bool> {
        let Some(mut file) = open(path) else { return Ok(false) };
        match file.write_all(self.whole()) {
            Ok(()) => Ok(true),
            // So do systems say that they, or this disk, have no such way.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl<M: AsRef<[u8]>> AsRef<[u8]> for Image<M> {
    fn as_ref(&self) -> &[u8] {
        &self.memory.as_ref()[self.start..][..self.len]
    }
}

impl<M: AsMut<[u8]>> AsMut<[u8]> for Image<M> {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.memory.as_mut()[self.start..][..self.len]
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
    use super::{ALIGN, Image, LARGE, open};
    use std::fs::{File, read, remove_file};
    use std::path::Path;

    fn image(len: usize) -> Image<Vec<u8>> {
        let mut image = Image::new(len, |bytes| Ok(vec![7; bytes])).unwrap();
        image.as_mut().iter_mut().enumerate().for_each(|(i, byte)| *byte = (i % 251) as u8);
        image
    }

    /// Lengths around whole blocks of a disk, and around the least that goes past the cache.
    #[test]
    fn a_file_holds_all_bytes_and_no_more() {
        let path = std::env::temp_dir().join(format!("ferrograd-direct-{}", std::process::id()));
        for len in [0, 1, ALIGN, LARGE - 1, LARGE, LARGE + 1, LARGE + ALIGN, 3 * LARGE - 7] {
            let image = image(len);
            image.write(&path, &File::create(&path).unwrap()).unwrap();
            assert!(read(&path).unwrap() == image.as_ref(), "{len} bytes");
        }
        past_cache(&path);
        remove_file(&path).unwrap();
    }

    /// Where the disk of temporary files has such a way, what is handed to it is taken: not each has.
    fn past_cache(path: &Path) {
        let image = image(LARGE + 5);
        let file = File::create(path).unwrap();
        let aligned = image.whole().as_ptr().addr().is_multiple_of(ALIGN) && image.whole().len().is_multiple_of(ALIGN);
        assert!(aligned && image.whole()[image.len..].iter().all(|byte| *byte == 0));
        // A disk that opens such files takes them: its blocks are no larger than ALIGN.
        assert_eq!(image.write_past_cache(path).unwrap(), open(path).is_some());
        file.set_len(image.len as u64).unwrap();
        assert!(open(path).is_none() || read(path).unwrap() == image.as_ref());
    }
}
