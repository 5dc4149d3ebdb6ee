//! Has the reader of JSON lines read whatever comes, in blocks whose length the first byte says.
#![no_main]

use ferrograd_data::{Kind, Table, jsonl::Options};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [block, text @ ..] = bytes else { return };
    let only = block % 2 == 0;
    let schema = if only { vec![("a".to_owned(), Kind::Float32), ("b".to_owned(), Kind::Text)] } else { Vec::new() };
    let mut table = Table::jsonl(Options { schema, only, sample: 10 });
    let blocks: Vec<&[u8]> = text.chunks(1 + usize::from(*block)).collect();
    for (index, part) in blocks.iter().enumerate() {
        table.push(part);
        if table.read(index + 1 == blocks.len()).is_err() {
            return;
        }
    }
});
