//! Angles of points.

binary! {
    Arctan2, arctan2, "arctan2",
    "`y = atan2(a, b)`, the angle of the point (b, a) in (−π, π], with broadcasting; its gradient at (0, 0) is 0.",
    crate::op::Binary::Arctan2,
    takes: Floats, out: None, ranges: (0.3..2.0, -2.0..2.0), smooth: true,
    gradient: |a, b, y, dy| (Some(b * share(a, b, dy)?), Some(-(a * share(a, b, dy)?)))
}

/// `dy / (a² + b²)`, and `dy` at (0, 0).
fn share(a: &Tensor, b: &Tensor, dy: &Tensor) -> Result<Tensor> {
    let square = &(a * a + b * b);
    let apart = crate::ops::greater(square, &Tensor::scalar(a.dtype(), 0.0))?;
    Ok(dy / crate::ops::select(&apart, square, &Tensor::scalar(a.dtype(), 1.0))?)
}
