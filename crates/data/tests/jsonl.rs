//! JSON lines against what they say, and beside what `serde_json` makes of each value.

mod support;

use ferrograd_data::jsonl::Options;
use ferrograd_data::{Kind, Table};
use support::{Read, Values, read_blocks};

fn guessed() -> Options {
    Options { schema: vec![], only: false, sample: 1000 }
}

fn schema(columns: &[(&str, Kind)]) -> Options {
    let schema = columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
    Options { schema, only: true, sample: 1000 }
}

fn read(text: &str, options: Options) -> Read {
    read_blocks(&mut Table::jsonl(options), text.as_bytes(), 1 << 20)
}

fn texts<const N: usize>(values: [&str; N]) -> Values {
    Values::Texts(values.map(str::to_owned).to_vec())
}

const LINES: &str = "\u{feff}{\"a\":1,\"t\":\"x\",\"b\":true,\"l\":[1, 2],\"m\":1}\r\n\n\
    {\"t\":\"\\u00fc \\\"y\\\"\",\"a\":null,\"b\":false,\"l\":{},\"m\":\"z\"}\n{\"b\":true,\"m\":null,\"a\":-2.5e-1}";

#[test]
fn kinds_are_found_and_values_read() {
    let (columns, values) = read(LINES, guessed()).expect("lines");
    let kinds: Vec<(&str, Kind)> = columns.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
    let wanted = [("a", Kind::Float64), ("t", Kind::Text), ("b", Kind::Bool), ("l", Kind::Json), ("m", Kind::Json)];
    assert_eq!(kinds, wanted);
    let Values::Numbers(numbers) = &values[0] else { panic!("{:?}", values[0]) };
    assert_eq!((numbers[0], numbers[1].is_nan(), numbers[2]), (1.0, true, -0.25));
    assert_eq!(values[1], texts(["x", "ü \"y\"", ""]));
    assert_eq!(values[2], Values::numbers([1, 0, 1]));
    assert_eq!(values[3], texts(["[1, 2]", "{}", "null"]));
    assert_eq!(values[4], texts(["1", "\"z\"", "null"]));
}

#[test]
fn a_schema_picks_columns_and_their_kinds() {
    let lines = "{\"n\":3,\"when\":\"1970-01-02\",\"more\":{}}\n{\"more\":1,\"when\":null,\"n\":4.0}\n";
    let (_, values) = read(lines, schema(&[("when", Kind::Date), ("n", Kind::Int32)])).expect("lines");
    let Values::Numbers(when) = &values[0] else { panic!("{:?}", values[0]) };
    assert_eq!((when[0], when[1].is_nan()), (86_400_000.0, true));
    assert_eq!(values[1], Values::numbers([3, 4]));
}

#[test]
fn lines_that_are_no_objects_are_values() {
    let (columns, values) = read("[1,2]\n\"x\"\n{\"a\":1}\n", guessed()).expect("lines");
    assert_eq!(columns, [(String::new(), Kind::Json)]);
    assert_eq!(values, [texts(["[1,2]", "\"x\"", "{\"a\":1}"])]);
}

#[test]
fn numbers_are_those_that_serde_json_reads() {
    let numbers = ["0", "-0.0", "1.5", "123456789012345678", "0.1", "1e-7", "3.141592653589793", "16777217", "1E+3"];
    let lines: String = numbers.iter().map(|number| format!("{{\"a\":{number}}}\n")).collect();
    let (_, values) = read(&lines, guessed()).expect("lines");
    let wanted = numbers.map(|number| serde_json::from_str::<f64>(number).expect("a number"));
    assert_eq!(values, [Values::numbers(wanted)]);
}

