//! Multiplication.

binary! {
    Multiply, mul, "multiply", "`y = a · b` at each element, with broadcasting.", crate::op::Binary::Mul,
    takes: Numbers, out: None, ranges: (-2.0..2.0, -2.0..2.0), smooth: true,
    gradient: |a, b, y, dy| (Some(dy * b), Some(dy * a))
}
