//! Types that files have and programs do not: half precision and the other integers, as types that programs have.

use crate::array::{Array, Element, ElementType};
use crate::error::{Error, Result};
use half::{bf16, f16};

impl<'a> Array<'a> {
    /// As float32, float64, int32 or bool: half precision becomes float32 and integers become int32, none of them
    /// changed.
    ///
    /// # Errors
    /// Where an integer does not fit 32 bits.
    pub fn computable(self) -> Result<Array<'a>> {
        match self.element() {
            ElementType::F32 | ElementType::F64 | ElementType::I32 | ElementType::Bool => Ok(self),
            ElementType::F16 => self.map(|value: f16| Ok(value.to_f32())),
            ElementType::BF16 => self.map(|value: bf16| Ok(value.to_f32())),
            ElementType::U8 => self.map(|value: u8| Ok(i32::from(value))),
            ElementType::I8 => self.map(|value: i8| Ok(i32::from(value))),
            ElementType::U16 => self.map(|value: u16| Ok(i32::from(value))),
            ElementType::I16 => self.map(|value: i16| Ok(i32::from(value))),
            ElementType::U32 => self.map(narrow::<u32>),
            ElementType::U64 => self.map(narrow::<u64>),
            ElementType::I64 => self.map(narrow::<i64>),
        }
    }

    fn map<T: Element, R: Element>(&self, change: impl Fn(T) -> std::result::Result<R, String>) -> Result<Array<'a>> {
        let mut bytes = Vec::with_capacity(self.bytes().len() / T::TYPE.size() * R::TYPE.size());
        for value in self.values::<T>() {
            let changed = change(value).map_err(|got| self.refused::<T, R>(&got))?;
            bytes.extend_from_slice(changed.to_le().as_ref());
        }
        Array::new(&*self.name, self.shape(), R::TYPE, bytes)
    }

    fn refused<T: Element, R: Element>(&self, got: &str) -> Error {
        let (from, to) = (T::TYPE.name(), R::TYPE.name());
        Error::data(format!("array '{}': expected {from} that fits {to}, got {got}", self.name))
    }
}

fn narrow<T: Copy + TryInto<i32> + ToString>(value: T) -> std::result::Result<i32, String> {
    value.try_into().map_err(|_| value.to_string())
}
