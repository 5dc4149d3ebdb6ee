//! The sign.

unary! {
    Sign, sign, "sign", "`y` is −1, 0 or 1, as `x` is negative, zero or positive; NaN stays NaN.", crate::op::Unary::Sign,
    takes: Numbers, out: None, ranges: [-2.0..-0.1, 0.1..2.0], smooth: false,
    gradient: |x, y, dy| None
}
