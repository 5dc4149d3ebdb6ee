//! The reciprocal.

unary! {
    Reciprocal, reciprocal, "reciprocal", "`y = 1 / x` at each element.", crate::op::Unary::Recip,
    takes: Floats, out: None, ranges: [-3.0..-0.4, 0.4..3.0], smooth: true,
    gradient: |x, y, dy| Some(-(dy * y * y))
}
