//! Lines without quotes are cut where they lie; what comes out is what `csv-core` reads of all of them, where quotes are as they should be.

#[path = "support/random.rs"]
mod random;
mod support;

use csv_core::{ReadRecordResult, Reader};
use ferrograd_data::csv::Options;
use ferrograd_data::{Kind, Table};
use random::Random;
use support::{Values, read_blocks};

/// Random numbers from 0 up to a limit, others for each seed.
fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    move |limit| random.below(limit)
}

/// A table over few bytes, most of which mean something.
fn table(seed: u64) -> Vec<u8> {
    let mut next = numbers(seed);
    let pieces: [&[u8]; 10] = [b"a", b"bc", b",", b",", b"\n", b"\n", b"\r\n", b"\r", b"\"", b"\"x,\ny\""];
    // Tables of two plain fields a line, and others.
    let common: [&[u8]; 3] = [b"a,b\n", b"12,\"c\"\"d\"\r\n", b"\"e\nf\",g\n"];
    let odd = next(4) == 0;
    (0..next(12)).flat_map(|_| if odd { pieces[next(10)] } else { common[next(3)] }.to_vec()).collect()
}

/// All records, field by field.
fn naive(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = Reader::new();
    let (mut at, mut records) = (0, Vec::new());
    let (mut text, mut ends) = (vec![0; 1 << 16], [0; 512]);
    loop {
        let (mut written, mut ended) = (0, 0);
        loop {
            let (result, read, wrote, more) =
                reader.read_record(&bytes[at..], &mut text[written..], &mut ends[ended..]);
            at += read;
            written += wrote;
            ended += more;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return records,
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => panic!("a record is too long"),
            }
        }
        let start = |index: usize| if index == 0 { 0 } else { ends[index - 1] };
        let field = |index: usize| String::from_utf8(text[start(index)..ends[index]].to_vec()).unwrap();
        records.push((0..ended).map(field).collect());
    }
}

/// Whether each field that begins with a quote ends with one, which `csv-core` does not ask for.
fn is_well_quoted(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        rest = match rest.strip_prefix('"') {
            // Two quotes are one character of the field.
            Some(quoted) => match quoted.replace("\"\"", "..").find('"') {
                Some(end) => &quoted[end + 1..],
                None => return false,
            },
            None => rest.trim_start_matches(|char| !",\r\n".contains(char)),
        };
        match rest.chars().next() {
            Some(',' | '\r' | '\n') => rest = &rest[1..],
            Some(_) => return false,
            None => {}
        }
    }
    true
}

fn read(bytes: &[u8]) -> Result<Vec<Vec<String>>, String> {
    let schema = ["a", "b"].map(|name| (name.to_owned(), Kind::Text)).to_vec();
    let missing = Vec::new();
    let options = Options { delimiter: b',', header: false, schema, only: true, missing, sample: 1 };
    let (_, columns) = read_blocks(&mut Table::csv(options), bytes, usize::MAX)?;
    let texts: Vec<Vec<String>> = columns
        .into_iter()
        .map(|column| match column {
            Values::Texts(texts) => texts,
            Values::Numbers(_) => panic!("a column of another kind"),
        })
        .collect();
    let rows = texts.first().map_or(0, Vec::len);
    Ok((0..rows).map(|row| texts.iter().map(|column| column[row].clone()).collect()).collect())
}

#[test]
fn plain_lines_and_others_are_read_as_one_reader_reads_them() {
    let (mut whole, mut refused) = (0, 0);
    for seed in 0..8_000 {
        let bytes = table(seed);
        let wanted = naive(&bytes);
        let given = read(&bytes);
        let shown = String::from_utf8_lossy(&bytes);
        if is_well_quoted(&shown) && wanted.iter().all(|record| record.len() == 2) {
            assert_eq!(given.as_ref(), Ok(&wanted), "{shown:?}");
            whole += usize::from(!wanted.is_empty());
        } else {
            assert!(given.is_err(), "{shown:?}: {given:?}");
            refused += 1;
        }
    }
    assert!(whole > 2000 && refused > 300, "{whole} read, {refused} refused");
}

/// A table of some thousand lines: stretches of one kind, some of them longer than the pieces that are cut at once.
fn long_table(seed: u64) -> Vec<u8> {
    let mut next = numbers(seed);
    let mut bytes = Vec::new();
    for _ in 0..8 {
        let kind = next(5);
        let count = if kind < 2 { next(4000) } else { next(40) };
        for line in 0..count {
            let (one, other) = (next(100_000), next(1000));
            bytes.extend(
                match kind {
                    0 => format!("{one},city {other}\n"),
                    1 => format!("{one},city {other}\r\n"),
                    2 => format!("\"{one}\n{other}\",\"\"\"\"\n"),
                    3 if line % 3 == 0 => "\n\r\n".to_owned(),
                    3 => format!(",{one}\n"),
                    _ => format!("{},\r{other},\n", "x".repeat(40_000)),
                }
                .into_bytes(),
            );
        }
    }
    if next(2) == 0 {
        bytes.extend(b"the,end");
    }
    bytes
}

#[test]
fn long_stretches_of_lines_are_read_as_one_reader_reads_them() {
    let mut whole = 0;
    for seed in 0..60 {
        let bytes = long_table(seed);
        let wanted = naive(&bytes);
        if is_well_quoted(std::str::from_utf8(&bytes).unwrap()) && wanted.iter().all(|record| record.len() == 2) {
            assert!(read(&bytes).as_ref() == Ok(&wanted), "seed {seed}");
            whole += usize::from(wanted.len() > 1000);
        } else {
            assert!(read(&bytes).is_err(), "seed {seed}");
        }
    }
    assert!(whole > 10, "{whole} tables of many lines");
}
