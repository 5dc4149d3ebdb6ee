//! Whatever the bytes of a table, it is read soon, and to the same columns or refused alike however its blocks are cut.
//!
//! Tables are cut off, changed at random and spliced with one another, each time from the same seed; `fuzz/` does the same without
//! an end.

use ferrograd_data::{Column, Csv, Kind, Options};

/// Random numbers, the same in each run (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

const TABLES: [&str; 4] = [
    "age,city,left\n31,Rome,true\n52,\"a, \"\"b\"\"\r\nc\",false\n-4,,true\n",
    "\u{feff}a,b\r\n1e300,2000-02-29T10:11:12.5Z\r\nNA,1970-01-01\r\n",
    "x\n1\n\n2\n3.5\n",
    "a;b\t,c\n\"\",\"\n\",'\n0x1,-0,+7\n",
];

/// Pieces that mean something to the reader.
const PIECES: [&[u8]; 10] =
    [b"\"", b"\"\"", b",", b"\n", b"\r\n", b"\0", b"\xff\xfe", b"NA", b"99999999999999999999", b"1,2,3,4,5"];

fn mutated(random: &mut Random) -> Vec<u8> {
    let mut bytes = TABLES[random.below(TABLES.len())].as_bytes().to_vec();
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 => bytes.truncate(at),
            1 => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
            2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            3 => drop(bytes.splice(at..at, TABLES[random.below(TABLES.len())].bytes())),
            _ => drop(bytes.drain(at..(at + random.below(8)).min(bytes.len()))),
        }
    }
    bytes
}

fn options(schema: bool) -> Options {
    let named = vec![("age".to_owned(), Kind::Float32), ("city".to_owned(), Kind::Text)];
    Options {
        delimiter: b',',
        header: true,
        schema: if schema { named } else { vec![] },
        only: schema,
        missing: vec!["NA".to_owned()],
        sample: 1000,
    }
}

/// Text by its values: which numbers they have depends on the blocks.
fn shown(columns: &[Column]) -> String {
    let text = |column: &Column| match column {
        Column::Text(texts) => {
            format!("{:?}", texts.codes.iter().map(|&code| &texts.values[code as usize]).collect::<Vec<_>>())
        }
        other => format!("{other:?}"),
    };
    columns.iter().map(text).collect::<Vec<_>>().join(";")
}

fn read(bytes: &[u8], options: &Options, block: usize) -> Result<String, ()> {
    let mut csv = Csv::new(options.clone());
    let mut all: Vec<Column> = vec![];
    let blocks: Vec<&[u8]> = if bytes.is_empty() { vec![&[]] } else { bytes.chunks(block).collect() };
    for (index, part) in blocks.iter().enumerate() {
        let columns = csv.read(part, index + 1 == blocks.len()).map_err(|_| ())?;
        if all.is_empty() {
            all = columns;
        } else {
            all.iter_mut().zip(columns).for_each(|(own, more)| own.append(more));
        }
    }
    Ok(shown(&all))
}

#[test]
fn blocks_may_be_cut_anywhere() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut accepted = 0;
    for _ in 0..4000 {
        let bytes = mutated(&mut random);
        // Kinds of columns that nobody names are found in what the first block has: there the schema names them.
        let whole = read(&bytes, &options(true), usize::MAX >> 1);
        accepted += usize::from(whole.is_ok());
        for block in [1, 1 + random.below(16)] {
            let text = String::from_utf8_lossy(&bytes);
            assert_eq!(read(&bytes, &options(true), block), whole, "blocks of {block} of {text:?}");
        }
        let _ = read(&bytes, &options(false), 1 + random.below(64));
    }
    // Tables that are all refused would prove nothing.
    assert!(accepted > 200, "{accepted} tables were read");
}
