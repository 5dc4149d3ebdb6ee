//! Loops that keep little for their way back: the carries between segments of some steps. The way back walks each segment
//! once more before it goes back through it, so that what it reads of the steps is there for one segment at a time.

use super::{Course, Scanned, Step, check, drawn, scan};
use crate::error::{Error, Result};
use crate::ops::{concatenate, reshape, slice};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;

/// [`scan`] in segments of `steps`: a loop over segments, whose step is the loop over the steps of one.
///
/// For a length T memory of the way back is that of `T / steps` carries and of `steps` steps, about `2√T` at the best. Numbers
/// are those of [`scan`], but for the order in which the gradients of constants add up over the steps.
///
/// # Errors
/// As [`scan`]; `ERR_CONFIG` for segments of no steps.
pub fn scan_in_segments(
    step: &Step<'_>,
    init: &[Tensor],
    sequences: &[Tensor],
    course: Course,
    steps: usize,
) -> Result<Scanned> {
    check(step, init, sequences, course)?;
    let Course { length, reverse } = course;
    let Some(segments) = length.checked_div(steps) else {
        return Err(Error::config("scan checkpoint: expected segments of at least 1 step, got 0"));
    };
    if segments < 2 {
        return scan(step, init, sequences, course);
    }
    // What is left is walked at the end.
    let rest = length % steps;
    let (whole, left) = if reverse { (rest..length, 0..rest) } else { (0..length - rest, length - rest..length) };
    let part = |all: &Tensor, places: &std::ops::Range<usize>| rows(all, places.start, places.len());
    let cut = |all: &Tensor| in_segments(&part(all, &whole)?, segments, steps);
    let first = outer(step, init, &sequences.iter().map(cut).collect::<Result<Vec<_>>>()?, (segments, steps), reverse)?;
    if rest == 0 {
        return Ok(first);
    }
    let sequences = sequences.iter().map(|all| part(all, &left)).collect::<Result<Vec<_>>>()?;
    let last = scan(step, &first.carries, &sequences, Course { length: rest, reverse })?;
    let join = |(first, last): (&Tensor, &Tensor)| concatenate(&if reverse { [last, first] } else { [first, last] }, 0);
    let outputs = first.outputs.iter().zip(&last.outputs).map(join).collect::<Result<_>>()?;
    Ok(Scanned { carries: last.carries, outputs })
}

/// The loop over segments, (segments, steps, …) of each sequence.
fn outer(
    step: &Step<'_>,
    init: &[Tensor],
    sequences: &[Tensor],
    (segments, steps): (usize, usize),
    reverse: bool,
) -> Result<Scanned> {
    let carries: Vec<Tensor> = init.iter().map(|carry| Tensor::placeholder(carry.spec().clone())).collect();
    let row = |all: &Tensor| Tensor::placeholder(Spec::new(Shape::new(&all.shape()[1..]), all.dtype()));
    let rows: Vec<Tensor> = sequences.iter().map(row).collect();
    let segment = scan(step, &carries, &rows, Course { length: steps, reverse })?;
    let step = Step { carries: &carries, rows: &rows, next: &segment.carries, outputs: &segment.outputs };
    let Scanned { carries, outputs } =
        drawn(&step, init, sequences, Course { length: segments, reverse }, Some(steps))?;
    let flat = |all: &Tensor| reshape(all, &joined(segments * steps, &all.shape()[2..]));
    Ok(Scanned { carries, outputs: outputs.iter().map(flat).collect::<Result<_>>()? })
}

/// (length, …) → (segments, steps, …)
fn in_segments(all: &Tensor, segments: usize, steps: usize) -> Result<Tensor> {
    reshape(all, &joined(segments, &joined(steps, &all.shape()[1..])))
}

fn joined(first: usize, rest: &[usize]) -> Shape {
    std::iter::once(first).chain(rest.iter().copied()).collect()
}

/// `count` rows from `first` on.
fn rows(all: &Tensor, first: usize, count: usize) -> Result<Tensor> {
    if count == all.shape()[0] {
        return Ok(all.clone());
    }
    let (mut start, mut size) = (vec![0; all.shape().rank()], all.shape().to_vec());
    (start[0], size[0]) = (first, count);
    slice(all, &start, &size, &vec![1; size.len()])
}
