//! The product over axes.

use crate::ops::{cumprod, reshape, transpose};
use crate::shape::Shape;

reduction! {
    Prod, prod, "prod", "`y = ∏ x` over some axes; 1 over nothing.", crate::op::Reduce::Prod, over_nothing: true,
    gradient: |x, y, dy, axes| dy * product_of_others(x, axes)?
}

/// At each element, the product of the others along `axes`, right also where some are 0: what comes before times
/// what comes after.
fn product_of_others(x: &Tensor, axes: &[usize]) -> Result<Tensor> {
    let kept = (0..x.shape().rank()).filter(|axis| !axes.contains(axis));
    let order: Vec<usize> = kept.chain(axes.iter().copied()).collect();
    let moved = transpose(x, &order)?;
    let count: usize = axes.iter().map(|&axis| x.shape()[axis]).product();
    let rows: usize = moved.shape()[..order.len() - axes.len()].iter().product();
    let lines = reshape(&moved, &Shape::new(&[rows, count]))?;
    let others = cumprod(&lines, 1, false, true)? * cumprod(&lines, 1, true, true)?;
    let mut back = vec![0; order.len()];
    order.iter().enumerate().for_each(|(to, &from)| back[from] = to);
    transpose(&reshape(&others, moved.shape())?, &back)
}