#[test]
fn errors_name_line_column_and_value() {
    let rows: String = (0..5000).map(|i| format!("{{\"a\":{i},\"b\":\"x\"}}\n")).collect();
    let own = [("a", Kind::Int32), ("b", Kind::Text)];
    let cases = [
        ("{\"a\":\"7\",\"b\":\"\"}", "line 5001, column a: expected a whole number within 32 bits, got '\\\"7\\\"'"),
        (
            "{\"a\":3000000000,\"b\":\"\"}",
            "line 5001, column a: expected a whole number within 32 bits, got '3000000000'",
        ),
        ("{\"b\":\"\"}", "line 5001, column a: expected a whole number within 32 bits, got a missing value. Declare"),
        ("{\"a\":1,\"b\":2}", "line 5001, column b: expected text in UTF-8 without NUL bytes, got '2'"),
        ("{\"a\":1,\"b\":\"\\u0000\"}", "line 5001, column b: expected text in UTF-8 without NUL bytes"),
        ("{\"a\":1,\"b\":\"\\ud800\"}", "line 5001, column b: expected text in UTF-8"),
        ("{\"a\":1,\"a\":2}", "line 5001, column a: expected one value, got two"),
        ("{\"a\":1,", "line 5001, expected JSON, got '{\\\"a\\\":1,' (EOF while parsing a value at byte 7)"),
        ("[1]", "line 5001, expected JSON, an object as in the first line, got '[1]'"),
        ("{\"a\":1} x", "line 5001, expected JSON, got '{\\\"a\\\":1} x' (trailing characters"),
    ];
    for (line, message) in cases {
        let error = read(&format!("{rows}{line}\n{{\"a\":1}}\n"), schema(&own)).expect_err(message);
        assert!(error.starts_with(message), "{error}\n{message}");
    }
    let error = read("{\"a\":1}\n{\"a\":2,\"b\":3}\n", Options { sample: 1, ..guessed() }).expect_err("a name");
    assert!(error.starts_with("line 2, expected the members of the first records (a), got 'b'. Name the"), "{error}");
    let error = read("{\"age\":1}\n", schema(&[("aeg", Kind::Float32)])).expect_err("a name");
    assert_eq!(error, "no column 'aeg' among age");
    let few = Options { sample: 1, ..schema(&[("aeg", Kind::Float32)]) };
    assert_eq!(read("{\"age\":1}\n{\"age\":1}\n", few).expect_err("a name"), "no column 'aeg' among age");
    let error = read_blocks(&mut Table::jsonl(guessed()), b"{\"a\":1}\n{\"a\":\"\xff\"}\n", 99).expect_err("bytes");
    assert!(error.starts_with("line 2, expected UTF-8, got another encoding"), "{error}");
}

#[test]
fn a_column_that_few_rows_have_is_no_mistake() {
    let lines: String =
        (0..3000).map(|i| if i == 2500 { "{\"a\":1,\"z\":5}\n" } else { "{\"a\":1}\n" }.to_owned()).collect();
    let own = Options { sample: 5000, ..schema(&[("a", Kind::Float32), ("z", Kind::Float32)]) };
    let (_, values) = read_blocks(&mut Table::jsonl(own), lines.as_bytes(), 500).expect("lines");
    let Values::Numbers(z) = &values[1] else { panic!("{:?}", values[1]) };
    assert_eq!((z.len(), z[2500], z[2499].is_nan()), (3000, 5.0, true));
}

#[test]
fn a_column_that_no_record_had_is_refused_at_the_end_though_all_was_read_before() {
    let mut table = Table::jsonl(schema(&[("aeg", Kind::Float32)]));
    table.push(b"{\"age\":1}\n");
    assert!(table.read(false).is_ok());
    assert_eq!(table.read(true).expect_err("a name").to_string(), "no column 'aeg' among age");
}

#[test]
fn kinds_do_not_depend_on_blocks() {
    let mixed = "{\"a\":1}\n\n{\"a\":\"x\",\"b\":2}\n{\"b\":true}";
    for text in [LINES, mixed, "{\"a\":1}", "[1]\n2", "\n\n"] {
        for sample in [1, 2, 1000] {
            let read = |block| {
                let options = Options { sample, ..guessed() };
                read_blocks(&mut Table::jsonl(options), text.as_bytes(), block).map(|table| format!("{table:?}"))
            };
            for block in 1..30 {
                assert_eq!(read(block), read(1 << 20), "blocks of {block}, {sample} records of {text:?}");
            }
        }
    }
}

#[test]
fn lines_come_as_soon_as_their_kinds_are_found() {
    let rows = |table: &mut Table, block: &str| {
        table.push(block.as_bytes());
        table.read(false).expect("lines").len()
    };
    let mut table = Table::jsonl(Options { sample: 2, ..guessed() });
    let blocks = ["{\"a\":1}\n", "{\"a\":", "2}\n", "{\"a\":3}\n"];
    assert_eq!(blocks.map(|block| rows(&mut table, block)), [0, 0, 1, 1]);
    // Values that are no records, and the columns of a schema, are what they are.
    assert_eq!(rows(&mut Table::jsonl(guessed()), "[1]\n"), 1);
    assert_eq!(rows(&mut Table::jsonl(schema(&[("a", Kind::Float32)])), "{\"a\":1}\n"), 1);
}
