//! The reciprocal of the square root.

unary! {
    Rsqrt, rsqrt, "rsqrt", "`y = 1 / √x` at each element.", crate::op::Unary::Rsqrt,
    takes: Floats, out: None, ranges: [0.3..3.0], smooth: true,
    gradient: |x, y, dy| Some(dy * y * y * y * -0.5)
}
