//! The conjunction.

binary! {
    LogicalAnd, logical_and, "logicalAnd", "`y` is true where both `a` and `b` are, with broadcasting.", crate::op::Binary::And,
    takes: Bools, out: None, ranges: (-2.0..2.0, -2.0..2.0), smooth: false,
    gradient: |a, b, y, dy| (None, None)
}
