//! The test for numbers.

unary! {
    IsFinite, is_finite, "isFinite", "`y` is true where `x` is neither infinite nor NaN.", crate::op::Unary::IsFinite,
    takes: Numbers, out: Some(crate::DType::Bool), ranges: [-2.0..2.0], smooth: false,
    gradient: |x, y, dy| None
}
