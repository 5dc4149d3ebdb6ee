//! The largest few of each row.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
};
use crate::ops::kernel::kernel;
use crate::ops::softmax::rows;
use crate::ops::sort::{pair, put_back};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::dispatch;
use ferrograd_kernels::element::DType;
use ferrograd_kernels::sort::{Direction, TopK as Rows};
use smallvec::smallvec;
use std::sync::Arc;

/// The `k` largest of the last axis, the largest first: the values, and where they came from as int32.
#[derive(Clone, Copy, Debug)]
pub struct TopK {
    /// How many.
    pub k: usize,
}

/// The `k` largest of the last axis: values and indices, the earlier of equals first.
///
/// # Errors
/// `ERR_SHAPE` for a scalar or where `k` is more than the last axis has.
pub fn top_k(x: &Tensor, k: usize) -> Result<[Tensor; 2]> {
    pair(Tensor::apply_all(Arc::new(TopK { k }), smallvec![x.clone()])?)
}

impl TopK {
    fn rows(&self, input: &Spec) -> std::result::Result<Rows, String> {
        let [rows, cols] = rows(&input.shape);
        Rows::new(rows, cols, self.k, Direction::Descending)
    }
}

impl Op for TopK {
    fn name(&self) -> &'static str {
        "topK"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![self.k as f64]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let Some((_, lead)) = inputs[0].shape.split_last() else {
            return Err(Error::shape("topK: expected at least 1 axis, got a scalar"));
        };
        self.rows(&inputs[0]).map_err(Error::shape)?;
        let shape: Shape = lead.iter().copied().chain([self.k]).collect();
        Ok(smallvec![Spec::new(shape.clone(), inputs[0].dtype), Spec::new(shape, DType::I32)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let rows = self.rows(&inputs[0]).expect("checked by infer");
        dispatch!(inputs[0].dtype, T => kernel("topK", move |io| {
            let (values, indices) = (io.output::<T>(0), io.output::<i32>(1));
            rows.run(io.threads(), io.input::<T>(0), values, indices);
            Ok(())
        }))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        put_back(node)
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "topK",
    doc: "The `k` largest of the last axis, the largest first: the values, and where they came from as int32.",
    inputs: Inputs::Named(&["x"]),
    outputs: 2,
    attributes: &[Attribute { name: "k", kind: AttributeKind::Int, doc: "How many." }],
    read: |reader| Ok(Arc::new(TopK { k: reader.size()? })),
    examples: || {
        let case = |shape: &[usize], k| Example {
            op: Arc::new(TopK { k }),
            inputs: vec![ExampleInput::float(shape, -2.0..2.0)],
            smooth: true,
        };
        vec![case(&[7], 3), case(&[3, 5], 1), case(&[2, 3, 4], 4), case(&[4, 1], 1), case(&[3, 4], 0)]
    },
};
