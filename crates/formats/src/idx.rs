//! IDX, the format of MNIST: two zero bytes, a type, a rank, big-endian sizes, big-endian elements.

use crate::array::byte_count;
use crate::error::{Error, Result};

/// An array of an IDX file.
#[derive(Clone, Debug, PartialEq)]
pub struct Idx {
    /// Sizes of the axes; the first counts the items.
    pub shape: Vec<usize>,
    /// The elements, row-major.
    pub values: Values,
}

/// The elements of an IDX file, by its type byte.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// `0x08`
    U8(Vec<u8>),
    /// `0x09`
    I8(Vec<i8>),
    /// `0x0b`
    I16(Vec<i16>),
    /// `0x0c`
    I32(Vec<i32>),
    /// `0x0d`
    F32(Vec<f32>),
    /// `0x0e`
    F64(Vec<f64>),
}

impl Values {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Values::U8(values) => values.len(),
            Values::I8(values) => values.len(),
            Values::I16(values) => values.len(),
            Values::I32(values) => values.len(),
            Values::F32(values) => values.len(),
            Values::F64(values) => values.len(),
        }
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads a whole IDX file that has been decompressed already.
///
/// # Errors
/// Where the header is not one of IDX, or the file is shorter or longer than its header says.
pub fn read(bytes: &[u8]) -> Result<Idx> {
    let (element, shape, data) = header(bytes)?;
    let size = element_size(element)?;
    if byte_count(&shape, size) != Some(data.len()) {
        let got = data.len();
        return Err(Error::new(format!("idx: expected {shape:?} elements of {size} bytes, got {got} bytes")));
    }
    let values = match element {
        0x08 => Values::U8(data.to_vec()),
        0x09 => Values::I8(elements(data, i8::from_be_bytes)),
        0x0b => Values::I16(elements(data, i16::from_be_bytes)),
        0x0c => Values::I32(elements(data, i32::from_be_bytes)),
        0x0d => Values::F32(elements(data, f32::from_be_bytes)),
        0x0e => Values::F64(elements(data, f64::from_be_bytes)),
        other => return Err(unknown(other)),
    };
    Ok(Idx { shape, values })
}

/// The type byte, the sizes, and what follows.
fn header(bytes: &[u8]) -> Result<(u8, Vec<usize>, &[u8])> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(Error::new("idx: the file is gzipped: decompress it first"));
    }
    let [0, 0, element, rank, rest @ ..] = bytes else {
        return Err(Error::new(format!("idx: expected two zero bytes, a type and a rank, got {}", start(bytes))));
    };
    let sizes = usize::from(*rank) * 4;
    if *rank == 0 || rest.len() < sizes {
        let got = rest.len();
        return Err(Error::new(format!("idx: expected the sizes of {rank} axes (at least 1), got {got} bytes")));
    }
    let (sizes, data) = rest.split_at(sizes);
    Ok((*element, elements(sizes, u32::from_be_bytes).into_iter().map(|size| size as usize).collect(), data))
}

fn start(bytes: &[u8]) -> String {
    format!("{} bytes beginning {:02x?}", bytes.len(), &bytes[..bytes.len().min(4)])
}

fn element_size(element: u8) -> Result<usize> {
    match element {
        0x08 | 0x09 => Ok(1),
        0x0b => Ok(2),
        0x0c | 0x0d => Ok(4),
        0x0e => Ok(8),
        other => Err(unknown(other)),
    }
}

fn unknown(element: u8) -> Error {
    Error::new(format!("idx: expected the type 0x08, 0x09 or 0x0b to 0x0e, got {element:#04x}"))
}

fn elements<const N: usize, T>(bytes: &[u8], from: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|&chunk| from(chunk)).collect()
}
