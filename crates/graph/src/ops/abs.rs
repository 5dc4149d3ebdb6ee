//! The absolute value.

unary! {
    Abs, abs, "abs", "`y = |x|` at each element; the gradient at 0 is 0.", crate::op::Unary::Abs,
    takes: Numbers, out: None, ranges: [-2.0..-0.1, 0.1..2.0], smooth: true,
    gradient: |x, y, dy| Some(dy * crate::ops::sign(x)?)
}
