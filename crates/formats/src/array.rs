//! Named arrays: what every format here reads and writes.

use crate::error::{Error, Result};
use half::{bf16, f16};
use ndarray::{ArrayD, ArrayViewD, IxDyn};
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

/// Every type with the name that NumPy and Keras give it.
const NAMES: [(ElementType, &str); 13] = [
    (ElementType::Bool, "bool"),
    (ElementType::U8, "uint8"),
    (ElementType::I8, "int8"),
    (ElementType::U16, "uint16"),
    (ElementType::I16, "int16"),
    (ElementType::F16, "float16"),
    (ElementType::BF16, "bfloat16"),
    (ElementType::U32, "uint32"),
    (ElementType::I32, "int32"),
    (ElementType::F32, "float32"),
    (ElementType::U64, "uint64"),
    (ElementType::I64, "int64"),
    (ElementType::F64, "float64"),
];

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

    /// The name that NumPy and Keras give it.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(element, _)| *element == self).map_or("", |(_, name)| name)
    }

    /// The type of a name.
    pub fn named(name: &str) -> Option<ElementType> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(element, _)| *element)
    }
}

/// A Rust type that arrays may have as elements.
pub trait Element: Copy {
    /// Its name at run time.
    const TYPE: ElementType;
    /// Its bytes, little-endian, as many as the type's size.
    type Bytes: AsRef<[u8]> + for<'a> TryFrom<&'a [u8]>;
    /// From its bytes.
    fn from_le(bytes: Self::Bytes) -> Self;
    /// As bytes.
    fn to_le(self) -> Self::Bytes;
}

macro_rules! elements {
    ($($rust:ty, $element:ident, $size:literal;)*) => {$(
        impl Element for $rust {
            const TYPE: ElementType = ElementType::$element;
            type Bytes = [u8; $size];
            fn from_le(bytes: [u8; $size]) -> $rust {
                <$rust>::from_le_bytes(bytes)
            }
            fn to_le(self) -> [u8; $size] {
                self.to_le_bytes()
            }
        }
    )*};
}

elements! {
    u8, U8, 1; i8, I8, 1; u16, U16, 2; i16, I16, 2; f16, F16, 2; bf16, BF16, 2;
    u32, U32, 4; i32, I32, 4; f32, F32, 4; u64, U64, 8; i64, I64, 8; f64, F64, 8;
}

impl Element for bool {
    const TYPE: ElementType = ElementType::Bool;
    type Bytes = [u8; 1];
    fn from_le([byte]: [u8; 1]) -> bool {
        byte != 0
    }
    fn to_le(self) -> [u8; 1] {
        [u8::from(self)]
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
            let (got, element) = (bytes.len(), element.name());
            return Err(Error::new(format!("array '{name}': expected {shape:?} of {element}, got {got} bytes")));
        }
        Ok(Array { name, shape: shape.to_vec(), element, bytes })
    }

    /// A copy of an array of `ndarray`.
    pub fn of<T: Element>(name: impl Into<String>, values: &ArrayViewD<'_, T>) -> Array<'static> {
        let mut bytes = Vec::with_capacity(values.len() * T::TYPE.size());
        values.iter().for_each(|&value| bytes.extend_from_slice(value.to_le().as_ref()));
        Array { name: name.into(), shape: values.shape().to_vec(), element: T::TYPE, bytes: bytes.into() }
    }

    /// A copy as an array of `ndarray`.
    ///
    /// # Errors
    /// Where the elements are of another type.
    pub fn to<T: Element>(&self) -> Result<ArrayD<T>> {
        if self.element != T::TYPE {
            let (expected, got) = (T::TYPE.name(), self.element.name());
            return Err(Error::data(format!("array '{}': expected {expected}, got {got}", self.name)));
        }
        let values = self.values().collect();
        ArrayD::from_shape_vec(IxDyn(&self.shape), values)
            .map_err(|error| Error::new(format!("array '{}': {error}", self.name)))
    }

    /// The elements, of the array's own type, row-major.
    pub(crate) fn values<T: Element>(&self) -> impl Iterator<Item = T> {
        // A chunk always has the right length.
        self.bytes.chunks_exact(T::TYPE.size()).filter_map(|chunk| T::Bytes::try_from(chunk).ok().map(T::from_le))
    }

    /// The same array with bytes of its own.
    pub fn into_owned(self) -> Array<'static> {
        Array { bytes: self.bytes.into_owned().into(), ..self }
    }
}

/// Bytes of an array, `None` where they cannot be counted.
pub(crate) fn byte_count(shape: &[usize], size: usize) -> Option<usize> {
    // A zero anywhere makes the array empty, whatever the others multiply to.
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(size, |product, &extent| product.checked_mul(extent))
}

/// Big-endian elements of `size` bytes as little-endian ones.
pub(crate) fn swapped(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    bytes
}
