//! Files of ours that h5py, Keras, NumPy, safetensors and zipfile have read (`tools/oracle/check_files.py`), and the way
//! back.

use ferrograd_formats::{Array, Contents, ElementType, Format};
use ndarray::{ArrayD, IxDyn};
use serde_json::{Value, json};
use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../__test__/fixtures/files", name].iter().collect()
}

const TYPES: [ElementType; 13] = {
    use ElementType::*;
    [Bool, U8, I8, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64]
};

/// Bytes of six small numbers of a type; small in every type, also as floats.
fn six(element: ElementType) -> Vec<u8> {
    let ones: &[u8] = match element {
        ElementType::F16 => &[0x00, 0x3c],
        ElementType::BF16 => &[0x80, 0x3f],
        ElementType::F32 => &[0x00, 0x00, 0x80, 0x3f],
        ElementType::F64 => &[0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
        _ => &[1, 0, 0, 0, 0, 0, 0, 0][..element.size()],
    };
    let zeros = vec![0; element.size()];
    (0..6).flat_map(|i| if i % 3 == 1 { ones.to_vec() } else { zeros.clone() }).collect()
}

fn typed<'a>(element: ElementType) -> Array<'a> {
    Array::new(format!("types/{}", element.name()), &[2, 3], element, six(element)).unwrap()
}

/// Arrays of some types, many in one group, a scalar, an empty one.
fn arrays<'a>(types: &[ElementType]) -> Vec<Array<'a>> {
    let scalar = ArrayD::from_elem(IxDyn(&[]), 0.5f32);
    let empty = ArrayD::<f64>::zeros(IxDyn(&[0, 3]));
    let mut all: Vec<Array<'a>> = types.iter().map(|&element| typed(element)).collect();
    all.push(Array::of("scalar", scalar.view()).into_owned());
    all.push(Array::of("deep/er/and/empty", empty.view()).into_owned());
    all.extend((0..40).map(|i| Array::of(format!("many/{i}"), ndarray::arr1(&[i]).view()).into_owned()));
    all
}

fn attributes() -> Value {
    json!({
        "": { "root": "größer" },
        "deep": { "texts": ["a", "", "bc"], "number": 7, "numbers": [0.5, -1.0] },
        "nothing/inside": { "name": "a group without arrays" },
    })
}

fn written(format: Format, arrays: Vec<Array<'_>>, text: &Value) -> Vec<u8> {
    let text = if text.is_null() { String::new() } else { text.to_string() };
    format.write(&Contents { arrays, text }).unwrap().concat()
}

/// The model of Keras, written anew: its weights by our HDF5, its archive by our zip.
fn keras() -> Vec<u8> {
    let file = std::fs::read(path("model.keras")).unwrap();
    let mut members = Format::Zip.read(&file).unwrap().arrays;
    for member in members.iter_mut().filter(|member| member.name.ends_with(".h5")) {
        let weights = Format::Hdf5.read(member.bytes()).unwrap();
        let anew = Format::Hdf5.write(&weights).unwrap().concat();
        *member = Array::new(&*member.name, &[anew.len()], ElementType::U8, anew).unwrap();
    }
    written(Format::Zip, members, &Value::Null)
}

/// Every file that the oracle has read.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let numpy: Vec<ElementType> = TYPES.into_iter().filter(|&element| element != ElementType::BF16).collect();
    let member = |name, text: &'static str| Array::of::<u8, _>(name, ndarray::aview1(text.as_bytes()));
    vec![
        ("ours.h5", written(Format::Hdf5, arrays(&TYPES), &attributes())),
        ("ours.safetensors", written(Format::Safetensors, arrays(&TYPES), &json!({ "format": "ours", "ü": "\"" }))),
        ("ours.npz", written(Format::Npz, arrays(&numpy), &Value::Null)),
        ("ours.zip", written(Format::Zip, vec![member("a.txt", "text"), member("folder/ü", "")], &Value::Null)),
        ("ours.keras", keras()),
    ]
}

