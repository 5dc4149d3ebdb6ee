//! What is left when a process is killed while it writes, or when the disk has no room.
#![cfg(unix)]

use ferrograd_formats::checkpoint::{Contents, newest, read, save};
use ferrograd_formats::{Array, ErrorKind, Pieces, file};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Tells the other process where to write.
const TARGET: &str = "FERROGRAD_CRASH_TARGET";

fn target() -> Option<PathBuf> {
    std::env::var_os(TARGET).map(PathBuf::from)
}

/// An empty directory of this test.
fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("ferrograd-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Another process of this program that runs one of its ignored tests, under a limit of the shell's.
fn other(limits: &str, test: &str, target: &Path) -> Child {
    let script = format!("{limits}; exec \"$0\" --exact --ignored {test}");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(std::env::current_exe().unwrap()).env(TARGET, target);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A checkpoint of 200 KB whose numbers are all its own.
fn contents(number: u64) -> Contents<'static> {
    let values = ndarray::ArrayD::from_elem(ndarray::IxDyn(&[50_000]), number as i32);
    Contents { arrays: vec![Array::of("w", &values.view())], metadata: number.to_string() }
}

#[test]
#[ignore = "runs in a process that is killed"]
fn saves_for_ever() {
    let Some(directory) = target() else { return };
    let first = newest(&directory, file::read)
        .unwrap()
        .found
        .map_or(0, |(_, bytes)| read(&bytes).unwrap().metadata.parse().unwrap());
    // A writer that nobody kills ends by itself.
    (first + 1..first + 100_000).for_each(|number| drop(save(&directory, number, &contents(number), 2).unwrap()));
}

/// How often a writer is killed; more by `FERROGRAD_KILLS`.
fn kills() -> usize {
    std::env::var("FERROGRAD_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(25)
}

#[test]
fn a_writer_killed_at_any_moment_loses_nothing_that_was_saved() {
    let directory = directory("killed");
    let mut last = 0;
    for kill in 0..kills() {
        let mut writer = other("true", "saves_for_ever", &directory);
        std::thread::sleep(Duration::from_micros(20_000 + (kill as u64 * 7_919) % 60_000));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let newest = newest(&directory, file::read).unwrap();
        assert_eq!(newest.skipped, [], "no checkpoint is half there");
        let Some((_, bytes)) = newest.found else {
            assert_eq!(last, 0, "a checkpoint that was there is gone");
            continue;
        };
        let found = read(&bytes).unwrap();
        let number: u64 = found.metadata.parse().unwrap();
        assert_eq!(found, contents(number));
        assert!(number >= last, "checkpoint {last} is lost, {number} is the newest");
        last = number;
    }
    assert!(last > 0, "the writers wrote something");
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
#[ignore = "runs in a process that may write 32 KiB"]
fn writes_too_much() {
    let Some(path) = target() else { return };
    let error = file::write(&path, &Pieces::from(vec![7; 1 << 20])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Io, "{error}");
}

#[test]
fn no_room_leaves_the_file_that_was_there() {
    let directory = directory("full");
    let path = directory.join("file");
    file::write(&path, &Pieces::from(vec![1, 2, 3])).unwrap();
    // The shell counts in blocks of 512 or 1024 bytes; a writer that ignores the signal is refused.
    let status = other("trap '' XFSZ; ulimit -f 32", "writes_too_much", &path).wait().unwrap();
    assert!(status.success(), "the writer was refused with an error");
    assert_eq!(file::read(&path).unwrap(), [1, 2, 3]);
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1, "no temporary file is left");
    std::fs::remove_dir_all(directory).unwrap();
}
