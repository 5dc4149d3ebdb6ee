//! What is left when a process is killed while it writes, or when the disk has no room.
#![cfg(unix)]

use ferrograd_formats::checkpoint::{Contents, newest, read, save, write};
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
fn contents<'a>(number: u64) -> Contents<'a> {
    let values = ndarray::ArrayD::from_elem(ndarray::IxDyn(&[50_000]), number as i32);
    Contents { arrays: vec![Array::of("w", values.view()).into_owned()], metadata: number.to_string() }
}

fn saved(directory: &Path, number: u64, keep: usize) {
    let Contents { arrays, metadata } = contents(number);
    let image = write(&arrays, &metadata, |bytes| Ok(vec![0; bytes])).unwrap();
    save(directory, number, &image, keep).unwrap();
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
    (first + 1..first + 100_000).for_each(|number| saved(&directory, number, 2));
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
    saved(&directory, last + 1, 2);
    assert_eq!(hidden(&directory), [] as [&str; 0], "what killed writers left is gone");
    std::fs::remove_dir_all(directory).unwrap();
}

/// The hidden files of a directory, by name.
fn hidden(directory: &Path) -> Vec<String> {
    let names = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut hidden: Vec<_> = names.filter(|name| name.starts_with('.')).collect();
    hidden.sort();
    hidden
}

#[test]
#[ignore = "runs in a process that is killed"]
fn writes_much() {
    let Some(path) = target() else { return };
    // More than is written until it is killed.
    let piece = vec![7; 16 << 20];
    let mut pieces = Pieces::default();
    (0..256).for_each(|_| pieces.push(&piece[..]));
    file::write(&path, &pieces).unwrap();
}

#[test]
fn what_a_killed_writer_left_goes_with_the_next_file_and_what_a_living_one_writes_stays() {
    let directory = directory("left");
    let write = || file::write(&directory.join("small"), &Pieces::from(vec![1])).unwrap();
    let long = "n".repeat(255);
    let mut writer = other("true", "writes_much", &directory.join(long));
    while hidden(&directory).is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    write();
    assert_eq!(hidden(&directory).len(), 1, "a living writer keeps its file");
    writer.kill().unwrap();
    writer.wait().unwrap();
    let left = hidden(&directory);
    assert_eq!(left.len(), 1);
    write();
    // Where the system says when it was started, the lock alone tells; elsewhere the file has to be old.
    let known = Path::new("/proc/sys/kernel/random/boot_id").exists();
    assert_eq!(hidden(&directory), if known { vec![] } else { left }, "a killed one does not");
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn temporary_files_of_another_machine_go_when_they_are_old_and_nobody_holds_them() {
    let directory = directory("elsewhere");
    let hour = Duration::from_secs(3600);
    let made = |name: &str, age: Duration| {
        let file = std::fs::File::create(directory.join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - age).unwrap();
        file
    };
    made(".m.keras.0123abcd-17-0.ferrograd-tmp", 2 * hour);
    made(".m.keras.-17-0.ferrograd-tmp", 2 * hour);
    let stay = [
        ".m.keras.0123abcd-17-1.ferrograd-tmp",
        ".m.keras.0123abcd-17-2.ferrograd-tmp",
        ".m.keras.tmp",
        ".notes.ferrograd-tmp",
        ".notes.of-some-body.ferrograd-tmp",
    ];
    made(stay[0], hour / 2);
    let held = made(stay[1], 2 * hour);
    held.lock().unwrap();
    stay[2..].iter().for_each(|name| drop(made(name, 2 * hour)));
    file::write(&directory.join("small"), &Pieces::from(vec![1])).unwrap();
    assert_eq!(hidden(&directory), stay);
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
