//! Whatever the bytes of a table, it is read soon, and to the same columns or refused alike however its blocks are cut.
//!
//! Tables are cut off, changed at random and spliced with one another, each time from the same seed; `fuzz/` does the same without
//! an end.

#[path = "support/random.rs"]
mod random;
mod support;

use ferrograd_data::{Kind, Table, csv, jsonl};
use random::Random;
use support::read_blocks;

const TABLES: [&str; 4] = [
    "age,city,left\n31,Rome,true\n52,\"a, \"\"b\"\"\r\nc\",false\n-4,,true\n",
    "\u{feff}a,b\r\n1e300,2000-02-29T10:11:12.5Z\r\nNA,1970-01-01\r\n",
    "x\n1\n\n2\n3.5\n",
    "a;b\t,c\n\"\",\"\n\",'\n0x1,-0,+7\n",
];

/// Pieces that mean something to the reader.
const PIECES: [&[u8]; 10] =
    [b"\"", b"{}", b",", b"\n", b"\r\n", b"\0", b"\xff\xfe", b"NA", b"99999999999999999999", b"1,2,3,4,5"];

const LINES: [&str; 4] = [
    "{\"age\":31,\"city\":\"Rome\",\"left\":true}\n\n{\"city\":null,\"age\":-4.5e1,\"more\":[1,{\"a\":\"b\"}]}\n",
    "\u{feff}{\"age\":1}\r\n {\"city\":\"Z\\u00fcrich \\\"x\\\"\"}\n",
    "[1,2,3]\n\"text\"\nnull\n",
    "{\"c\\u0069ty\":\"x\",\"age\":1e9}\n{}\n",
];

fn mutated(random: &mut Random, tables: &[&str]) -> Vec<u8> {
    let mut bytes = tables[random.below(tables.len())].as_bytes().to_vec();
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 => bytes.truncate(at),
            1 => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
            2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            3 => drop(bytes.splice(at..at, tables[random.below(tables.len())].bytes())),
            _ => drop(bytes.drain(at..(at + random.below(8)).min(bytes.len()))),
        }
    }
    bytes
}

fn named() -> Vec<(String, Kind)> {
    vec![("age".to_owned(), Kind::Float32), ("city".to_owned(), Kind::Text)]
}

fn fields(schema: bool) -> Table {
    Table::csv(csv::Options {
        delimiter: b',',
        header: true,
        schema: if schema { named() } else { vec![] },
        only: schema,
        missing: vec!["NA".to_owned()],
        // Fewer than some tables have.
        sample: 2,
    })
}

fn lines(schema: bool) -> Table {
    let options = if schema { named() } else { vec![] };
    Table::jsonl(jsonl::Options { schema: options, only: schema, sample: 2 })
}

/// Values alike, NaN among them.
fn read(mut table: Table, bytes: &[u8], block: usize) -> Result<String, ()> {
    read_blocks(&mut table, bytes, block).map(|(_, values)| format!("{values:?}")).map_err(|_| ())
}

/// How many tables were read.
fn cut_anywhere(table: fn(bool) -> Table, tables: &[&str], rounds: usize) -> usize {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut accepted = 0;
    for _ in 0..rounds {
        let bytes = mutated(&mut random, tables);
        for schema in [true, false] {
            let whole = read(table(schema), &bytes, usize::MAX >> 1);
            accepted += usize::from(schema && whole.is_ok());
            for block in [1, 1 + random.below(16)] {
                let text = String::from_utf8_lossy(&bytes);
                assert_eq!(read(table(schema), &bytes, block), whole, "blocks of {block} of {text:?}, {schema}");
            }
        }
    }
    accepted
}

// Tables that are all refused would prove nothing.

#[test]
fn fields_may_be_cut_anywhere() {
    let accepted = cut_anywhere(fields, &TABLES, 4000);
    assert!(accepted > 200, "{accepted} tables were read");
}

#[test]
fn lines_of_json_may_be_cut_anywhere() {
    let accepted = cut_anywhere(lines, &LINES, 1500);
    assert!(accepted > 40, "{accepted} tables were read");
}
