//! The exponential.

unary! {
    Exp, exp, "exp", "`y = eˣ` at each element.", crate::op::Unary::Exp,
    takes: Floats, out: None, ranges: [-2.0..2.0], smooth: true,
    gradient: |x, y, dy| Some(dy * y)
}
