//! The comparison `≤`.

binary! {
    LessEqual, less_equal, "lessEqual", "`y` is true where `a ≤ b`, with broadcasting.", crate::op::Binary::Le,
    takes: Anything, out: Some(crate::DType::Bool), ranges: (-2.0..2.0, -2.0..2.0), smooth: false,
    gradient: |a, b, y, dy| (None, None)
}
