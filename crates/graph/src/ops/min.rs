//! The smallest along axes.

reduction! {
    Min, min, "min", "`y = min x` over some axes; equals share the gradient. NaN wins.", crate::op::Reduce::Min,
    over_nothing: false,
    gradient: |x, y, dy, axes| crate::ops::max::shared_among_equals(x, y, dy, axes)?
}
