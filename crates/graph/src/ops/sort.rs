//! Rows in order, and the best few of them.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs,
};
use crate::ops::kernel::kernel_with_room;
use crate::ops::scatter_add_along_axis;
use crate::ops::softmax::rows;
use crate::shape::Spec;
use crate::tensor::Tensor;
use ferrograd_kernels::element::DType;
use ferrograd_kernels::sort::{Direction, Sort as Rows};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

/// The last axis in order, stable, NaN last: the values, and where they came from as int32.
#[derive(Clone, Copy, Debug)]
pub struct Sort {
    /// True puts the largest first.
    pub descending: bool,
}

/// The last axis in order: values and indices.
///
/// # Errors
/// `ERR_SHAPE` for a scalar.
pub fn sort(x: &Tensor, descending: bool) -> Result<[Tensor; 2]> {
    pair(Tensor::apply_all(Arc::new(Sort { descending }), smallvec![x.clone()])?)
}

pub(crate) fn pair(outputs: SmallVec<[Tensor; 1]>) -> Result<[Tensor; 2]> {
    let [values, indices] = outputs.as_slice() else { unreachable!("two outputs") };
    Ok([values.clone(), indices.clone()])
}

/// The gradient of picking values by the indices of the second output, along the last axis.
pub(crate) fn put_back(node: &Backward<'_>) -> Result<Gradients> {
    let shape = node.inputs[0].shape();
    let axis = shape.rank() - 1;
    let back = |dy: &Tensor| scatter_add_along_axis(dy, &node.outputs[1], axis, shape[axis]);
    Ok(smallvec![node.grads[0].as_ref().map(back).transpose()?])
}

impl Sort {
    fn rows(&self, input: &Spec) -> std::result::Result<Rows, String> {
        let [rows, cols] = rows(&input.shape);
        Rows::new(rows, cols, if self.descending { Direction::Descending } else { Direction::Ascending })
    }
}

impl Op for Sort {
    fn name(&self) -> &'static str {
        "sort"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![f64::from(self.descending)]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        if inputs[0].shape.rank() == 0 {
            return Err(Error::shape("sort: expected at least 1 axis, got a scalar"));
        }
        self.rows(&inputs[0]).map_err(Error::shape)?;
        Ok(smallvec![inputs[0].clone(), Spec::new(inputs[0].shape.clone(), DType::I32)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let rows = self.rows(&inputs[0]).expect("checked by infer");
        let room = rows.workspace_len() * size_of::<i32>();
        for_element!(inputs[0].dtype, T => kernel_with_room("sort", room, move |io| {
            let (values, indices, workspace) = (io.output::<T>(0), io.output::<i32>(1), io.workspace_of::<i32>());
            rows.run(io.threads(), io.input::<T>(0), values, indices, workspace);
            Ok(())
        }))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        put_back(node)
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "sort",
    doc: "The last axis in order, stable, NaN last: the values, and where they came from as int32.",
    inputs: Inputs::Named(&["x"]),
    outputs: 2,
    attributes: &[Attribute { name: "descending", kind: AttributeKind::Bool, doc: "True puts the largest first." }],
    read: |reader| Ok(Arc::new(Sort { descending: reader.bool()? })),
    examples: || {
        let case = |shape: &[usize], descending| Example {
            op: Arc::new(Sort { descending }),
            inputs: vec![ExampleInput::float(shape, -2.0..2.0)],
            smooth: true,
        };
        vec![case(&[7], false), case(&[3, 5], true), case(&[2, 3, 4], false), case(&[4, 1], true), case(&[2, 0], false)]
    },
};
