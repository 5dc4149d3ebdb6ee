//! The disjunction.

binary! {
    LogicalOr, logical_or, "logicalOr", "`y` is true where `a` or `b` is, with broadcasting.", crate::op::Binary::Or,
    takes: Bools, out: None, ranges: (-2.0..2.0, -2.0..2.0), smooth: false,
    gradient: |a, b, y, dy| (None, None)
}
