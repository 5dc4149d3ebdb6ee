//! Has the reader of tables read whatever comes, in blocks whose length the first byte says.
#![no_main]

use ferrograd_data::{Table, csv::Options};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [block, text @ ..] = bytes else { return };
    let missing = vec!["NA".to_owned()];
    let schema = Vec::new();
    let mut table = Table::csv(Options { delimiter: b',', header: block % 2 == 0, schema, only: false, missing, sample: 10 });
    let blocks: Vec<&[u8]> = text.chunks(1 + usize::from(*block)).collect();
    for (index, part) in blocks.iter().enumerate() {
        table.push(part);
        if table.read(index + 1 == blocks.len()).is_err() {
            return;
        }
    }
});
