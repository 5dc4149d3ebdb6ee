//! The smaller of two.

binary! {
    Minimum, minimum, "minimum", "`y = min(a, b)` at each element, with broadcasting; of equals, `a` gets the gradient. NaN wins.", crate::op::Binary::Min,
    takes: Numbers, out: None, ranges: (-2.0..2.0, -2.0..2.0), smooth: true,
    gradient: |a, b, y, dy| (Some(crate::ops::mask(&crate::ops::less_equal(a, b)?, dy)?), Some(crate::ops::mask(&crate::ops::greater(a, b)?, dy)?))
}
