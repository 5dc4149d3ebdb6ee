//! Named arrays: what every format here reads and writes.

use crate::error::{Error, Result};
use std::borrow::Cow;

/// The type of an array's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// One byte, 0 or 1.
    Bool,
    /// 8-bit unsigned integer.
    U8,
    /// 8-bit signed integer.
    I8,
    /// 16-bit unsigned integer.
    U16,
    /// 16-bit signed integer.
    I16,
    /// 16-bit IEEE float.
    F16,
    /// The upper half of a 32-bit float.
    BF16,
    /// 32-bit unsigned integer.
    U32,
    /// 32-bit signed integer.
    I32,
    /// 32-bit IEEE float.
    F32,
    /// 64-bit unsigned integer.
    U64,
    /// 64-bit signed integer.
    I64,
    /// 64-bit IEEE float.
    F64,
}

impl ElementType {
    /// Bytes of an element.
    pub const fn size(self) -> usize {
        match self {
            ElementType::Bool | ElementType::U8 | ElementType::I8 => 1,
            ElementType::U16 | ElementType::I16 | ElementType::F16 | ElementType::BF16 => 2,
            ElementType::U32 | ElementType::I32 | ElementType::F32 => 4,
            ElementType::U64 | ElementType::I64 | ElementType::F64 => 8,
        }
    }
}

/// A named array: row-major, little-endian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array<'a> {
    /// Unique within its file.
    pub name: String,
    /// Sizes of the axes.
    pub shape: Vec<usize>,
    /// Type of the elements.
    pub element: ElementType,
    /// As many as the shape and the type ask for.
    pub bytes: Cow<'a, [u8]>,
}

impl<'a> Array<'a> {
    /// An array over borrowed or owned bytes.
    ///
    /// # Errors
    /// Where there are not as many bytes as shape and type ask for.
    pub fn new(
        name: impl Into<String>,
        shape: &[usize],
        element: ElementType,
        bytes: impl Into<Cow<'a, [u8]>>,
    ) -> Result<Array<'a>> {
        let (name, bytes) = (name.into(), bytes.into());
        let expected = byte_count(shape, element.size());
        if expected != Some(bytes.len()) {
            let got = bytes.len();
            return Err(Error::new(format!("array '{name}': expected {shape:?} of {element:?}, got {got} bytes")));
        }
        Ok(Array { name, shape: shape.to_vec(), element, bytes })
    }
}

/// Bytes of an array, `None` where they cannot be counted.
pub(crate) fn byte_count(shape: &[usize], size: usize) -> Option<usize> {
    shape.iter().try_fold(size, |product, &extent| product.checked_mul(extent))
}
