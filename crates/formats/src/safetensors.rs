//! safetensors: a JSON header of names, types, shapes and places, then the arrays one after another.

mod header;

use crate::array::{Array, ElementType};
use crate::bytes::Pieces;
use crate::error::{Error, Result};
use ::safetensors::Dtype;
use ::safetensors::tensor::{SafeTensors, TensorView};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The arrays begin at a multiple of this many bytes, and so do those behind arrays of such a size.
const ALIGN: usize = 64;

/// What a safetensors file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents<'a> {
    /// In the order of their names.
    pub arrays: Vec<Array<'a>>,
    /// The header's `__metadata__`.
    pub metadata: BTreeMap<String, String>,
}

/// Reads a whole file; the arrays borrow its bytes.
///
/// # Errors
/// Where the header is too long, malformed or names something twice, where arrays overlap, leave gaps or do not fit
/// their shapes, and where an array has a type that no array here can have.
pub fn read(bytes: &[u8]) -> Result<Contents<'_>> {
    header::check(bytes)?;
    let file = SafeTensors::deserialize(bytes).map_err(wrong)?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(wrong)?;
    let metadata = metadata.metadata().iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    let mut arrays = file.iter().map(|(name, view)| array(name, &view)).collect::<Result<Vec<_>>>()?;
    arrays.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Contents { arrays, metadata })
}

/// Where the arrays begin in a file that begins like this.
pub(crate) fn beginning_of_arrays(first: [u8; header::LENGTH]) -> usize {
    (u64::from_le_bytes(first) as usize).wrapping_add(header::LENGTH)
}

/// The bytes of a file that holds some arrays. The same ones give the same bytes, whatever their order.
///
/// # Errors
/// Where two arrays share a name, a name is `__metadata__`, or the header would be too long.
pub fn write<'a>(arrays: &'a [Array<'_>], metadata: &BTreeMap<String, String>) -> Result<Pieces<'a>> {
    let mut arrays: Vec<&'a Array<'_>> = arrays.iter().collect();
    // The widest elements first: each array then begins at a multiple of its elements' size. And those that leave the next
    // one where computing with it wants it come before the rest.
    let uneven = |array: &Array<'_>| !array.bytes().len().is_multiple_of(ALIGN);
    arrays.sort_by_cached_key(|array| (Reverse(array.element().size()), uneven(array), array.name.clone()));
    let mut file = Pieces::from(header::written(&arrays, metadata)?);
    arrays.iter().for_each(|array| file.push(array.bytes()));
    Ok(file)
}

fn array<'a>(name: &str, view: &TensorView<'a>) -> Result<Array<'a>> {
    let element = element(view.dtype())
        .ok_or_else(|| Error::new(format!("safetensors: array '{name}' has the type {:?}", view.dtype())))?;
    Array::new(name, view.shape(), element, view.data())
}

fn wrong(error: ::safetensors::SafeTensorError) -> Error {
    Error::new(format!("safetensors: {error}"))
}

/// The format's name of a type.
fn dtype(element: ElementType) -> Dtype {
    match element {
        ElementType::Bool => Dtype::BOOL,
        ElementType::U8 => Dtype::U8,
        ElementType::I8 => Dtype::I8,
        ElementType::U16 => Dtype::U16,
        ElementType::I16 => Dtype::I16,
        ElementType::F16 => Dtype::F16,
        ElementType::BF16 => Dtype::BF16,
        ElementType::U32 => Dtype::U32,
        ElementType::I32 => Dtype::I32,
        ElementType::F32 => Dtype::F32,
        ElementType::U64 => Dtype::U64,
        ElementType::I64 => Dtype::I64,
        ElementType::F64 => Dtype::F64,
    }
}

fn element(dtype: Dtype) -> Option<ElementType> {
    Some(match dtype {
        Dtype::BOOL => ElementType::Bool,
        Dtype::U8 => ElementType::U8,
        Dtype::I8 => ElementType::I8,
        Dtype::U16 => ElementType::U16,
        Dtype::I16 => ElementType::I16,
        Dtype::F16 => ElementType::F16,
        Dtype::BF16 => ElementType::BF16,
        Dtype::U32 => ElementType::U32,
        Dtype::I32 => ElementType::I32,
        Dtype::F32 => ElementType::F32,
        Dtype::U64 => ElementType::U64,
        Dtype::I64 => ElementType::I64,
        Dtype::F64 => ElementType::F64,
        // Types of fewer than eight bits and of complex numbers, and whatever the crate adds.
        _ => return None,
    })
}
