//! A part of a tensor, with steps.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
    View, encode_list,
};
use crate::ops::{Padding, pad};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use smallvec::smallvec;
use std::sync::Arc;

/// `y[j] = x[start + step·j]` along each axis, `size` of them.
#[derive(Clone, Debug)]
pub struct Slice {
    /// First index along each axis.
    pub start: Vec<usize>,
    /// How many along each axis.
    pub size: Vec<usize>,
    /// Step along each axis; negative reads backwards.
    pub step: Vec<isize>,
}

/// `size` elements from `start` by `step` along each axis; `x` itself where that is all of it.
///
/// # Errors
/// `ERR_SHAPE` where an index lies outside, `ERR_CONFIG` where a step is 0.
pub fn slice(x: &Tensor, start: &[usize], size: &[usize], step: &[isize]) -> Result<Tensor> {
    if **x.shape() == *size && step.iter().all(|&step| step == 1) && start.iter().all(|&start| start == 0) {
        return Ok(x.clone());
    }
    Tensor::apply(Slice { start: start.to_vec(), size: size.to_vec(), step: step.to_vec() }, &[x])
}

/// `x` backwards along `axes`.
///
/// # Errors
/// None where the axes are axes of `x`.
pub fn reverse(x: &Tensor, axes: &[usize]) -> Result<Tensor> {
    let goes = |axis: usize| axes.contains(&axis) && x.shape()[axis] > 0;
    let all = 0..x.shape().rank();
    let start: Vec<usize> = all.clone().map(|axis| if goes(axis) { x.shape()[axis] - 1 } else { 0 }).collect();
    let step: Vec<isize> = all.map(|axis| if goes(axis) { -1 } else { 1 }).collect();
    slice(x, &start, x.shape(), &step)
}

impl Slice {
    fn check_axis(&self, axis: usize, extent: usize) -> Result<()> {
        let (start, size, step) = (self.start[axis], self.size[axis], self.step[axis]);
        if step == 0 {
            return Err(Error::config(format!("slice: expected a step other than 0 along axis {axis}")));
        }
        let last = start as i128 + step as i128 * (size as i128 - 1);
        let inside = if size == 0 { start <= extent } else { start < extent && (0..extent as i128).contains(&last) };
        if inside {
            return Ok(());
        }
        let what = format!("{size} elements from {start} by {step}");
        Err(Error::shape(format!("slice: {what} are not inside axis {axis} of size {extent}")))
    }
}

impl Op for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn attributes(&self) -> Vec<f64> {
        let mut out = Vec::new();
        encode_list(&mut out, &self.start, |start| start as f64);
        encode_list(&mut out, &self.size, |size| size as f64);
        encode_list(&mut out, &self.step, |step| step as f64);
        out
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let shape = &inputs[0].shape;
        if [self.start.len(), self.size.len(), self.step.len()] != [shape.rank(); 3] {
            return Err(Error::shape(format!("slice: expected a start, size and step for each axis of {shape}")));
        }
        shape.iter().enumerate().try_for_each(|(axis, &extent)| self.check_axis(axis, extent))?;
        Ok(smallvec![Spec::new(Shape::new(&self.size), inputs[0].dtype)])
    }

    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::View(View::Slice { start: self.start.clone(), step: self.step.clone() })
    }

    /// `dy` at the places that were read, 0 elsewhere; axes that were read backwards are turned round first.
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let backwards: Vec<usize> = (0..self.step.len()).filter(|&axis| self.step[axis] < 0).collect();
        let dy = if backwards.is_empty() { node.dy().clone() } else { reverse(node.dy(), &backwards)? };
        let axes = node.inputs[0].shape().iter().enumerate();
        let padding = axes.map(|(axis, &extent)| self.padding(axis, extent)).collect::<Vec<_>>();
        Ok(smallvec![Some(pad(&dy, &padding, 0.0)?)])
    }
}

impl Slice {
    /// What surrounds the elements that were read along `axis`.
    fn padding(&self, axis: usize, extent: usize) -> Padding {
        let (size, stride) = (self.size[axis], self.step[axis].unsigned_abs());
        let span = size.saturating_sub(1) * stride;
        let low = if self.step[axis] < 0 && size > 0 { self.start[axis] - span } else { self.start[axis] };
        let covered = if size == 0 { 0 } else { span + 1 };
        Padding { low, high: extent - low - covered, between: stride - 1 }
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "slice",
    doc: "`y[j] = x[start + step·j]` along each axis, `size` of them.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &[
        Attribute { name: "start", kind: AttributeKind::Ints, doc: "First index along each axis." },
        Attribute { name: "size", kind: AttributeKind::Ints, doc: "How many along each axis." },
        Attribute { name: "step", kind: AttributeKind::Ints, doc: "Step along each axis; negative reads backwards." },
    ],
    read: |reader| {
        let (start, size) = (reader.sizes()?, reader.sizes()?);
        Ok(Arc::new(Slice { start, size, step: reader.ints()?.into_iter().map(|step| step as isize).collect() }))
    },
    examples: || {
        let case = |shape: &[usize], start: &[usize], size: &[usize], step: &[isize]| Example {
            op: Arc::new(Slice { start: start.to_vec(), size: size.to_vec(), step: step.to_vec() }),
            inputs: vec![ExampleInput::float(shape, -2.0..2.0)],
            smooth: true,
        };
        vec![
            case(&[7], &[2], &[3], &[1]),
            case(&[7], &[1], &[3], &[2]),
            case(&[7], &[6], &[7], &[-1]),
            case(&[7], &[5], &[2], &[-3]),
            case(&[3, 5], &[1, 0], &[2, 5], &[1, 1]),
            case(&[2, 3, 4], &[1, 2, 3], &[2, 1, 2], &[-1, 1, -2]),
            case(&[3, 4], &[2, 4], &[1, 0], &[1, 1]),
            case(&[], &[], &[], &[]),
        ]
    },
};
