//! Attributes: a name and some text or numbers.

use super::heap::GlobalHeaps;
use super::source::Source;
use super::types::{Type, dataspace, datatype};
use crate::array::{Array, ElementType, swapped};
use crate::bytes::Cursor;
use crate::error::{Error, Result};
use serde_json::{Number, Value};

const WHAT: &str = "hdf5: attribute";

/// What an element of an attribute takes off the allowance.
const VALUE: usize = 16;

/// The name and the value; none where it is of a type that is not read.
pub(super) fn read<'a>(
    source: &Source<'a>,
    heaps: &mut GlobalHeaps<'a>,
    body: &'a [u8],
) -> Result<Option<(String, Value)>> {
    let mut cursor = Cursor::new(WHAT, body);
    let (version, flags) = (cursor.u8()?, cursor.u8()?);
    let sizes = [cursor.u16()?, cursor.u16()?, cursor.u16()?].map(usize::from);
    match version {
        1 => {}
        2 | 3 if flags != 0 => return Err(Error::new(format!("{WHAT}: shared types are refused"))),
        2 => {}
        3 => drop(cursor.u8()?),
        other => return Err(Error::new(format!("{WHAT}: expected version 1 to 3, got {other}"))),
    }
    // The first version fills its parts up to eight bytes.
    let mut part = |size: usize| cursor.take(if version == 1 { size.next_multiple_of(8) } else { size });
    let (name, kind, space) = (part(sizes[0])?, part(sizes[1])?, part(sizes[2])?);
    let name = text(name).ok_or_else(|| Error::new(format!("{WHAT}: a name that is not text")))?;
    let (kind, size) = datatype(kind)?;
    let Some(shape) = dataspace(space)? else { return Ok(None) };
    let values = values(source, heaps, kind, size, &shape, cursor.rest())?;
    Ok(values.map(|mut values| (name, if shape.is_empty() { values.swap_remove(0) } else { Value::Array(values) })))
}

/// The elements; none where they are of a type that is not read.
fn values<'a>(
    source: &Source<'a>,
    heaps: &mut GlobalHeaps<'a>,
    kind: Type,
    size: usize,
    shape: &[usize],
    data: &[u8],
) -> Result<Option<Vec<Value>>> {
    let bytes = crate::array::byte_count(shape, size).and_then(|bytes| data.get(..bytes));
    let data = bytes.ok_or_else(|| Error::new(format!("{WHAT}: {shape:?} elements in {} bytes", data.len())))?;
    // A value takes more room than its bytes.
    source.charge(data.len() / size.max(1) * VALUE)?;
    let elements = data.chunks_exact(size.max(1));
    match kind {
        Type::Text => elements.map(text_value).collect::<Result<_>>().map(Some),
        Type::HeapText => elements.map(|bytes| heap_text(source, heaps, bytes)).collect::<Result<_>>().map(Some),
        Type::Number { element, big } => Ok(Some(numbers(element, big, data)?)),
        Type::Opaque | Type::Other(_) => Ok(None),
    }
}

fn text_value(bytes: &[u8]) -> Result<Value> {
    text(bytes).map(Value::String).ok_or_else(|| Error::new(format!("{WHAT}: text that is not UTF-8")))
}

/// Text up to a zero, where there is one.
fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    std::str::from_utf8(&bytes[..end]).ok().map(str::to_owned)
}

/// `u32 length, u64 heap, u32 index`
fn heap_text<'a>(source: &Source<'a>, heaps: &mut GlobalHeaps<'a>, reference: &[u8]) -> Result<Value> {
    let mut cursor = Cursor::new(WHAT, reference);
    let (length, heap, index) = (cursor.u32()? as usize, cursor.u64()?, cursor.u32()?);
    if length == 0 {
        return Ok(Value::String(String::new()));
    }
    let object = heaps.object(source, heap, index)?;
    let bytes = object.get(..length).ok_or_else(|| Error::new(format!("{WHAT}: a text of {length} bytes")))?;
    // Many texts may point at one object.
    source.charge(length)?;
    text_value(bytes)
}

fn numbers(element: ElementType, big: bool, data: &[u8]) -> Result<Vec<Value>> {
    let bytes = if big { swapped(data, element.size()) } else { data.to_vec() };
    let array = Array::new("", &[bytes.len() / element.size()], element, bytes)?;
    let floats = |values: Vec<f64>| values.into_iter().map(|value| Number::from_f64(value).into()).collect();
    Ok(match element {
        ElementType::Bool => array.values::<bool>().map(Value::from).collect(),
        ElementType::U8 => array.values::<u8>().map(Value::from).collect(),
        ElementType::I8 => array.values::<i8>().map(Value::from).collect(),
        ElementType::U16 => array.values::<u16>().map(Value::from).collect(),
        ElementType::I16 => array.values::<i16>().map(Value::from).collect(),
        ElementType::U32 => array.values::<u32>().map(Value::from).collect(),
        ElementType::I32 => array.values::<i32>().map(Value::from).collect(),
        ElementType::U64 => array.values::<u64>().map(Value::from).collect(),
        ElementType::I64 => array.values::<i64>().map(Value::from).collect(),
        ElementType::F16 => floats(array.values::<half::f16>().map(f64::from).collect()),
        ElementType::BF16 => floats(array.values::<half::bf16>().map(f64::from).collect()),
        ElementType::F32 => floats(array.values::<f32>().map(f64::from).collect()),
        ElementType::F64 => floats(array.values::<f64>().collect()),
    })
}
