//! The square.

unary! {
    Square, square, "square", "`y = x²` at each element.", crate::op::Unary::Square,
    takes: Numbers, out: None, ranges: [-2.0..2.0], smooth: true,
    gradient: |x, y, dy| Some(dy * x * 2.0)
}
