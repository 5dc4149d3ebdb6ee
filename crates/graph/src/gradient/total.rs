//! The gradients that arrive at one tensor as one: those of its parts laid side by side, the others added up.

use crate::error::Result;
use crate::ops::{self, Padding};
use crate::tensor::{Source, Tensor};

/// The sum of `arrived`, at least one, in that order. Where parts of a tensor were read, each hands back a gradient among
/// zeros: instead of adding these up they are put together.
pub(super) fn total(arrived: Vec<Tensor>) -> Result<Tensor> {
    let mut terms = if arrived.len() > 2 { joined(arrived)? } else { arrived }.into_iter();
    let first = terms.next().expect("a gradient that arrived");
    terms.try_fold(first, |sum, term| ops::add(&sum, &term))
}

/// A gradient that is 0 but for a range of one axis.
struct Part {
    axis: usize,
    low: usize,
    inside: Tensor,
}

impl Part {
    fn of(gradient: &Tensor) -> Option<Part> {
        let (Source::Op(op), inputs) = gradient.source() else { return None };
        let padding = op.placing()?;
        let nothing = Padding { low: 0, high: 0, between: 0 };
        let mut axes = (0..padding.len()).filter(|&axis| padding[axis] != nothing);
        let (axis, None) = (axes.next()?, axes.next()) else { return None };
        let Padding { low, between, .. } = padding[axis];
        (between == 0).then(|| Part { axis, low, inside: inputs[0].clone() })
    }

    fn end(&self) -> usize {
        self.low + self.inside.shape()[self.axis]
    }
}

/// The parts along the axis of the first of them as one, in its place; all as they came where that does not help.
fn joined(arrived: Vec<Tensor>) -> Result<Vec<Tensor>> {
    let all: Vec<Option<Part>> = arrived.iter().map(Part::of).collect();
    let Some(axis) = all.iter().flatten().map(|part| part.axis).next() else { return Ok(arrived) };
    let is_part = |part: &Option<Part>| part.as_ref().is_some_and(|part| part.axis == axis);
    let mut parts: Vec<&Part> = all.iter().flatten().filter(|part| part.axis == axis).collect();
    parts.sort_by_key(|part| part.low);
    if parts.len() < 2 || parts.windows(2).any(|pair| pair[0].end() > pair[1].low) {
        return Ok(arrived);
    }
    let whole = side_by_side(&parts, axis, arrived[0].shape()[axis])?;
    let place = all.iter().position(is_part).expect("one of several");
    let terms = arrived.into_iter().zip(&all).enumerate();
    let kept = terms.filter(|(at, (_, part))| *at == place || !is_part(part));
    Ok(kept.map(|(at, (term, _))| if at == place { whole.clone() } else { term }).collect())
}

/// `extent` along `axis`, 0 where there is no part.
fn side_by_side(parts: &[&Part], axis: usize, extent: usize) -> Result<Tensor> {
    let like = &parts[0].inside;
    let gap = |size: usize| {
        let mut shape = like.shape().to_vec();
        shape[axis] = size;
        Tensor::fill(crate::shape::Shape::new(&shape), like.dtype(), 0.0)
    };
    let (mut pieces, mut end) = (Vec::new(), 0);
    for part in parts {
        if part.low > end {
            pieces.push(gap(part.low - end));
        }
        pieces.push(part.inside.clone());
        end = part.end();
    }
    if extent > end {
        pieces.push(gap(extent - end));
    }
    ops::concatenate(&pieces.iter().collect::<Vec<_>>(), axis as i64)
}
