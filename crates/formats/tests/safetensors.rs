//! safetensors: there and back, and files made to mislead.

use ferrograd_formats::safetensors::{self, Contents, read};
use ferrograd_formats::{Array, ElementType, Result};
use std::collections::BTreeMap;

const TYPES: [ElementType; 13] = {
    use ElementType::*;
    [Bool, U8, I8, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64]
};

/// Arrays of every type, by name: the order of a file's reader.
fn arrays<'a>() -> Vec<Array<'a>> {
    let array = |(index, &element): (usize, &ElementType)| {
        let bytes: Vec<u8> = (0..6 * element.size()).map(|byte| (byte * 7 + index) as u8).collect();
        Array::new(format!("layer/{index:02} \"quoted\" é"), &[2, 3], element, bytes).unwrap()
    };
    let mut all: Vec<Array<'a>> = TYPES.iter().enumerate().map(array).collect();
    all.push(Array::new("zz/empty", &[0, 4], ElementType::F32, Vec::new()).unwrap());
    all.push(Array::new("zz/scalar", &[], ElementType::F64, vec![1; 8]).unwrap());
    all
}

fn metadata(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

fn write(contents: &Contents<'_>) -> Result<Vec<u8>> {
    safetensors::write(&contents.arrays, &contents.metadata).map(|pieces| pieces.concat())
}

fn refused(bytes: &[u8]) -> String {
    read(bytes).expect_err("a broken file").to_string()
}

#[test]
fn arrays_of_every_type_come_back() {
    for metadata in [metadata(&[]), metadata(&[("format", "pt"), ("b", "\"\n"), ("a", "é")])] {
        let contents = Contents { arrays: arrays(), metadata };
        let bytes = write(&contents).unwrap();
        assert_eq!(read(&bytes).unwrap(), contents);
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap());
        assert_eq!(length % 8, 0, "the arrays are aligned");
    }
    let nothing = Contents { arrays: Vec::new(), metadata: metadata(&[("only", "this")]) };
    assert_eq!(read(&write(&nothing).unwrap()).unwrap(), nothing);
}

#[test]
fn the_order_of_writing_does_not_show() {
    let contents = Contents { arrays: arrays(), metadata: metadata(&[("a", "1"), ("b", "2"), ("c", "3")]) };
    let mut turned = contents.clone();
    turned.arrays.reverse();
    assert_eq!(write(&contents).unwrap(), write(&turned).unwrap());
}

#[test]
fn names_that_come_twice_are_refused() {
    let twice = Contents { arrays: [arrays(), arrays()].concat(), ..Contents::default() };
    assert!(write(&twice).unwrap_err().to_string().contains("unique names"));
    let reserved = Array::new("__metadata__", &[1], ElementType::U8, vec![1]).unwrap();
    assert!(write(&Contents { arrays: vec![reserved], ..Contents::default() }).is_err());

    let one = r#""a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}"#;
    assert!(read(&file(&format!("{{{one}}}"), &[1, 2])).is_ok());
    assert!(refused(&file(&format!("{{{one},{one}}}"), &[1, 2])).contains("'a' comes twice"));
}

#[test]
fn arrays_that_overlap_or_leave_gaps_are_refused() {
    let two = |first: &str, second: &str| {
        let array = |name, at| format!(r#""{name}":{{"dtype":"U8","shape":[2],"data_offsets":{at}}}"#);
        file(&format!("{{{},{}}}", array("a", first), array("b", second)), &[0; 4])
    };
    assert!(read(&two("[0,2]", "[2,4]")).is_ok());
    for (first, second) in
        [("[0,2]", "[1,3]"), ("[0,2]", "[0,2]"), ("[1,3]", "[3,5]"), ("[0,2]", "[3,5]"), ("[2,0]", "[2,4]")]
    {
        assert!(read(&two(first, second)).is_err(), "{first} {second}");
    }
}

#[test]
fn headers_that_lie_are_refused() {
    let with = |shape: &str, end: &str, dtype: &str| {
        file(&format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[0,{end}]}}}}"#), &[0; 8])
    };
    assert!(read(&with("[2]", "8", "F32")).is_ok());
    for bytes in [
        with("[3]", "8", "F32"),
        with("[2]", "16", "F32"),
        with("[-2]", "8", "F32"),
        with("[18446744073709551615,2]", "8", "F32"),
        with("[2]", "8", "F4"),
        with("[2]", "8", "C64"),
        with("[2]", "8", "X32"),
        file("[]", &[]),
        file("{\"a\":", &[]),
        file(&format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000)), &[]),
    ] {
        assert!(read(&bytes).is_err(), "{}", String::from_utf8_lossy(&bytes[..bytes.len().min(120)]));
    }
    for length in [0u64, 1, 9, 100_000_001, u64::MAX] {
        assert!(read(&[&length.to_le_bytes()[..], b"{}"].concat()).is_err(), "a header of {length} bytes");
    }
    assert!(refused(&[1, 2, 3]).contains("got 3 bytes"));
}

#[test]
fn every_shortened_or_changed_file_is_refused_or_read_without_a_panic() {
    let good = write(&Contents { arrays: arrays(), metadata: metadata(&[("a", "1")]) }).unwrap();
    for end in 0..good.len() {
        assert!(read(&good[..end]).is_err(), "cut off after {end} bytes");
    }
    for at in 0..good.len() {
        for flip in [1u8, 0x80, 0xff] {
            let mut changed = good.clone();
            changed[at] ^= flip;
            // Whatever comes out has been checked; reading must only return.
            let _ = read(&changed);
        }
    }
}

#[test]
fn an_array_needs_as_many_bytes_as_its_shape() {
    assert!(Array::new("a", &[2, 2], ElementType::F32, vec![0; 15]).is_err());
    assert!(Array::new("a", &[usize::MAX, 2], ElementType::F32, vec![]).is_err());
}
