//! Readers are total: whatever the bytes, they return, soon, and ask for little more memory than there are bytes.
//!
//! The files of the corpus are cut off everywhere, changed at random and spliced with one another, each time from the
//! same seed; every format reads each of them. `fuzz/` does the same without an end.

#[path = "../../data/tests/support/random.rs"]
mod random;

use ferrograd_formats::{Contents, Format, events};
use random::Random;
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the bytes that are in use, and the most that ever were.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// Safety: every call is handed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(used, Ordering::Relaxed);
        // Safety: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // Safety: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A changed file: bits flipped, a length or an address overwritten, a part repeated, left out or taken from another.
fn mutated(random: &mut Random, file: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        match random.below(6) {
            0 => bytes.truncate(at),
            1 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            2 => overwrite(&mut bytes, at, &[0xff; 8][..=random.below(8)]),
            3 => overwrite(&mut bytes, at, &(random.below(file.len() * 2) as u64).to_le_bytes()[..=random.below(8)]),
            4 => drop(bytes.drain(at..(at + random.below(32)).min(bytes.len()))),
            _ => {
                let start = random.below(other.len());
                let part = &other[start..(start + random.below(64)).min(other.len())];
                bytes.splice(at..at, part.iter().copied());
            }
        }
    }
    bytes
}

fn overwrite(bytes: &mut [u8], at: usize, by: &[u8]) {
    bytes[at..].iter_mut().zip(by).for_each(|(byte, by)| *byte = *by);
}

/// The small files that fuzzing begins with, of every format.
fn seeds() -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let inside = |folder: &Path| -> Vec<PathBuf> {
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let paths = inside(&corpus).into_iter().flat_map(|format| inside(&format));
    paths.map(|path| std::fs::read(path).unwrap()).collect()
}

/// The files of the fixtures, and one of each format that only we write.
fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../__test__/fixtures/files");
    let mut paths: Vec<_> = [folder.clone(), folder.join("ours")]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    let mut files: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/run.tfevents");
    files.push(std::fs::read(events).unwrap());
    files.push([&[0, 0, 0x0d, 2, 0, 0, 0, 2, 0, 0, 0, 3][..], &[1; 24]].concat());
    let arrays = Format::Safetensors.read(&files[files.len() - 3]).map(|contents| contents.arrays).unwrap_or_default();
    let checkpoint = Contents { arrays, text: "{}".into() };
    files.push(Format::Checkpoint.write(&checkpoint).unwrap().concat());
    files
}

/// Has every format read some bytes; refusals are as good as results.
fn read_by_all(bytes: &[u8]) {
    for format in Format::ALL {
        let before = USED.load(Ordering::Relaxed);
        MOST.store(before, Ordering::Relaxed);
        let result = format.read(bytes);
        let asked = MOST.load(Ordering::Relaxed) - before;
        // Names, shapes and attributes take several times the bytes that they have in the file; inflating up to its limit,
        // which is 16 MiB for the smallest, once for what comes out and once for what it is made from.
        let inflates = matches!(format, Format::Zip | Format::Npz | Format::Hdf5);
        let limit = if inflates { 33 << 20 } else { 1 << 20 };
        assert!(asked <= 16 * bytes.len() + limit, "{format:?} asked for {asked} bytes to read {}", bytes.len());
        drop(result);
    }
    let _ = events::frames(bytes);
}

#[test]
fn readers_return_whatever_the_bytes() {
    read_changed(&corpus(), 1000);
    read_changed(&seeds(), 300);
}

/// Has every format read so many changed copies of each file, and some that are cut off.
fn read_changed(files: &[Vec<u8>], count: usize) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for file in files {
        for _ in 0..60 {
            read_by_all(&file[..random.below(file.len() + 1)]);
        }
        for _ in 0..count {
            let other = &files[random.below(files.len())];
            read_by_all(&mutated(&mut random, file, other));
        }
    }
}

/// The corpus has a folder for each fuzz target, and what is valid there is read.
#[test]
fn every_target_has_a_corpus_that_its_reader_knows() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for target in std::fs::read_dir(fuzz.join("fuzz_targets")).unwrap() {
        let name = target.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
        let paths = std::fs::read_dir(fuzz.join("corpus").join(&name)).unwrap().map(|entry| entry.unwrap().path());
        let files: Vec<Vec<u8>> = paths.map(|path| std::fs::read(path).unwrap()).collect();
        assert!(files.iter().all(|file| file.len() <= 12 << 10), "{name}: small files");
        let read = files.iter().any(|file| {
            match Format::ALL.iter().find(|format| format!("{format:?}").to_lowercase() == name) {
                Some(format) => format.read(file).is_ok(),
                None => events::frames(file).is_ok(),
            }
        });
        assert!(read, "{name}: one file that is whole");
    }
}
