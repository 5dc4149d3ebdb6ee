//! Every kernel has a bench.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().expect("a folder of this crate").map(|entry| entry.expect("an entry").path());
    let files = entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

fn texts(folder: &str) -> Vec<String> {
    let files = rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    files.iter().map(|file| read_to_string(file).expect("a readable file")).collect()
}

/// The name that `text` begins with.
fn name(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().expect("split gives a part")
}

/// Public functions that compute on threads which they are given: their type, where they are methods, and their name.
fn kernels(source: &str) -> Vec<(Option<String>, String)> {
    let (mut kernels, mut owner) = (Vec::new(), None);
    let public = |name: &str| source.contains(&format!("\npub struct {name}"));
    for (at, line) in source.match_indices('\n').map(|(at, _)| (at, &source[at + 1..])) {
        if line.starts_with("impl") {
            let of = line.strip_prefix("impl ").or(line.split_once("> ").map(|(_, of)| of)).unwrap_or_default();
            owner = Some(name(of).to_owned()).filter(|name| public(name));
        }
        let method = line.strip_prefix("    pub fn ");
        if let Some(function) = line.strip_prefix("pub fn ").or(method.filter(|_| owner.is_some())) {
            let signature = source[at..].split(['{', ';']).next().expect("split gives a part");
            if signature.contains("&Threads") {
                kernels.push((method.and(owner.clone()), name(function).to_owned()));
            }
        }
    }
    kernels
}

#[test]
fn every_kernel_has_a_bench() {
    // Plans, bound or laid at moving places, run kernels; `crates/graph/benches/step.rs` measures whole ones.
    let all: Vec<_> = texts("src").iter().flat_map(|source| kernels(source)).collect();
    let runs_others = |owner: &Option<String>| matches!(owner.as_deref(), Some("Bound" | "Laid"));
    let kernels: Vec<_> = all.iter().filter(|(owner, _)| !runs_others(owner)).collect();
    let benches = texts("benches");
    let calls = |bench: &String, (owner, name): &(Option<String>, String)| match owner {
        Some(owner) => bench.contains(&format!("{owner}::")) && bench.contains(&format!(".{name}(")),
        None => bench.contains(&format!("{name}(")),
    };
    let missing: Vec<_> = kernels.iter().filter(|kernel| !benches.iter().any(|bench| calls(bench, kernel))).collect();
    assert!(kernels.len() > 20, "found only {kernels:?}");
    assert!(missing.is_empty(), "without a bench: {missing:?}");
}
