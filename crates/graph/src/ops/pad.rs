//! A tensor with a constant around and between its elements.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
    encode_list,
};
use crate::ops::kernel::{FromNumber, kernel};
use crate::ops::slice;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::copy::{StridedCopy, fill};
use smallvec::smallvec;
use std::sync::Arc;

/// How many elements are put in along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Padding {
    /// Before the first.
    pub low: usize,
    /// After the last.
    pub high: usize,
    /// Between each two neighbours.
    pub between: usize,
}

/// `y` has the elements of `x`, `between` apart, after `low` and before `high` elements that are `value`.
#[derive(Clone, Debug)]
pub struct Pad {
    /// One per axis.
    pub padding: Vec<Padding>,
    /// What is put in.
    pub value: f64,
}

/// `x` with `value` around and between its elements; `x` itself where there is nothing to put in.
///
/// # Errors
/// `ERR_SHAPE` where there is not one padding per axis, or the result is too large.
pub fn pad(x: &Tensor, padding: &[Padding], value: f64) -> Result<Tensor> {
    let nothing = Padding { low: 0, high: 0, between: 0 };
    if padding.len() == x.shape().rank() && padding.iter().all(|&padding| padding == nothing) {
        return Ok(x.clone());
    }
    Tensor::apply(Pad { padding: padding.to_vec(), value }, &[x])
}

impl Padding {
    fn padded(&self, extent: usize) -> Option<usize> {
        let gaps = extent.saturating_sub(1).checked_mul(self.between)?;
        extent.checked_add(gaps)?.checked_add(self.low)?.checked_add(self.high)
    }
}

impl Pad {
    fn column(&self, pick: impl Fn(&Padding) -> usize) -> Vec<usize> {
        self.padding.iter().map(pick).collect()
    }

    fn padded(&self, shape: &Shape) -> Option<Shape> {
        let sizes = self.padding.iter().zip(shape.iter()).map(|(padding, &extent)| padding.padded(extent));
        let sizes = sizes.collect::<Option<Vec<_>>>()?;
        Shape::checked_size(&sizes).map(|_| Shape::new(&sizes))
    }

    /// The copy of `x` into its places in `y`.
    fn copy(&self, from: &Shape, to: &Shape) -> std::result::Result<StridedCopy, String> {
        let rows = to.strides();
        let steps = self.padding.iter().map(|padding| padding.between as isize + 1);
        let strides: Vec<isize> = rows.iter().zip(steps).map(|(row, step)| row * step).collect();
        let first: isize = rows.iter().zip(&self.padding).map(|(row, padding)| row * padding.low as isize).sum();
        StridedCopy::new(from, (&from.strides(), 0, from.size()), (&strides, first as usize, to.size()))
    }
}

impl Op for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn attributes(&self) -> Vec<f64> {
        let mut out = Vec::new();
        encode_list(&mut out, &self.column(|padding| padding.low), |n| n as f64);
        encode_list(&mut out, &self.column(|padding| padding.high), |n| n as f64);
        encode_list(&mut out, &self.column(|padding| padding.between), |n| n as f64);
        out.push(self.value);
        out
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let shape = &inputs[0].shape;
        if self.padding.len() != shape.rank() {
            let (rank, got) = (shape.rank(), self.padding.len());
            return Err(Error::shape(format!("pad: expected paddings for the {rank} axes of {shape}, got {got}")));
        }
        let padded = self.padded(shape).ok_or_else(|| Error::shape(format!("pad: {shape} grows too large")))?;
        self.copy(shape, &padded).map_err(Error::shape)?;
        Ok(smallvec![Spec::new(padded, inputs[0].dtype)])
    }

    fn lower(&self, inputs: &[Spec], outputs: &[Spec]) -> Lowering {
        let copy = self.copy(&inputs[0].shape, &outputs[0].shape).expect("checked by infer");
        let value = self.value;
        for_element!(inputs[0].dtype, T => kernel("pad", move |io| {
            let y = io.output::<T>(0);
            fill(io.threads(), T::from_number(value), y);
            copy.run(io.threads(), io.input::<T>(0), y);
            Ok(())
        }))
    }

    fn placing(&self) -> Option<&[Padding]> {
        (self.value == 0.0).then_some(&self.padding)
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let step: Vec<isize> = self.padding.iter().map(|padding| padding.between as isize + 1).collect();
        let dx = slice(node.dy(), &self.column(|padding| padding.low), node.inputs[0].shape(), &step)?;
        Ok(smallvec![Some(dx)])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "pad",
    doc: "`y` has the elements of `x`, `between` apart, after `low` and before `high` elements that are `value`.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &[
        Attribute { name: "low", kind: AttributeKind::Ints, doc: "How many before the first, along each axis." },
        Attribute { name: "high", kind: AttributeKind::Ints, doc: "How many after the last, along each axis." },
        Attribute { name: "between", kind: AttributeKind::Ints, doc: "How many between two, along each axis." },
        Attribute { name: "value", kind: AttributeKind::Float, doc: "What is put in." },
    ],
    read: |reader| {
        let (low, high, between) = (reader.sizes()?, reader.sizes()?, reader.sizes()?);
        if low.len() != high.len() || low.len() != between.len() {
            return Err(Error::config("pad: expected as many sizes before, after and between"));
        }
        let padding = (0..low.len()).map(|i| Padding { low: low[i], high: high[i], between: between[i] }).collect();
        Ok(Arc::new(Pad { padding, value: reader.float()? }))
    },
    examples: || {
        let case = |shape: &[usize], padding: &[[usize; 3]], value| Example {
            op: Arc::new(Pad {
                padding: padding.iter().map(|&[low, high, between]| Padding { low, high, between }).collect(),
                value,
            }),
            inputs: vec![ExampleInput::float(shape, -2.0..2.0)],
            smooth: true,
        };
        vec![
            case(&[5], &[[2, 1, 0]], 0.0),
            case(&[4], &[[1, 0, 2]], 3.0),
            case(&[3, 5], &[[0, 0, 0], [1, 2, 0]], 0.0),
            case(&[2, 3, 4], &[[1, 0, 0], [0, 0, 1], [2, 1, 0]], -1.0),
            case(&[0, 2], &[[1, 1, 3], [0, 0, 0]], 0.5),
            case(&[], &[], 0.0),
        ]
    },
};
