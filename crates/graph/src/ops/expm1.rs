//! The exponential less 1.

unary! {
    Expm1, expm1, "expm1", "`y = eˣ − 1` at each element, exact near 0.", crate::op::Unary::Expm1,
    takes: Floats, out: None, ranges: [-2.0..2.0], smooth: true,
    gradient: |x, y, dy| Some(dy * (y + 1.0))
}
