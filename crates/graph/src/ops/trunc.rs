//! Rounding towards zero.

unary! {
    Trunc, trunc, "trunc", "`y` is `x` without its fraction, no gradient.", crate::op::Unary::Trunc,
    takes: Numbers, out: None, ranges: [-1.9..-1.1, 0.1..0.9], smooth: false,
    gradient: |x, y, dy| None
}
