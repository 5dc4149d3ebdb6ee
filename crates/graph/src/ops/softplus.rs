//! The smooth ramp.

unary! {
    Softplus, softplus, "softplus", "`y = ln(1 + eˣ)` at each element, without overflow.", crate::op::Unary::Softplus,
    takes: Floats, out: None, ranges: [-4.0..4.0], smooth: true,
    gradient: |x, y, dy| Some(dy * crate::ops::sigmoid(x)?)
}
