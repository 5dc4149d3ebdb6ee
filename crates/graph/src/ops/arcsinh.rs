//! The inverse of the hyperbolic sine.

unary! {
    Arcsinh, arcsinh, "arcsinh", "`y = ln(x + √(x² + 1))` at each element: like `ln |2x|` far from 0, with `x`'s sign.", crate::op::Unary::Arcsinh,
    takes: Floats, out: None, ranges: [-3.0..3.0], smooth: true,
    gradient: |x, y, dy| Some(dy * crate::ops::rsqrt(&(crate::ops::square(x)? + 1.0))?)
}
