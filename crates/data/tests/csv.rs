//! Tables against what they say, whole and in blocks cut anywhere.

mod support;

use ferrograd_data::csv::Options;
use ferrograd_data::{Kind, Table};
use support::{Read, Values, read_blocks};

fn options() -> Options {
    let missing = vec!["NA".to_owned()];
    Options { delimiter: b',', header: true, schema: vec![], only: false, missing, sample: 1000 }
}

/// Names and kinds, and the values, of a table that comes in blocks of `block` bytes.
fn read(text: &[u8], options: &Options, block: usize) -> Read {
    read_blocks(&mut Table::csv(options.clone()), text, block)
}

fn texts(column: &Values) -> &[String] {
    let Values::Texts(texts) = column else { panic!("{column:?}") };
    texts
}

const TABLE: &str = "\u{feff}age,city,height,left,born\r\n31,\"Rome, \"\"old\"\"\r\ntown\",1.75,true,2000-02-29\r\n\
    52,Oslo,NA,false,1970-01-01\r\n\r\n8,5\" pipe,-2e-1,True,1970-01-02\n-4,Zürich,,FALSE,1970-01-01";

#[test]
fn kinds_are_found_and_values_read() {
    let (columns, values) = read(TABLE.as_bytes(), &options(), 1 << 20).expect("a table");
    let kinds: Vec<(&str, Kind)> = columns.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
    let expected = [
        ("age", Kind::Int32),
        ("city", Kind::Text),
        ("height", Kind::Float64),
        ("left", Kind::Bool),
        ("born", Kind::Date),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(values[0], Values::numbers([31, 52, 8, -4]));
    assert_eq!(texts(&values[1]), ["Rome, \"old\"\r\ntown", "Oslo", "5\" pipe", "Zürich"]);
    let Values::Numbers(heights) = &values[2] else { panic!("{:?}", values[2]) };
    assert_eq!((heights[0], heights[2]), (1.75, -0.2));
    assert!(heights[1].is_nan() && heights[3].is_nan());
    assert_eq!(values[3], Values::numbers([1, 0, 1, 0]));
    assert_eq!(values[4], Values::numbers([951_782_400_000.0, 0.0, 86_400_000.0, 0.0]));
}

#[test]
fn blocks_of_any_size_give_the_same() {
    let schema =
        vec![("city".to_owned(), Kind::Text), ("age".to_owned(), Kind::Float32), ("born".to_owned(), Kind::Date)];
    let options = Options { schema, only: true, ..options() };
    let (_, whole) = read(TABLE.as_bytes(), &options, 1 << 20).expect("a table");
    for block in 1..40 {
        let (_, parts) = read(TABLE.as_bytes(), &options, block).expect("a table");
        assert_eq!(texts(&parts[1]), texts(&whole[1]), "blocks of {block}");
        assert_eq!((&parts[0], &parts[4]), (&whole[0], &whole[4]), "blocks of {block}");
    }
}

#[test]
fn kinds_do_not_depend_on_blocks() {
    let other = "n,x,t\n\n1,2,\"a\nb\"\n1,2.5,c\n7,,d\n2.5,1,e\n3,4,f";
    for text in [TABLE, other, "a,b\n1,2", "a,b\n", "a", "\n\na\n\n1\n\n2.5\n"] {
        for sample in [1, 2, 3, 1000] {
            let options = Options { sample, ..options() };
            // NaN is no number.
            let whole = read(text.as_bytes(), &options, 1 << 20).map(|table| format!("{table:?}"));
            for block in 1..40 {
                let parts = read(text.as_bytes(), &options, block).map(|table| format!("{table:?}"));
                assert_eq!(parts, whole, "blocks of {block}, {sample} records of {text:?}");
            }
        }
    }
    let (columns, values) = read(b"a,b\n1,2", &options(), 4).expect("a table");
    assert_eq!(columns, [("a".to_owned(), Kind::Int32), ("b".to_owned(), Kind::Int32)]);
    assert_eq!(values, [Values::numbers([1]), Values::numbers([2])]);
}

#[test]
fn rows_come_as_soon_as_their_kinds_are_found() {
    let rows = |table: &mut Table, block: &str| {
        table.push(block.as_bytes());
        let columns = table.read(false).expect("a table");
        columns.first().map(|column| match column {
            ferrograd_data::Column::Int32(values) => values.len(),
            ferrograd_data::Column::Float64(values) => values.len(),
            other => panic!("{other:?}"),
        })
    };
    let mut table = Table::csv(Options { sample: 3, ..options() });
    let given = ["a,b\n", "1,\"x\ny\"\n", "2,", "z\n", "2.5,z\n4,", "z\n"].map(|block| rows(&mut table, block));
    assert_eq!(given, [None, None, None, None, Some(3), Some(1)]);
    // Those of a schema are known.
    let schema = vec![("a".to_owned(), Kind::Int32)];
    let mut table = Table::csv(Options { schema, only: true, ..options() });
    assert_eq!(["a,b\n1,", "2\n"].map(|block| rows(&mut table, block)), [Some(0), Some(1)]);
}

#[test]
fn kinds_are_found_from_records_that_begin_within_16_mb() {
    let line = format!("1,{}\n", "x".repeat(1 << 20));
    let text = format!("a,b\n{}{}2.5,y\n", line.repeat(16), "1,z\n".repeat(1000));
    for block in [300_000, usize::MAX] {
        let error = read(text.as_bytes(), &options(), block).expect_err("a fraction behind all that is looked at");
        assert!(error.contains("line 1018, column a: expected a whole number within 32 bits, got '2.5'"), "{error}");
    }
}

#[test]
fn quotes_that_are_not_where_they_should_be_are_refused() {
    let open = "expected a quote that closes the field, got the end of the table. Is it cut off?";
    let behind = |shown: &str| {
        format!(
            "expected the field's end behind its closing quote, got '{shown}'. A quote within quotes is written twice"
        )
    };
    let cases = [
        ("a,b\n1,\"x", format!("line 2, column b: {open}")),
        ("a,b\n1,\"x\"\"\n", format!("line 2, column b: {open}")),
        ("a,b\n1,2\n3,\"y\n4,5\n", format!("line 3, column b: {open}")),
        ("a,\"b", format!("line 1, field 2: {open}")),
        ("a,b\n1,\"x\"y\n", format!("line 2, column b: {}", behind("\"x\"y"))),
        ("a,b\n\n\"1\n2\",\"x\"\"\n\" \n", format!("line 4, column b: {}", behind("\"x\"\"\\n\""))),
        ("a,b\n1,2\n1,\"x\"\r\n\"7\"8,2\n", format!("line 4, column a: {}", behind("\"7\"8,2"))),
        ("a,b\n1,2,\"x", format!("line 2, field 3: {open}")),
    ];
    for (text, message) in cases {
        for block in [1, 5, 1000] {
            for schema in [vec![], vec![("b".to_owned(), Kind::Text)]] {
                let options = Options { only: !schema.is_empty(), schema, ..options() };
                let error = read(text.as_bytes(), &options, block).expect_err(text);
                // The name of a column is not known before the names are.
                assert!(error == message, "{text:?} in blocks of {block}: {error}");
            }
        }
    }
    let (_, values) = read(b"a,b\n5\" pipe,\"\"\"x\"\"\"\n \"y\",\"\"", &options(), 1000).expect("a table");
    assert_eq!(texts(&values[0]), ["5\" pipe", " \"y\""]);
    assert_eq!(texts(&values[1]), ["\"x\"", ""]);
}

#[test]
fn many_rows_in_many_parts_keep_their_order() {
    let mut text = String::from("n,t\n");
    for i in 0..20_000 {
        let quoted = if i % 3 == 0 { format!("\"a\n{i}\"") } else { format!("b{}", i % 10) };
        text += &format!("{i},{quoted}\n");
    }
    let (_, values) = read(text.as_bytes(), &options(), 50_000).expect("a table");
    assert_eq!(values[0], Values::numbers(0..20_000));
    let all = texts(&values[1]);
    assert_eq!([&all[0], &all[1], &all[19_998]], ["a\n0", "b1", "a\n19998"]);
}

#[test]
fn errors_name_line_column_and_value() {
    let mut rows = String::from("a,b\n");
    for i in 0..5000 {
        rows += &format!("{i},x{i}\n");
    }
    let cases: [(String, &str); 7] = [
        (format!("{rows}oops,y\n1,2\n"), "line 5002, column a: expected a whole number within 32 bits, got 'oops'"),
        (
            format!("{rows}3000000000,y\n"),
            "line 5002, column a: expected a whole number within 32 bits, got '3000000000'",
        ),
        (
            format!("{rows},y\n"),
            "line 5002, column a: expected a whole number within 32 bits, got a missing value. Declare",
        ),
        (format!("{rows}1,2,3\n"), "line 5002, expected 2 fields, as there are columns, got 3"),
        (format!("{rows}1,a\0b\n"), "line 5002, column b: expected text in UTF-8 without NUL bytes"),
        ("a,a\n1,2\n".to_owned(), "line 1, two columns are named 'a'"),
        ("\u{feff}".to_owned() + "a,b\n1,\"x\ny\"\nz,1", "column a: expected a whole number"),
    ];
    for (text, message) in cases {
        // Kinds are guessed from the rows that are right.
        let sample = if text.len() < 100 { 1 } else { 1000 };
        let error = read(text.as_bytes(), &Options { sample, ..options() }, 3000).expect_err(message);
        assert!(error.contains(message), "{error}\n{message}");
    }
    let error = read(b"\xff\xfea\0", &options(), 100).expect_err("UTF-16");
    assert!(error.contains("expected UTF-8, got UTF-16 (little endian)"), "{error}");
    let schema = vec![("aeg".to_owned(), Kind::Int32)];
    let error = read(b"age\n1\n", &Options { schema, ..options() }, 100).expect_err("a name");
    assert!(error.contains("no column 'aeg' among age"), "{error}");
}

#[test]
fn the_first_value_that_is_refused_is_named() {
    let mut rows: Vec<String> = (0..3000).map(|i| format!("{i},{i}.5")).collect();
    rows[0] = "n,x".to_owned();
    rows[2000] = "7,oops".to_owned();
    rows[2001] = "worse,8".to_owned();
    let text = rows.join("\n");
    let error = read(text.as_bytes(), &options(), usize::MAX).expect_err("a word");
    assert_eq!(error, "line 2001, column x: expected a finite number, got 'oops'");
    // Empty lines are none, but count.
    let error = read(b"n,x\n1,2.5\n\n\n3,y\n", &Options { sample: 1, ..options() }, 100).expect_err("a word");
    assert_eq!(error, "line 5, column x: expected a finite number, got 'y'");
}

#[test]
fn bytes_come_from_a_file_while_those_before_are_read() {
    let text: String =
        std::iter::once("n,t\n".to_owned()).chain((0..5000).map(|i| format!("{i},\"t{}\"\n", i % 9))).collect();
    let (mut table, mut file, mut all) = (Table::csv(options()), text.as_bytes(), Vec::new());
    let mut pushed = table.push_from(&mut file, 1000).expect("bytes");
    while pushed > 0 {
        let (columns, more) = table.read_and_push(&mut file, 1000);
        all.extend(columns.expect("columns"));
        pushed = more.expect("bytes");
    }
    all.extend(table.read(true).expect("columns"));
    let numbers = all.into_iter().filter_map(|column| match column {
        ferrograd_data::Column::Int32(numbers) => Some(numbers),
        _ => None,
    });
    assert_eq!(numbers.flatten().collect::<Vec<i32>>(), (0..5000).collect::<Vec<i32>>());
}

#[test]
fn a_quote_that_never_closes_ends_soon() {
    let mut table = Table::csv(options());
    let mut read = |block: &[u8]| {
        table.push(block);
        table.read(false)
    };
    read(b"a,b\n1,\"").expect("a beginning");
    let block = vec![b'x'; 1 << 20];
    let error = (0..40).find_map(|_| read(&block).err()).expect("an end");
    assert!(error.to_string().contains("line 2, a record of more than 16 MB"), "{error}");
}

#[test]
fn tables_without_names_and_with_other_delimiters() {
    let schema = vec![("x".to_owned(), Kind::Float32), ("y".to_owned(), Kind::Int32)];
    let options = Options { delimiter: b'\t', header: false, schema, ..options() };
    let (columns, values) = read(b"1.5\t2\n2.5\t3\n", &options, 100).expect("a table");
    assert_eq!(columns[1], ("y".to_owned(), Kind::Int32));
    assert_eq!(values, [Values::numbers([1.5, 2.5]), Values::numbers([2, 3])]);
}

#[test]
fn empty_lines_take_no_memory_of_rows() {
    let names: Vec<String> = (0..100).map(|i| format!("c{i}")).collect();
    let row = vec!["1"; 100].join(",");
    let text = format!("{}\n{row}\n{}{row}\n", names.join(","), "\n".repeat(100_000));
    let mut table = Table::csv(options());
    table.push(text.as_bytes());
    for column in table.read(true).expect("a table") {
        let ferrograd_data::Column::Int32(values) = column else { panic!("{column:?}") };
        assert_eq!(values, [1, 1]);
        assert!(values.capacity() < 10_000, "room for {} rows", values.capacity());
    }
}

#[test]
fn text_is_numbered_through_blocks_and_anew_where_values_are_many() {
    let wanted = |i: usize| if i.is_multiple_of(2) { format!("own {i}") } else { format!("city {}", i % 7) };
    let mut text = String::from("n,t\n");
    for i in 0..60_000 {
        text += &format!("{i},{}\n", wanted(i));
    }
    let mut table = Table::csv(options());
    let (mut known, mut begun_anew) = (0, 0);
    for block in text.as_bytes().chunks(40_000) {
        table.push(block);
        let columns = table.read(false).expect("a table");
        let ferrograd_data::Column::Text(texts) = &columns[1] else { panic!("{columns:?}") };
        assert!(texts.known == known || texts.known == 0, "{} after {known}", texts.known);
        begun_anew += usize::from(texts.known == 0);
        known = texts.known + texts.added.len() as u32;
        assert!(known < 1 << 15, "{known} values");
    }
    assert!(begun_anew >= 2, "{begun_anew} beginnings");
    let (_, values) = read(text.as_bytes(), &options(), 40_000).expect("a table");
    assert!(texts(&values[1]).iter().enumerate().all(|(i, text)| *text == wanted(i)));
}
