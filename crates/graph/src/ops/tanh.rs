//! The hyperbolic tangent.

unary! {
    Tanh, tanh, "tanh", "`y = tanh x` at each element.", crate::op::Unary::Tanh,
    takes: Floats, out: None, ranges: [-2.0..2.0], smooth: true,
    gradient: |x, y, dy| Some(dy * (-(y * y) + 1.0))
}
