//! IDX, the format of MNIST: two zero bytes, a type, a rank, big-endian sizes, big-endian elements.

use crate::array::{Array, ElementType, byte_count, swapped};
use crate::error::{Error, Result};
use std::borrow::Cow;

/// Reads a whole IDX file that has been decompressed already; the array has no name, its first axis counts the items.
///
/// # Errors
/// Where the header is not one of IDX, or the file is shorter or longer than its header says.
pub fn read(bytes: &[u8]) -> Result<Array<'_>> {
    let (element, shape, data) = header(bytes)?;
    let size = element.size();
    if byte_count(&shape, size) != Some(data.len()) {
        let (name, got) = (element.name(), data.len());
        return Err(Error::new(format!("idx: expected {shape:?} of {name} after the header, got {got} bytes")));
    }
    let bytes = if size == 1 { Cow::Borrowed(data) } else { swapped(data, size).into() };
    Array::new("", &shape, element, bytes)
}

/// The type, the sizes, and what follows.
fn header(bytes: &[u8]) -> Result<(ElementType, Vec<usize>, &[u8])> {
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
    let sizes = sizes.as_chunks::<4>().0.iter().map(|&size| u32::from_be_bytes(size) as usize);
    Ok((element_of(*element)?, sizes.collect(), data))
}

fn start(bytes: &[u8]) -> String {
    format!("{} bytes beginning {:02x?}", bytes.len(), &bytes[..bytes.len().min(4)])
}

fn element_of(code: u8) -> Result<ElementType> {
    match code {
        0x08 => Ok(ElementType::U8),
        0x09 => Ok(ElementType::I8),
        0x0b => Ok(ElementType::I16),
        0x0c => Ok(ElementType::I32),
        0x0d => Ok(ElementType::F32),
        0x0e => Ok(ElementType::F64),
        other => Err(Error::new(format!("idx: expected the type 0x08, 0x09 or 0x0b to 0x0e, got {other:#04x}"))),
    }
}
