//! The power.

binary! {
    Power, power, "power", "`y = aᵇ` at each element, with broadcasting; `∂y/∂b` is 0 where `a ≤ 0`.",
    crate::op::Binary::Pow,
    takes: Numbers, out: None, ranges: (0.4..2.0, -2.0..3.0), smooth: true,
    gradient: |a, b, y, dy| (Some(dy * b * power_less_one(a, b)?), Some(dy * y * safe_log(a)?))
}

/// `aᵇ⁻¹`, and 1 where `b = 0`: the factor `b` makes the gradient 0 there, also at `a = 0`.
fn power_less_one(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let constant = crate::ops::equal(b, &Tensor::scalar(b.dtype(), 0.0))?;
    power(a, &crate::ops::select(&constant, &Tensor::scalar(b.dtype(), 0.0), &(b - 1.0))?)
}

/// `ln a`, and 0 where `a ≤ 0`.
fn safe_log(a: &Tensor) -> Result<Tensor> {
    let positive = crate::ops::greater(a, &Tensor::scalar(a.dtype(), 0.0))?;
    crate::ops::log(&crate::ops::select(&positive, a, &Tensor::scalar(a.dtype(), 1.0))?)
}
