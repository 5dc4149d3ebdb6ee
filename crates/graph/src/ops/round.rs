//! Rounding to the nearest integer.

unary! {
    Round, round, "round", "`y` is the integer nearest to `x`, the even one where two are as near; no gradient.", crate::op::Unary::Round,
    takes: Numbers, out: None, ranges: [-1.4..-0.6, 2.6..3.4], smooth: false,
    gradient: |x, y, dy| None
}
