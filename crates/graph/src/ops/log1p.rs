//! The natural logarithm of 1 + x.

unary! {
    Log1p, log1p, "log1p", "`y = ln(1 + x)` at each element, exact near 0.", crate::op::Unary::Log1p,
    takes: Floats, out: None, ranges: [-0.6..2.0], smooth: true,
    gradient: |x, y, dy| Some(dy / (x + 1.0))
}