#[test]
fn the_bytes_are_those_that_the_oracle_has_read() {
    let accepted: Value = serde_json::from_slice(&std::fs::read(path("ours/accepted.json")).unwrap()).unwrap();
    for (name, bytes) in files() {
        let known = std::fs::read(path("ours").join(name)).unwrap_or_default();
        assert!(known == bytes, "{name} differs: `cargo test -p ferrograd-formats -- --ignored` writes it anew");
        assert_eq!(accepted[name], true, "{name}: `tools/oracle/check_files.py` reads it");
    }
}

/// Writes the files that the oracle reads.
#[test]
#[ignore = "writes the fixtures"]
fn write_the_fixtures() {
    std::fs::create_dir_all(path("ours")).unwrap();
    files().into_iter().for_each(|(name, bytes)| std::fs::write(path("ours").join(name), bytes).unwrap());
}

#[test]
fn every_format_gives_back_what_it_was_given() {
    let numpy: Vec<ElementType> = TYPES.into_iter().filter(|&element| element != ElementType::BF16).collect();
    for (format, types, text) in [
        (Format::Hdf5, &TYPES[..], attributes()),
        (Format::Safetensors, &TYPES, json!({ "a": "b" })),
        (Format::Npz, &numpy, Value::Null),
        (Format::Checkpoint, &TYPES, json!({ "epoch": 3 })),
    ] {
        let mut expected = arrays(types);
        let file = written(format, expected.clone(), &text);
        let Contents { mut arrays, text: back } = format.read(&file).unwrap();
        let by_name = |a: &Array<'_>, b: &Array<'_>| a.name.cmp(&b.name);
        expected.sort_by(by_name);
        arrays.sort_by(by_name);
        assert_eq!(arrays, expected, "{format:?}");
        let mut back: Value = if back.is_empty() { Value::Null } else { serde_json::from_str(&back).unwrap() };
        if format == Format::Hdf5 {
            // What tells bfloat16 is an attribute of the file.
            back.as_object_mut().unwrap().remove("types/bfloat16");
        }
        assert_eq!(back, text, "{format:?}");
    }
}

#[test]
fn a_group_of_three_thousand_and_one_of_no_children_come_back() {
    let arrays: Vec<Array<'_>> =
        (0..3000).map(|i| Array::of(format!("all/{i}"), ndarray::arr0(i).view()).into_owned()).collect();
    let file = written(Format::Hdf5, arrays, &json!({ "none": { "name": "none" } }));
    assert_eq!(Format::Hdf5.read(&file).unwrap().arrays.len(), 3000);
    let nothing = written(Format::Hdf5, vec![], &Value::Null);
    assert_eq!(Format::Hdf5.read(&nothing).unwrap(), Contents { arrays: vec![], text: "{}".into() });
}

#[test]
fn what_a_format_cannot_hold_is_refused() {
    let array = |name: &str| Array::of(name, ndarray::arr0(1.0f32).view()).into_owned();
    let refused = |format: Format, arrays: Vec<Array<'_>>, text: &str| {
        let contents = Contents { arrays, text: text.into() };
        format.write(&contents).expect_err("a refusal").to_string()
    };
    for format in [Format::Hdf5, Format::Safetensors, Format::Npz, Format::Checkpoint, Format::Zip] {
        let twice = refused(format, vec![array("a"), array("a")], "");
        assert!(twice.contains("unique names"), "{format:?}: {twice}");
    }
    assert!(refused(Format::Hdf5, vec![array("a"), array("a/b")], "").contains("an array and a group"));
    assert!(refused(Format::Hdf5, vec![array("a//b")], "").contains("a path like"));
    assert!(refused(Format::Npy, vec![], "").contains("expected one array, got 0"));
    assert!(refused(Format::Idx, vec![array("")], "").contains("only read"));
    assert!(refused(Format::Npz, vec![typed(ElementType::BF16)], "").contains("is bfloat16"));
    assert!(refused(Format::Safetensors, vec![], "{\"a\": 1}").contains("text as JSON"));
    for name in ["../a", "/a", "a/../b", "c:a", "a\\b", "", "a//b", "a\0"] {
        assert!(refused(Format::Zip, vec![array(name)], "").contains("inside the archive"), "{name}");
    }
}
