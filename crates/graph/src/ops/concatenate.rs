//! Tensors one after the other.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
};
use crate::ops::kernel::kernel;
use crate::ops::slice;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::copy::StridedCopy;
use smallvec::smallvec;
use std::sync::Arc;

/// `y` is the inputs one after the other along `axis`.
#[derive(Clone, Copy, Debug)]
pub struct Concatenate {
    /// The axis, negative ones counted from the end.
    pub axis: i64,
}

/// `parts` one after the other along `axis`; the only one itself.
///
/// # Errors
/// `ERR_SHAPE` where another axis differs or there are no parts, `ERR_DTYPE` where the dtypes differ.
pub fn concatenate(parts: &[&Tensor], axis: i64) -> Result<Tensor> {
    match parts {
        [only] => Ok((*only).clone()),
        _ => Tensor::apply(Concatenate { axis }, parts),
    }
}

fn check(first: &Spec, other: &Spec, axis: usize) -> Result<()> {
    let without = |shape: &Shape| shape.reduced(&[axis], true);
    if first.shape.rank() != other.shape.rank() || without(&first.shape) != without(&other.shape) {
        let (a, b) = (&first.shape, &other.shape);
        return Err(Error::shape(format!("concatenate: {a} and {b} differ outside axis {axis}")));
    }
    if first.dtype != other.dtype {
        return Err(Error::dtype(format!("concatenate: expected tensors of one dtype, got {first} and {other}")));
    }
    Ok(())
}

/// One copy per input into its columns of `to`, both read as rows of all that is inside `axis`.
fn copies(inputs: &[Spec], to: &Shape, axis: usize) -> Vec<StridedCopy> {
    let outer: usize = to[..axis].iter().product();
    let width = |shape: &Shape| shape[axis..].iter().product::<usize>();
    let mut column = 0;
    let mut copy = |input: &Spec| {
        let (own, all) = (width(&input.shape), width(to));
        let (from, into) = ([own as isize, 1], [all as isize, 1]);
        let copy = StridedCopy::new(&[outer, own], (&from, 0, outer * own), (&into, column, outer * all));
        column += own;
        copy.expect("the parts lie side by side in the result")
    };
    inputs.iter().map(&mut copy).collect()
}

impl Op for Concatenate {
    fn name(&self) -> &'static str {
        "concatenate"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![self.axis as f64]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let first = inputs.first().ok_or_else(|| Error::shape("concatenate: expected at least one tensor"))?;
        let axis = first.shape.axis("concatenate", self.axis)?;
        inputs.iter().try_for_each(|other| check(first, other, axis))?;
        let mut sizes = first.shape.to_vec();
        sizes[axis] = inputs.iter().map(|input| input.shape[axis]).sum();
        if Shape::checked_size(&sizes).is_none() {
            return Err(Error::shape(format!("concatenate: the result {sizes:?} is too large")));
        }
        Ok(smallvec![Spec::new(Shape::new(&sizes), first.dtype)])
    }

    fn lower(&self, inputs: &[Spec], outputs: &[Spec]) -> Lowering {
        let axis = outputs[0].shape.axis("concatenate", self.axis).expect("checked by infer");
        let copies = copies(inputs, &outputs[0].shape, axis);
        for_element!(outputs[0].dtype, T => kernel("concatenate", move |io| {
            let y = io.output::<T>(0);
            copies.iter().enumerate().for_each(|(i, copy)| copy.run(io.threads(), io.input::<T>(i), y));
            Ok(())
        }))
    }

    fn rows_apart(&self, rank: usize) -> bool {
        self.axis != 0 && self.axis != -(rank as i64)
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let dy = node.dy();
        let axis = dy.shape().axis("concatenate", self.axis)?;
        let step = vec![1; dy.shape().rank()];
        let mut start = vec![0; dy.shape().rank()];
        let mut part = |(input, &needed): (&Tensor, &bool)| {
            let grad = needed.then(|| slice(dy, &start, input.shape(), &step)).transpose();
            start[axis] += input.shape()[axis];
            grad
        };
        node.inputs.iter().zip(node.needs).map(&mut part).collect()
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "concatenate",
    doc: "`y` is the inputs one after the other along `axis`.",
    inputs: Inputs::List,
    outputs: 1,
    attributes: &[Attribute { name: "axis", kind: AttributeKind::Int, doc: "The axis, negative from the end." }],
    read: |reader| Ok(Arc::new(Concatenate { axis: reader.int()? })),
    examples: || {
        let case = |axis, shapes: &[&[usize]]| Example {
            op: Arc::new(Concatenate { axis }),
            inputs: shapes.iter().map(|shape| ExampleInput::float(shape, -2.0..2.0)).collect(),
            smooth: true,
        };
        vec![
            case(0, &[&[2], &[3], &[0], &[1]]),
            case(1, &[&[3, 2], &[3, 5]]),
            case(-2, &[&[2, 1, 3], &[2, 4, 3], &[2, 1, 3]]),
            case(0, &[&[7, 2]]),
        ]
    },
};
