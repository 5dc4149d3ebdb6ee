//! The square root.

unary! {
    Sqrt, sqrt, "sqrt", "`y = √x` at each element.", crate::op::Unary::Sqrt,
    takes: Floats, out: None, ranges: [0.3..3.0], smooth: true,
    gradient: |x, y, dy| Some(dy / y * 0.5)
}
