//! Event files: the bytes that TensorBoard has read, frame by frame, and files that were cut off.
//!
//! `tools/oracle/read_events.py` has TensorBoard read `fixtures/run.tfevents` and writes what it saw beside it.

use ferrograd_formats::events::{Event, Histogram, Value, first_frame, frames};
use std::path::Path;

const STEPS: [i64; 4] = [0, 1, 300, 1 << 40];

fn scalar(step: i64) -> f32 {
    1.0 / (step as f32 + 1.0)
}

fn weights(step: i64) -> impl Iterator<Item = f64> {
    (0..1000).map(move |i| f64::from(i - 500) * 0.01 * (step % 7 + 1) as f64)
}

fn run() -> Vec<u8> {
    let start = 1_700_000_000.25;
    let event = |&step: &i64| {
        let values = vec![
            ("epoch_loss".to_owned(), Value::Scalar(scalar(step))),
            ("dense/kernel".to_owned(), Value::Histogram(Histogram::of(weights(step)))),
        ];
        Event { wall_time: start + step as f64, step, values }.frame()
    };
    [vec![first_frame(start)], STEPS.iter().map(event).collect()].concat().concat()
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

#[test]
fn the_bytes_are_those_that_tensorboard_has_read() {
    let path = fixture("run.tfevents");
    let known = std::fs::read(&path).unwrap_or_default();
    assert!(known == run(), "{} differs: `cargo test -p ferrograd-formats -- --ignored` writes it", path.display());
}

/// Writes the file that the oracle reads.
#[test]
#[ignore = "writes the fixture"]
fn write_the_fixture() {
    std::fs::write(fixture("run.tfevents"), run()).unwrap();
}

#[test]
fn what_tensorboard_saw_is_what_was_written() {
    let text = std::fs::read_to_string(fixture("run.json")).unwrap();
    let seen: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (scalars, histograms) = (&seen["scalars"]["epoch_loss"], &seen["histograms"]["dense/kernel"]);
    assert_eq!(scalars.as_array().unwrap().len(), STEPS.len());
    for (at, &step) in STEPS.iter().enumerate() {
        let (scalar_seen, histogram) = (&scalars[at], &histograms[at]);
        assert_eq!(scalar_seen["step"], step);
        assert_eq!(scalar_seen["wall_time"].as_f64(), Some(1_700_000_000.25 + step as f64));
        assert_eq!(scalar_seen["value"].as_f64(), Some(f64::from(scalar(step))));
        assert_eq!(histogram["num"], 1000.0);
        assert_eq!(histogram["min"].as_f64(), weights(step).reduce(f64::min));
        assert_eq!(histogram["max"].as_f64(), weights(step).reduce(f64::max));
        let total: f64 = weights(step).sum();
        assert!((histogram["sum"].as_f64().unwrap() - total).abs() < 1e-9);
        let buckets = histogram["bucket"].as_array().unwrap();
        assert_eq!(buckets.iter().filter_map(serde_json::Value::as_f64).sum::<f64>(), 1000.0);
    }
    assert_eq!(seen["file_version"], "brain.Event:2");
}

#[test]
fn frames_come_back_and_a_cut_off_one_is_left_for_the_next_writer() {
    let bytes = run();
    let (all, used) = frames(&bytes).unwrap();
    assert_eq!((all.len(), used), (1 + STEPS.len(), bytes.len()));
    let before_last = bytes.len() - all[all.len() - 1].len() - 16;
    for cut in before_last..bytes.len() {
        let (fewer, used) = frames(&bytes[..cut]).unwrap();
        assert_eq!((fewer.len(), used), (STEPS.len(), before_last));
    }
}

#[test]
fn a_changed_byte_is_noticed() {
    let bytes = first_frame(1.0);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(frames(&changed).is_err(), "byte {at}");
    }
    assert!(frames(&[0xff; 64]).is_err(), "a length past memory is never believed");
}
