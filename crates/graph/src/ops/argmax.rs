//! Where the largest and the smallest element of each row stand.

use crate::error::{Error, Result};
use crate::op::{Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs};
use crate::ops::kernel::kernel;
use crate::ops::softmax::rows;
use crate::shape::Spec;
use crate::tensor::Tensor;
use ferrograd_kernels::arg::{ArgExtreme, Extreme};
use ferrograd_kernels::dispatch;
use ferrograd_kernels::element::DType;
use smallvec::smallvec;
use std::sync::Arc;

/// `y = argmaxᵢ xᵢ` or `argminᵢ xᵢ` over the last axis, as int32: the first of equals, the first NaN before all.
#[derive(Clone, Copy, Debug)]
pub struct Arg(pub Extreme);

/// `argmaxᵢ xᵢ` over the last axis.
///
/// # Errors
/// `ERR_SHAPE` for a scalar and for an empty last axis.
pub fn argmax(x: &Tensor) -> Result<Tensor> {
    Tensor::apply(Arg(Extreme::Max), &[x])
}

/// `argminᵢ xᵢ` over the last axis.
///
/// # Errors
/// As [`argmax`].
pub fn argmin(x: &Tensor) -> Result<Tensor> {
    Tensor::apply(Arg(Extreme::Min), &[x])
}

impl Op for Arg {
    fn name(&self) -> &'static str {
        match self.0 {
            Extreme::Max => "argmax",
            Extreme::Min => "argmin",
        }
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let shape = &inputs[0].shape;
        if shape.last().is_none_or(|&cols| cols == 0) {
            return Err(Error::shape(format!("{}: nothing to choose from in shape {shape}", self.name())));
        }
        let [rows, cols] = rows(shape);
        ArgExtreme::new(rows, cols, self.0).map_err(Error::shape)?;
        Ok(smallvec![Spec::new(shape.reduced(&[shape.rank() - 1], false), DType::I32)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let [rows, cols] = rows(&inputs[0].shape);
        let search = ArgExtreme::new(rows, cols, self.0).expect("checked by infer");
        dispatch!(inputs[0].dtype, T => kernel(self.name(), move |io| {
            let y = io.output::<i32>(0);
            search.run(io.threads(), io.input::<T>(0), y);
            Ok(())
        }))
    }

    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![None])
    }
}

fn examples(extreme: Extreme) -> Vec<Example> {
    let case = |shape: &[usize]| Example {
        op: Arc::new(Arg(extreme)),
        inputs: vec![ExampleInput::float(shape, -2.0..2.0)],
        smooth: false,
    };
    vec![case(&[3, 5]), case(&[2, 3, 4]), case(&[17]), case(&[5, 1]), case(&[0, 3])]
}

pub(crate) const ARGMAX: Declaration = Declaration {
    name: "argmax",
    doc: "`y = argmaxᵢ xᵢ` over the last axis, as int32: the first of equals, the first NaN before all.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &[],
    read: |_| Ok(Arc::new(Arg(Extreme::Max))),
    examples: || examples(Extreme::Max),
};

pub(crate) const ARGMIN: Declaration = Declaration {
    name: "argmin",
    doc: "`y = argminᵢ xᵢ` over the last axis, as int32: the first of equals, the first NaN before all.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &[],
    read: |_| Ok(Arc::new(Arg(Extreme::Min))),
    examples: || examples(Extreme::Min),
};
