//! Rounding down.

unary! {
    Floor, floor, "floor", "`y = ⌊x⌋` at each element, no gradient.", crate::op::Unary::Floor,
    takes: Numbers, out: None, ranges: [-1.9..-1.1, 0.1..0.9], smooth: false,
    gradient: |x, y, dy| None
}
