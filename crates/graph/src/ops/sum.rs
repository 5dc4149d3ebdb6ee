//! The sum over axes, and the mean made of it.

reduction! {
    Sum, sum, "sum", "`y = Σ x` over some axes; 0 over nothing.", crate::op::Reduce::Sum, over_nothing: true,
    gradient: |x, y, dy, axes| crate::ops::broadcast_to(dy, x.shape())?
}

/// `Σ x / n` over the `n` elements along `axes`; NaN over nothing.
///
/// # Errors
/// As [`sum`], and `ERR_DTYPE` for other than floats.
pub fn mean(x: &Tensor, axes: &[usize], keepdims: bool) -> Result<Tensor> {
    Takes::Floats.check("mean", x.spec())?;
    let count: usize = axes.iter().filter_map(|&axis| x.shape().get(axis)).product();
    Ok(sum(x, axes, keepdims)? * (1.0 / count as f64))
}
