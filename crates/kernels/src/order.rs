//! The order of elements: NaN after everything.

use crate::element::Element;
use std::cmp::Ordering;

/// Ascending; NaN is after everything and equal to itself, −0 equal to 0.
#[inline(always)]
pub(crate) fn ascending<T: Element>(a: T, b: T) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)))
}

/// Descending; NaN is still after everything.
#[inline(always)]
pub(crate) fn descending<T: Element>(a: T, b: T) -> Ordering {
    b.partial_cmp(&a).unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)))
}

/// True for a value that does not compare with itself.
#[inline(always)]
pub(crate) fn is_nan<T: Element>(value: T) -> bool {
    value.partial_cmp(&value).is_none()
}
