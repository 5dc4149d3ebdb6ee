//! The negation.

unary! {
    LogicalNot, logical_not, "logicalNot", "`y` is true where `x` is false.", crate::op::Unary::Not,
    takes: Bools, out: None, ranges: [-2.0..2.0], smooth: false,
    gradient: |x, y, dy| None
}
