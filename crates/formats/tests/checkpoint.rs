//! Checkpoints: every flipped bit and every missing byte is noticed, and the newest whole one is found.

use ferrograd_formats::checkpoint::{Contents, Newest, newest, read, save, write};
use ferrograd_formats::{Array, ErrorKind, Image, Pieces, file};
use ndarray::{ArrayD, Dimension, IxDyn};
use std::path::PathBuf;

fn contents<'a>(seed: usize) -> Contents<'a> {
    let array = |name: &str, shape: &[usize]| {
        let values = ArrayD::from_shape_fn(IxDyn(shape), |index| (seed + index.slice().iter().sum::<usize>()) as f32);
        Array::of(name, values.view()).into_owned()
    };
    let arrays = vec![array("kernel", &[7, 3]), array("empty", &[0, 2]), array("scalar", &[]), array("bias", &[3])];
    Contents { arrays, metadata: format!("{{\"epoch\":{seed},\"rate\":0.1}}") }
}

fn bytes(contents: &Contents<'_>) -> Vec<u8> {
    image(contents).as_ref().to_vec()
}

fn image(contents: &Contents<'_>) -> Image<Vec<u8>> {
    write(&contents.arrays, &contents.metadata, |bytes| Ok(vec![0; bytes])).unwrap()
}

/// An empty directory of this test.
fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("ferrograd-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn everything_comes_back() {
    let expected = contents(1);
    assert_eq!(read(&bytes(&expected)).unwrap(), expected);
    let nothing = Contents::default();
    assert_eq!(read(&bytes(&nothing)).unwrap(), nothing);
}

#[test]
fn every_single_flipped_bit_is_noticed() {
    let whole = bytes(&contents(2));
    for bit in 0..8 * whole.len() {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&flipped).is_err(), "bit {bit} of {}", 8 * whole.len());
    }
}

#[test]
fn every_missing_or_added_byte_is_noticed() {
    let whole = bytes(&contents(3));
    for end in 0..whole.len() {
        assert!(read(&whole[..end]).is_err(), "cut off after {end} of {}", whole.len());
    }
    assert!(read(&[&whole[..], &[0]].concat()).is_err());
    assert!(read(&whole[1..]).is_err());
}

#[test]
fn blocks_are_checked_each_and_in_their_order() {
    // Three blocks of a MiB and a piece, across two arrays.
    let array = |name: &str, len: usize| {
        Array::of(name, ArrayD::from_shape_fn(IxDyn(&[len]), |i| i[0] as i32).view()).into_owned()
    };
    let large = Contents { arrays: vec![array("a", 500_000), array("b", 300_001)], metadata: String::new() };
    let whole = bytes(&large);
    assert_eq!(read(&whole).unwrap(), large);
    let mut swapped = whole.clone();
    let (first, second) = swapped[512..512 + (2 << 20)].split_at_mut(1 << 20);
    first.swap_with_slice(second);
    assert!(read(&swapped).unwrap_err().to_string().contains("checksum of block"));
    for at in (0..whole.len()).step_by(65_537) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x40;
        assert!(read(&flipped).is_err(), "byte {at}");
    }
}

#[test]
fn another_version_is_named() {
    let mut other = bytes(&contents(4));
    for (version, of) in [(1, ""), (3, ", of a newer ferrograd")] {
        other[8] = version;
        let message = format!("checkpoint: expected version 2, got {version}{of}");
        assert_eq!(read(&other).unwrap_err().to_string(), message);
    }
}

#[test]
fn the_newest_whole_one_is_found_and_the_others_are_named() {
    let directory = directory("newest");
    assert_eq!(newest(&directory.join("none"), file::read).unwrap(), Newest { found: None, skipped: vec![] });
    let paths: Vec<PathBuf> = (1..=5).map(|n| save(&directory, n, &image(&contents(n as usize)), 3).unwrap()).collect();
    assert_eq!(paths.iter().map(|path| path.exists()).collect::<Vec<_>>(), [false, false, true, true, true]);
    let last = std::fs::read(&paths[4]).unwrap();
    std::fs::write(&paths[4], &last[..last.len() / 2]).unwrap();
    std::fs::write(directory.join("notes.txt"), "not ours").unwrap();
    let found = newest(&directory, file::read).unwrap();
    let (path, bytes) = found.found.unwrap();
    assert_eq!((path, read(&bytes).unwrap()), (paths[3].clone(), contents(4)));
    assert_eq!(found.skipped.len(), 1);
    assert_eq!(found.skipped[0].path, paths[4]);
    assert!(found.skipped[0].reason.contains("cut off"), "{}", found.skipped[0].reason);
    // A number that was used before: newer files stay, since they are not of this training.
    save(&directory, 2, &image(&contents(2)), 1).unwrap();
    assert!(paths[3].exists() && paths[4].exists() && directory.join("notes.txt").exists());
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_failed_write_leaves_what_was_there_and_nothing_else() {
    let directory = directory("failed");
    let target = directory.join("a-directory");
    std::fs::create_dir(&target).unwrap();
    let error = file::write(&target, &Pieces::from(vec![1, 2, 3])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Io);
    assert!(error.to_string().contains("a-directory: cannot write"), "{error}");
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1, "no temporary file is left");
    assert_eq!(file::read(&directory.join("missing")).unwrap_err().kind, ErrorKind::Io);
    assert_eq!(file::read(&directory).unwrap_err().kind, ErrorKind::Io, "a directory is no file");
    std::fs::remove_dir_all(directory).unwrap();
}
