//! The cosine.

unary! {
    Cos, cos, "cos", "`y = cos x` at each element, `x` in radians.", crate::op::Unary::Cos,
    takes: Floats, out: None, ranges: [-3.0..3.0], smooth: true,
    gradient: |x, y, dy| Some(-(dy * crate::ops::sin(x)?))
}
