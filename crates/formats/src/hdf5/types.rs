//! Datatypes and dataspaces: what elements are, and how many.

use super::MAX_RANK;
use crate::array::ElementType;
use crate::bytes::Cursor;
use crate::error::{Error, Result};

/// A datatype, as far as weights have use for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Type {
    /// Numbers; `big` is big-endian.
    Number { element: ElementType, big: bool },
    /// Text of a fixed size, ended by a zero or filled up.
    Text,
    /// Text of any length in the global heap.
    HeapText,
    /// Bytes without a meaning.
    Opaque,
    /// A class that is not read.
    Other(u8),
}

/// A datatype and the bytes of an element.
pub(super) fn datatype(body: &[u8]) -> Result<(Type, usize)> {
    let mut cursor = Cursor::new("hdf5: datatype", body);
    let (class, bits) = (cursor.u8()?, cursor.array::<3>()?);
    let size = cursor.u32()? as usize;
    let found = match class & 0x0f {
        0 => integer(&mut cursor, bits[0], size)?,
        1 => float(&mut cursor, bits[0], size)?,
        3 => Type::Text,
        5 => Type::Opaque,
        8 => enumeration(&mut cursor, class >> 4, bits)?,
        9 if bits[0] & 0x0f == 1 => Type::HeapText,
        other => Type::Other(other),
    };
    Ok((found, size))
}

fn integer(cursor: &mut Cursor<'_>, bits: u8, size: usize) -> Result<Type> {
    let (offset, precision) = (cursor.u16()?, usize::from(cursor.u16()?));
    let signed = bits & 8 != 0;
    let element = match (size, signed) {
        (1, false) => ElementType::U8,
        (1, true) => ElementType::I8,
        (2, false) => ElementType::U16,
        (2, true) => ElementType::I16,
        (4, false) => ElementType::U32,
        (4, true) => ElementType::I32,
        (8, false) => ElementType::U64,
        (8, true) => ElementType::I64,
        _ => return Ok(Type::Other(0)),
    };
    let whole = offset == 0 && precision == 8 * size;
    Ok(if whole { Type::Number { element, big: bits & 1 != 0 } } else { Type::Other(0) })
}

fn float(cursor: &mut Cursor<'_>, bits: u8, size: usize) -> Result<Type> {
    cursor.take(4)?;
    let layout = cursor.array::<4>()?;
    let element = match (size, layout, cursor.u32()?) {
        (2, [10, 5, 0, 10], 15) => ElementType::F16,
        (2, [7, 8, 0, 7], 127) => ElementType::BF16,
        (4, [23, 8, 0, 23], 127) => ElementType::F32,
        (8, [52, 11, 0, 52], 1023) => ElementType::F64,
        _ => return Ok(Type::Other(1)),
    };
    // Bit 6 with bit 0 is the order of the VAX.
    Ok(if bits & 0x40 == 0 { Type::Number { element, big: bits & 1 != 0 } } else { Type::Other(1) })
}

/// Truth values are an enumeration of bytes, FALSE = 0 and TRUE = 1; others are their numbers.
fn enumeration(cursor: &mut Cursor<'_>, version: u8, bits: [u8; 3]) -> Result<Type> {
    const BASE: usize = 12;
    let (base, _) = datatype(cursor.take(BASE)?)?;
    let Type::Number { element, .. } = base else { return Ok(Type::Other(8)) };
    let members = u16::from_le_bytes([bits[0], bits[1]]);
    if members == 2 && element.size() == 1 {
        let names = [name(cursor, version)?, name(cursor, version)?];
        if names == [&b"FALSE"[..], b"TRUE"] && cursor.take(2)? == [0, 1] {
            return Ok(Type::Number { element: ElementType::Bool, big: false });
        }
    }
    Ok(base)
}

/// A name ended by a zero, before version 3 filled up to eight bytes.
fn name<'a>(cursor: &mut Cursor<'a>, version: u8) -> Result<&'a [u8]> {
    let bytes = cursor.rest();
    let end = bytes.iter().position(|&byte| byte == 0);
    let end = end.ok_or_else(|| Error::new("hdf5: datatype: a name without an end"))?;
    cursor.take(if version < 3 { (end + 1).next_multiple_of(8) } else { end + 1 })?;
    Ok(&bytes[..end])
}

/// The sizes of the axes; none for a scalar. An object without elements at all has no dataspace.
pub(super) fn dataspace(body: &[u8]) -> Result<Option<Vec<usize>>> {
    let mut cursor = Cursor::new("hdf5: dataspace", body);
    let (version, rank, _flags) = (cursor.u8()?, usize::from(cursor.u8()?), cursor.u8()?);
    let kind = cursor.u8()?;
    match version {
        1 => drop(cursor.take(4)?),
        2 if kind == 2 => return Ok(None),
        2 => {}
        other => return Err(Error::new(format!("hdf5: dataspace: expected version 1 or 2, got {other}"))),
    }
    if rank > MAX_RANK {
        return Err(Error::new(format!("hdf5: expected at most {MAX_RANK} axes, got {rank}")));
    }
    (0..rank).map(|_| cursor.size()).collect::<Result<_>>().map(Some)
}

/// The datatype message of an element type.
pub(super) fn written(element: ElementType) -> Vec<u8> {
    let size = element.size() as u32;
    let bits = 8 * size as u16;
    let integer = |signed| [head(0x10, [if signed { 8 } else { 0 }, 0, 0], size), pair(0, bits)].concat();
    let float = |exponent: u8, mantissa: u8, bias: u32| {
        let layout = [mantissa, exponent, 0, mantissa];
        let sign = (bits - 1) as u8;
        [head(0x11, [0x20, sign, 0], size), pair(0, bits), layout.to_vec(), bias.to_le_bytes().to_vec()].concat()
    };
    match element {
        ElementType::Bool => {
            let base = written(ElementType::I8);
            [head(0x18, [2, 0, 0], 1), base, b"FALSE\0\0\0TRUE\0\0\0\0\0\x01".to_vec()].concat()
        }
        ElementType::U8 | ElementType::U16 | ElementType::U32 | ElementType::U64 => integer(false),
        ElementType::I8 | ElementType::I16 | ElementType::I32 | ElementType::I64 => integer(true),
        ElementType::F16 => float(5, 10, 15),
        ElementType::F32 => float(8, 23, 127),
        ElementType::F64 => float(11, 52, 1023),
        // NumPy has no such type, so h5py and Keras take it for two bytes; an attribute says what they are.
        ElementType::BF16 => head(0x15, [0, 0, 0], size),
    }
}

/// Text of any length in the global heap, in UTF-8.
pub(super) fn written_text() -> Vec<u8> {
    [head(0x19, [1, 1, 0], 16), head(0x10, [0, 0, 0], 1), pair(0, 8)].concat()
}

/// The sizes of the axes as a message.
pub(super) fn written_space(shape: &[usize]) -> Vec<u8> {
    let mut body = vec![2, shape.len() as u8, 0, u8::from(!shape.is_empty())];
    shape.iter().for_each(|&size| body.extend((size as u64).to_le_bytes()));
    body
}

fn head(class: u8, bits: [u8; 3], size: u32) -> Vec<u8> {
    [&[class][..], &bits, &size.to_le_bytes()].concat()
}

fn pair(a: u16, b: u16) -> Vec<u8> {
    [a.to_le_bytes(), b.to_le_bytes()].concat()
}
