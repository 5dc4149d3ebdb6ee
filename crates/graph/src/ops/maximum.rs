//! The larger of two.

binary! {
    Maximum, maximum, "maximum", "`y = max(a, b)` at each element, with broadcasting; of equals, `a` gets the gradient. NaN wins.", crate::op::Binary::Max,
    takes: Numbers, out: None, ranges: (-2.0..2.0, -2.0..2.0), smooth: true,
    gradient: |a, b, y, dy| (Some(crate::ops::mask(&crate::ops::greater_equal(a, b)?, dy)?), Some(crate::ops::mask(&crate::ops::less(a, b)?, dy)?))
}
