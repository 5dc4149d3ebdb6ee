//! The test for NaN.

unary! {
    IsNan, is_nan, "isNan", "`y` is true where `x` is NaN.", crate::op::Unary::IsNan,
    takes: Numbers, out: Some(crate::DType::Bool), ranges: [-2.0..2.0], smooth: false,
    gradient: |x, y, dy| None
}
