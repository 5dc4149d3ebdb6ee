//! Files that h5py, Keras, NumPy, safetensors and zipfile wrote (`tools/oracle/files.py`), against what they said of them.

use ferrograd_formats::{Array, Contents, ElementType, Error, Format};
use serde_json::Value;
use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../__test__/fixtures/files", name].iter().collect()
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

fn told() -> Value {
    serde_json::from_slice(&bytes("files.json")).unwrap()
}

fn refused(format: Format, name: &str) -> Error {
    format.read(&bytes(name)).expect_err(name)
}

/// Elements of any type as the numbers of JSON.
fn numbers(array: &Array<'_>) -> Vec<f64> {
    macro_rules! as_numbers {
        ($($element:ident: $rust:ty),*) => {
            match array.element() {
                $(ElementType::$element => array.view::<$rust>().unwrap().iter().map(|&x| x as f64).collect(),)*
                ElementType::Bool => array.view::<bool>().unwrap().iter().map(|&x| f64::from(u8::from(x))).collect(),
                ElementType::F16 | ElementType::BF16 => numbers(&array.clone().computable().unwrap()),
            }
        };
    }
    as_numbers!(U8: u8, I8: i8, U16: u16, I16: i16, U32: u32, I32: i32, F32: f32, U64: u64, I64: i64, F64: f64)
}

fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        Value::Bool(value) => vec![f64::from(u8::from(*value))],
        other => vec![other.as_f64().unwrap()],
    }
}

fn check(file: &str, contents: &Contents<'_>, told: &Value) {
    let expected = told.as_object().unwrap();
    let names: Vec<&str> = contents.arrays.iter().map(|array| array.name.as_str()).collect();
    assert_eq!(names.len(), expected.len(), "{file}: {names:?}");
    for array in &contents.arrays {
        let expected = &expected[&array.name];
        assert_eq!(array.element().name(), expected["dtype"], "{file}: {}", array.name);
        let shape: Vec<usize> = serde_json::from_value(expected["shape"].clone()).unwrap();
        assert_eq!(array.shape(), shape, "{file}: {}", array.name);
        assert_eq!(numbers(array), flat(&expected["data"]), "{file}: {}", array.name);
    }
}

#[test]
fn hdf5_files_of_h5py_and_keras_hold_what_h5py_says() {
    let told = told();
    for name in ["earliest.h5", "latest.h5", "packed.h5", "model.weights.h5", "model.h5"] {
        let file = bytes(name);
        let contents = Format::Hdf5.read(&file).unwrap();
        check(name, &contents, &told[name]["arrays"]);
        let attributes: Value = serde_json::from_str(&contents.text).unwrap();
        assert_eq!(attributes, told[name]["attributes"], "{name}");
    }
}

#[test]
fn what_weights_have_no_use_for_is_refused_by_name() {
    for (name, word) in [
        ("soft", "soft links"),
        ("external", "external links"),
        ("missing", "expected 4, got 1"),
        ("filters", "the filter 32000 ('lzf') is refused"),
        ("storage", "other files"),
        ("virtual", "virtual"),
        ("hard", "second name"),
        ("text", "text"),
    ] {
        let error = refused(Format::Hdf5, &format!("refused-{name}.h5")).to_string();
        assert!(error.contains(word), "{name}: {error}");
    }
    assert!(refused(Format::Npy, "objects.npy").to_string().contains("a type of numbers"));
}

#[test]
fn a_file_of_keras_is_a_zip_with_hdf5_inside() {
    let file = bytes("model.keras");
    let members = Format::Zip.read(&file).unwrap().arrays;
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(Value::from(names), told()["model.keras"]);
    let weights = members.iter().find(|member| member.name == "model.weights.h5").unwrap();
    // Keras counts names on from one file to the next, so the bytes differ.
    check("model.keras", &Format::Hdf5.read(weights.bytes()).unwrap(), &told()["model.weights.h5"]["arrays"]);
}

#[test]
fn safetensors_of_pytorch_hold_what_pytorch_says() {
    let file = bytes("torch.safetensors");
    let contents = Format::Safetensors.read(&file).unwrap();
    check("torch", &contents, &told()["torch.safetensors"]);
    let metadata: Value = serde_json::from_str(&contents.text).unwrap();
    assert_eq!(metadata, serde_json::json!({ "format": "pt", "naïve": "\"quoted\"" }));
}

#[test]
fn numpys_files_hold_what_numpy_says_stored_and_deflated() {
    for name in ["stored.npz", "deflated.npz"] {
        let file = bytes(name);
        check(name, &Format::Npz.read(&file).unwrap(), &told()["npz"]);
    }
    let file = bytes("version3.npy");
    assert_eq!(numbers(&Format::Npy.read(&file).unwrap().arrays[0]), [-4.0, -1.0, 2.0, 5.0, 8.0, 11.0]);
}

#[test]
fn a_file_of_another_format_is_called_by_its_name() {
    for (format, name, expected) in [
        (Format::Safetensors, "model.keras", "expected a file of safetensors, got one of zip"),
        (Format::Zip, "model.h5", "expected a file of zip, got one of hdf5"),
        (Format::Hdf5, "version3.npy", "expected a file of hdf5, got one of npy"),
        (Format::Checkpoint, "files.json", "expected a file of checkpoint, got one of JSON"),
    ] {
        assert_eq!(refused(format, name).to_string(), expected);
    }
    for (format, bytes, expected) in [
        (Format::Zip, &b"\x89PNG\r\n\x1a\n"[..], "expected a file of zip, got one of PNG"),
        (Format::Zip, b"", "expected a file of zip, got an empty one"),
        (Format::Safetensors, b"", "expected a file of safetensors, got an empty one"),
        (Format::Hdf5, b"\x02\0\0\0\0\0\0\0{\"", "expected a file of hdf5, got one of safetensors"),
        (Format::Hdf5, b"plain text of ours", "expected a file of hdf5, got one that begins with 'plain te'"),
        (
            Format::Zip,
            b"version https://git-lfs.github.com/spec/v1\n",
            "expected a file of zip, got one of Git LFS: a pointer to the real one, which was not fetched",
        ),
    ] {
        assert_eq!(format.read(bytes).unwrap_err().to_string(), expected);
    }
}
