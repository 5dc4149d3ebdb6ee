//! Named arrays: what every format here reads and writes.

use crate::error::{Error, Result};
use half::{bf16, f16};
use ndarray::{ArrayD, ArrayView, CowArray, Dimension, IxDyn};
use std::borrow::Cow;
use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes};

/// Whether elements in memory are what files have.
const LITTLE_ENDIAN: bool = cfg!(target_endian = "little");

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
pub trait Element: Copy + TryFromBytes + IntoBytes + Immutable + KnownLayout {
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

/// A named array, row-major, on its way into a file or out of one.
///
/// It is an array of `ndarray` over the bytes that a file has, or will have: any type of elements, at any address, and
/// nothing copied. [`Array::of`] takes an array of elements, [`Array::view`] gives one.
#[derive(Clone, Debug, PartialEq)]
pub struct Array<'a> {
    /// Unique within its file.
    pub name: String,
    element: ElementType,
    /// Row-major; the last axis is the bytes of one element, little-endian.
    bytes: CowArray<'a, u8, IxDyn>,
}

/// The bytes of elements that lie otherwise, row-major.
fn copied<T: Element, D: Dimension>(values: &ArrayView<'_, T, D>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * T::TYPE.size());
    values.iter().for_each(|&value| bytes.extend_from_slice(value.to_le().as_ref()));
    bytes
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
        let (axes, got) = (IxDyn(&[shape, &[element.size()]].concat()), bytes.len());
        let array = match bytes {
            Cow::Borrowed(bytes) => ArrayView::from_shape(axes, bytes).map(CowArray::from),
            Cow::Owned(bytes) => ArrayD::from_shape_vec(axes, bytes).map(CowArray::from),
        };
        match array {
            Ok(bytes) if bytes.len() == got => Ok(Array { name, element, bytes }),
            _ => {
                let element = element.name();
                Err(Error::new(format!("array '{name}': expected {shape:?} of {element}, got {got} bytes")))
            }
        }
    }

    /// An array of elements: the same memory where they lie row-major, a copy where they do not.
    ///
    /// # Panics
    /// Never: an array has as many bytes as its shape asks for.
    pub fn of<T: Element, D: Dimension>(name: impl Into<String>, values: ArrayView<'a, T, D>) -> Array<'a> {
        let shape = values.shape().to_vec();
        let bytes = match values.to_slice().filter(|_| LITTLE_ENDIAN) {
            Some(values) => Cow::Borrowed(values.as_bytes()),
            None => copied(&values).into(),
        };
        Array::new(name, &shape, T::TYPE, bytes).expect("as many bytes as the shape asks for")
    }

    /// The elements: the same memory where they are aligned, a copy where they are not.
    ///
    /// # Errors
    /// Where they are of another type.
    pub fn view<T: Element>(&self) -> Result<CowArray<'_, T, IxDyn>> {
        if self.element != T::TYPE {
            let (expected, got) = (T::TYPE.name(), self.element.name());
            return Err(Error::data(format!("array '{}': expected {expected}, got {got}", self.name)));
        }
        let shape = IxDyn(self.shape());
        let array = match <[T]>::try_ref_from_bytes(self.bytes()).ok().filter(|_| LITTLE_ENDIAN) {
            Some(values) => ArrayView::from_shape(shape, values).map(CowArray::from),
            None => ArrayD::from_shape_vec(shape, self.values().collect()).map(CowArray::from),
        };
        array.map_err(|error| Error::new(format!("array '{}': {error}", self.name)))
    }

    /// Sizes of the axes.
    pub fn shape(&self) -> &[usize] {
        self.bytes.shape().split_last().map_or(&[], |(_, shape)| shape)
    }

    /// Type of the elements.
    pub fn element(&self) -> ElementType {
        self.element
    }

    /// The bytes of all elements.
    ///
    /// # Panics
    /// Never: they are row-major.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_slice().expect("row-major since it was made")
    }

    /// The bytes of all elements, copied where they are somebody else's.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes.into_owned().into_raw_vec_and_offset().0
    }

    /// The same array with bytes of its own.
    pub fn into_owned<'b>(self) -> Array<'b> {
        Array { name: self.name, element: self.element, bytes: self.bytes.into_owned().into() }
    }

    /// The elements, of the array's own type, row-major.
    pub(crate) fn values<T: Element>(&self) -> impl Iterator<Item = T> {
        // A chunk always has the right length.
        self.bytes().chunks_exact(T::TYPE.size()).filter_map(|chunk| T::Bytes::try_from(chunk).ok().map(T::from_le))
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
