//! The ramp.

unary! {
    Relu, relu, "relu", "`y = max(x, 0)` at each element; the gradient at 0 is 0.", crate::op::Unary::Relu,
    takes: Numbers, out: None, ranges: [-2.0..-0.1, 0.1..2.0], smooth: true,
    gradient: |x, y, dy| Some(crate::ops::mask(&crate::ops::greater(y, &Tensor::scalar(y.dtype(), 0.0))?, dy)?)
}
