//! The largest along axes.

reduction! {
    Max, max, "max", "`y = max x` over some axes; equals share the gradient. NaN wins.", crate::op::Reduce::Max,
    over_nothing: false,
    gradient: |x, y, dy, axes| shared_among_equals(x, y, dy, axes)?
}

/// `dy / n` at the `n` places along `axes` where `x = y`, 0 elsewhere.
pub(crate) fn shared_among_equals(x: &Tensor, y: &Tensor, dy: &Tensor, axes: &[usize]) -> Result<Tensor> {
    let hit = crate::ops::equal(x, y)?;
    let hits = crate::ops::sum(&crate::ops::cast(&hit, x.dtype())?, axes, true)?;
    crate::ops::mask(&hit, &(dy / hits))
}
