//! The elements of [`DType::Bool`](super::DType::Bool).

/// A truth value in a byte: 0 or 1. Any other byte may lie in memory that nobody has written yet; it is no `bool`, which
/// must never be one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Truth(u8);

impl Truth {
    /// 0 or 1.
    #[inline(always)]
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// That of a byte whose other bits are 0.
    #[inline(always)]
    pub(crate) const fn of_bit(bit: u8) -> Truth {
        Truth(bit)
    }
}

impl From<bool> for Truth {
    #[inline(always)]
    fn from(value: bool) -> Truth {
        Truth(u8::from(value))
    }
}

impl From<Truth> for bool {
    #[inline(always)]
    fn from(value: Truth) -> bool {
        value.0 != 0
    }
}
