//! Whatever the bytes of a picture, it is decoded or refused soon, in the memory that its header may ask for, and never with a panic.
//!
//! The files are of Pillow (`tools/oracle/image_files.py`); what is in them, the tests in `__test__/data/images.test.ts` compare.

#[path = "support/random.rs"]
mod random;

use ferrograd_data::images::{Frame, Interpolation, Kind, Plan, Resampling, Source, decode, read, read_one};
use random::Random;
use std::fs;
use std::path::{Path, PathBuf};

const MOST: u64 = 1 << 20;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../__test__/fixtures/image-files")
}

fn file(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).expect(name)
}

/// All files that are decoded here, by name.
fn pictures() -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .expect("the folder of fixtures")
        .map(|entry| entry.expect("a file").file_name().into_string().expect("a name"))
        .filter(|name| (name.ends_with(".png") || name.ends_with(".jpg")) && name != "bomb.png")
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), file(&name))).collect()
}

fn kind_of(bytes: &[u8]) -> Kind {
    decode(bytes, MOST).expect_err("no picture").kind
}

#[test]
fn first_bytes_decide() {
    for (name, kind) in [
        ("foreign.webp", Kind::Foreign),
        ("foreign.gif", Kind::Foreign),
        ("foreign.bmp", Kind::Foreign),
        ("pictures.json", Kind::Unknown),
    ] {
        assert_eq!(kind_of(&file(name)), kind, "{name}");
    }
    assert_eq!(decode(&file("foreign.webp"), MOST).expect_err("no picture").message, "WebP");
    assert_eq!(kind_of(b""), Kind::Unknown);
}

#[test]
fn sizes_are_refused_by_the_header() {
    // Thirty gigabytes, if anybody believed it.
    assert_eq!(kind_of(&file("bomb.png")), Kind::TooLarge);
    let (rgb, big) = (file("rgb.png"), file("444.jpg"));
    assert_eq!(decode(&rgb, 13 * 17).expect("a picture").dim(), (13, 17, 3));
    assert_eq!(decode(&rgb, 13 * 17 - 1).expect_err("no picture").kind, Kind::TooLarge);
    assert_eq!(decode(&big, 37 * 50 - 1).expect_err("no picture").kind, Kind::TooLarge);
    // The header of a baseline JPEG: its sides are at bytes 5 to 8 of the frame's segment.
    let mut tall = big;
    let frame = tall.windows(2).position(|mark| mark == [0xff, 0xc0]).expect("a frame");
    tall[frame + 5..frame + 9].fill(0xff);
    assert_eq!(kind_of(&tall), Kind::TooLarge);
}

#[test]
fn a_picture_that_is_cut_off_is_refused() {
    for (name, bytes) in pictures() {
        let whole = decode(&bytes, MOST).unwrap_or_else(|error| panic!("{name}: {error}"));
        for length in 0..bytes.len() {
            // The last bytes of a PNG say that it ends, and of an animation what comes next: the first picture is whole.
            if let Ok(picture) = decode(&bytes[..length], MOST) {
                assert!(name.ends_with(".png"), "{length} bytes of {name}");
                assert_eq!(picture, whole, "{length} bytes of {name}");
            }
        }
    }
}

#[test]
fn damaged_files_are_decoded_or_refused() {
    let pictures = pictures();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut decoded, mut refused) = (0, 0);
    for _ in 0..6000 {
        let (name, bytes) = &pictures[random.below(pictures.len())];
        let mut bytes = bytes.clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes.truncate(at + 1),
                1 => bytes[at] ^= 1 << random.below(8),
                2 => bytes[at] = [0, 0xff, 0x7f, 0x80][random.below(4)],
                _ => drop(bytes.drain(at..(at + random.below(9)).min(bytes.len() - 1).max(at))),
            }
        }
        match decode(&bytes, MOST) {
            Ok(picture) => {
                let (height, width, channels) = picture.dim();
                assert!((height * width) as u64 <= MOST && (1..=4).contains(&channels), "{name}");
                decoded += 1;
            }
            Err(error) => {
                assert_ne!(error.message, "the decoder gave up on it", "{name}: {bytes:02x?}");
                refused += 1;
            }
        }
    }
    // Files that all go the same way would prove nothing.
    assert!(decoded > 100 && refused > 1000, "{decoded} decoded, {refused} refused");
}

