//! Short numbers are read by a division; they are the numbers that Rust's own parser reads, to the bit.

#[path = "support/random.rs"]
mod random;

use ferrograd_data::csv::Options;
use ferrograd_data::{Column, Kind, Table};
use random::Random;

fn column(kind: Kind, numbers: &[String]) -> Column {
    let schema = vec![("a".to_owned(), kind)];
    let missing = vec![];
    let mut table = Table::csv(Options { delimiter: b',', header: false, schema, only: true, missing, sample: 1 });
    table.push(numbers.join("\n").as_bytes());
    table.read(true).expect("numbers").remove(0)
}

fn numbers() -> Vec<String> {
    let mut random = Random(7);
    let mut all: Vec<String> = ["0", "-0", "0.0", "-0.000", ".5", "5.", "00012.50", "16777217", "9999999", "1234567.8"]
        .map(str::to_owned)
        .to_vec();
    all.extend(["999999999999999", "0.999999999999999", "9007199254740993", "+1", " 1.5 ", "1e3"].map(str::to_owned));
    for _ in 0..50_000 {
        let digits = 1 + random.below(17) as u32;
        let mantissa = random.below(10_usize.pow(digits)).to_string();
        let point = random.below(mantissa.len() + 1);
        let sign = if random.below(2) == 0 { "-" } else { "" };
        all.push(format!("{sign}{}.{}", &mantissa[..point], &mantissa[point..]));
    }
    all
}

#[test]
fn floats_are_the_nearest_ones() {
    let numbers = numbers();
    let wanted: Vec<u32> = numbers.iter().map(|text| text.trim().parse::<f32>().expect("a number").to_bits()).collect();
    let Column::Float32(given) = column(Kind::Float32, &numbers) else { panic!("another kind") };
    assert_eq!(given.iter().map(|value| value.to_bits()).collect::<Vec<_>>(), wanted);
    let wanted: Vec<u64> = numbers.iter().map(|text| text.trim().parse::<f64>().expect("a number").to_bits()).collect();
    let Column::Float64(given) = column(Kind::Float64, &numbers) else { panic!("another kind") };
    assert_eq!(given.iter().map(|value| value.to_bits()).collect::<Vec<_>>(), wanted);
}

#[test]
fn few_characters_of_any_kind_are_read_or_refused_as_rust_does() {
    // Those beside the digits, and bytes whose highest bit is set.
    let characters = ['0', '1', '5', '9', '.', '-', '+', 'e', ' ', '/', ':', '\u{7f}', 'é'];
    let mut state = 11_u64;
    let mut next = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound as u64) as usize
    };
    let mut numbers = 0;
    for round in 0..40_000 {
        // Digits most often, so that the longer ones are numbers, too.
        let few = if round % 2 == 0 { 5 } else { characters.len() };
        let text: String = (0..1 + next(9)).map(|_| characters[next(few)]).collect();
        let trimmed = text.trim_ascii();
        let wanted = trimmed.parse::<f32>().ok().filter(|value| value.is_finite());
        if trimmed.is_empty() {
            continue;
        }
        let schema = vec![("a".to_owned(), Kind::Float32)];
        let missing = vec![];
        let mut table = Table::csv(Options { delimiter: b',', header: false, schema, only: true, missing, sample: 1 });
        table.push(text.as_bytes());
        let given = table.read(true).ok().map(|columns| match &columns[0] {
            Column::Float32(values) => values[0].to_bits(),
            other => panic!("{other:?}"),
        });
        assert_eq!(given, wanted.map(f32::to_bits), "{text:?}");
        numbers += usize::from(wanted.is_some());
    }
    assert!(numbers > 10_000, "{numbers} numbers");
}

#[test]
fn whole_numbers_reach_from_end_to_end() {
    let numbers = ["0", "-7", "2147483647", "-2147483648", "3.0", " 5 ", "+9", "1e2"].map(str::to_owned);
    let wanted = [0, -7, i32::MAX, i32::MIN, 3, 5, 9, 100];
    assert_eq!(column(Kind::Int32, &numbers), Column::Int32(wanted.to_vec()));
}

#[test]
fn what_is_no_number_is_refused() {
    for text in ["-", ".", "1-", "1.2.3", "--1", "0x1", "1,5", "1 2", "2147483648", "-2147483649", "1.5e"] {
        let schema = vec![("a".to_owned(), Kind::Int32)];
        let missing = vec![];
        let mut table = Table::csv(Options { delimiter: b'\t', header: false, schema, only: true, missing, sample: 1 });
        table.push(text.as_bytes());
        assert!(table.read(true).is_err(), "{text}");
    }
}
