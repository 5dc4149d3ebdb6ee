//! The sine.

unary! {
    Sin, sin, "sin", "`y = sin x` at each element, `x` in radians.", crate::op::Unary::Sin,
    takes: Floats, out: None, ranges: [-3.0..3.0], smooth: true,
    gradient: |x, y, dy| Some(dy * crate::ops::cos(x)?)
}