fn plan(size: (usize, usize), frame: Frame) -> Plan {
    let resampling = Resampling { interpolation: Interpolation::Bilinear, antialias: false };
    Plan { size, channels: 3, frame, resampling, most_pixels: MOST }
}

#[test]
fn a_batch_has_each_picture_in_its_place() {
    let path = |name: &str| folder().join(name).to_str().expect("a path").to_owned();
    let sources = [
        Source::File(path("rgb.png")),
        Source::File(path("missing.png")),
        Source::Bytes(file("444.jpg")),
        Source::Bytes(b"text".to_vec()),
        Source::File(folder().to_str().expect("a path").to_owned()),
    ];
    let batch = read(&sources, &plan((13, 17), Frame::Stretch)).expect("a batch");
    let kinds: Vec<(usize, Kind)> = batch.refused.iter().map(|(index, error)| (*index, error.kind)).collect();
    assert_eq!(kinds, [(1, Kind::Io), (3, Kind::Unknown), (4, Kind::Io)]);
    let own = read_one(&sources[0], 3, MOST).expect("a picture");
    assert_eq!(batch.pictures.index_axis(ndarray::Axis(0), 0), own);
    assert!(batch.pictures.index_axis(ndarray::Axis(0), 1).iter().all(|&value| value == 0));
    assert!(batch.pictures.index_axis(ndarray::Axis(0), 2).iter().any(|&value| value != 0));
}

#[test]
fn sides_of_any_ratio_are_framed() {
    // One row of 9,000 pixels padded to a square takes no more memory than the square that is wanted.
    let values = (0..9000 * 3).map(|i| (i % 251) as u8 | 1).collect();
    let line = Source::Pixels(ndarray::Array3::from_shape_vec((1, 9000, 3), values).expect("a line"));
    let padded = read(std::slice::from_ref(&line), &plan((8, 8), Frame::Pad)).expect("a batch");
    let rows: Vec<bool> = (0..8).map(|row| padded.pictures[[0, row, 4, 0]] != 0).collect();
    assert_eq!(rows, [false, false, false, true, false, false, false, false]);
    let cropped = read(std::slice::from_ref(&line), &plan((8, 8), Frame::Crop)).expect("a batch");
    assert!(cropped.refused.is_empty());
    let middle = (9000 - 1) / 2;
    assert_eq!(cropped.pictures[[0, 0, 0, 0]], ((middle * 3) % 251) as u8 | 1);
    let too_much = read(&[line], &plan((1 << 31, 1 << 31), Frame::Stretch)).expect_err("no memory");
    assert_eq!(too_much.kind, Kind::Memory);
}

#[test]
fn pixels_of_no_picture_are_refused() {
    for sides in [(0, 4, 3), (4, 0, 3), (4, 4, 0), (4, 4, 5)] {
        for frame in [Frame::Stretch, Frame::Crop, Frame::Pad] {
            let source = Source::Pixels(ndarray::Array3::zeros(sides));
            let batch = read(&[source], &plan((8, 8), frame)).expect("a batch");
            assert_eq!((batch.refused.len(), batch.refused[0].1.kind), (1, Kind::Damaged), "{sides:?} {frame:?}");
        }
    }
    assert!(read(&[], &plan((1 << 30, 1 << 30), Frame::Stretch)).is_ok_and(|batch| batch.pictures.is_empty()));
    let none = read(&[], &plan((1 << 32, 1 << 32), Frame::Stretch)).expect_err("no such array");
    assert_eq!(none.kind, Kind::Memory);
}
