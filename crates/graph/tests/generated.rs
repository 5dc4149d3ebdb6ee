//! What is written from the declarations is what they say.

use std::path::Path;
use std::process::Command;

#[test]
fn the_ops_of_typescript_are_those_that_are_declared() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ts/generated");
    let status = Command::new(env!("CARGO_BIN_EXE_generate")).arg(folder).arg("--check").status().unwrap();
    assert!(status.success(), "ts/generated is out of date; write it anew with: npm run generate");
}
