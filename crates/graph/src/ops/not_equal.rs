//! The comparison `≠`.

binary! {
    NotEqual, not_equal, "notEqual", "`y` is true where `a ≠ b`, with broadcasting.", crate::op::Binary::Ne,
    takes: Anything, out: Some(crate::DType::Bool), ranges: (-2.0..2.0, -2.0..2.0), smooth: false,
    gradient: |a, b, y, dy| (None, None)
}
