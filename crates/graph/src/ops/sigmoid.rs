//! The logistic function.

unary! {
    Sigmoid, sigmoid, "sigmoid", "`y = 1 / (1 + e⁻ˣ)` at each element.", crate::op::Unary::Sigmoid,
    takes: Floats, out: None, ranges: [-4.0..4.0], smooth: true,
    gradient: |x, y, dy| Some(dy * (y * (-y + 1.0)))
}
