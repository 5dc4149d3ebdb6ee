//! Average pooling and its gradient, which are each other's transposes.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, ExampleInput, Gradients, Inputs, Io, Lowering, Op, Reader, Specs,
    encode_list,
};
use crate::ops::kernel::kernel_for;
use crate::ops::pooling::{ATTRIBUTES, Pool, pooling};
use crate::ops::windows::spatial;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::conv::AveragePool as Windows;
use smallvec::smallvec;
use std::sync::Arc;

/// `y[n, o, c] = Σ x[n, o·stride + k − before, c] / count`, over the `count` places of the window inside the picture.
#[derive(Clone, Debug)]
pub struct AveragePool {
    /// The windows.
    pub pool: Pool,
}

/// `dx[n, i, c] = Σ dy[n, o, c] / count(o)` over the windows `o` that hold `i`.
#[derive(Clone, Debug)]
pub struct AveragePoolInput {
    /// The windows.
    pub pool: Pool,
    /// The picture's sizes.
    pub inputs: Vec<usize>,
}

/// The mean of each window of `x` (n, …places, channels), of the places inside the picture.
///
/// # Errors
/// `ERR_SHAPE` where a window is larger than the padded picture or may lie in the padding alone, `ERR_DTYPE` for other
/// than floats.
pub fn average_pool(x: &Tensor, pool: &Pool) -> Result<Tensor> {
    Tensor::apply(AveragePool { pool: pool.clone() }, &[x])
}

impl Op for AveragePool {
    fn name(&self) -> &'static str {
        "averagePool"
    }

    fn attributes(&self) -> Vec<f64> {
        let mut out = Vec::new();
        self.pool.encode(&mut out);
        out
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        Ok(smallvec![Spec::new(self.pool.pooled("averagePool", &inputs[0])?, inputs[0].dtype)])
    }

    fn lower(&self, inputs: &[Spec], outputs: &[Spec]) -> Lowering {
        let geometry = self.pool.geometry(&inputs[0].shape, &outputs[0].shape);
        for_float!(inputs[0].dtype, T => pooling::<T>("averagePool", geometry, |geometry, isa| {
            let windows = Windows::new(geometry, isa);
            Box::new(move |threads, x, y| windows.output(threads, x, y))
        }))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let inputs = spatial(node.inputs[0].shape()).to_vec();
        Ok(smallvec![Some(Tensor::apply(AveragePoolInput { pool: self.pool.clone(), inputs }, &[node.dy()])?)])
    }
}

impl Op for AveragePoolInput {
    fn name(&self) -> &'static str {
        "averagePoolInput"
    }

    fn attributes(&self) -> Vec<f64> {
        let mut out = Vec::new();
        encode_list(&mut out, &self.inputs, |x| x as f64);
        self.pool.encode(&mut out);
        out
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let dy = &inputs[0];
        let rank = dy.shape.rank();
        if rank != self.inputs.len() + 2 {
            let why = format!("expected a picture of {} axes, got {dy}", self.inputs.len());
            return Err(Error::shape(format!("averagePoolInput: {why}")));
        }
        let shape: Shape = [&dy.shape[..1], &self.inputs[..], &dy.shape[rank - 1..]].concat().into_iter().collect();
        let x = Spec::new(shape, dy.dtype);
        let pooled = self.pool.pooled("averagePoolInput", &x)?;
        if pooled != dy.shape {
            return Err(Error::shape(format!("averagePoolInput: {x} is pooled to {pooled}, got {dy}")));
        }
        Ok(smallvec![x])
    }

    fn lower(&self, inputs: &[Spec], outputs: &[Spec]) -> Lowering {
        let geometry = self.pool.geometry(&outputs[0].shape, &inputs[0].shape);
        for_float!(inputs[0].dtype, T => kernel_for("averagePoolInput", move |site| {
            let windows = Windows::new(geometry, site.target.isa);
            move |io: &mut Io<'_>| {
                let dx = io.output::<T>(0);
                windows.input(io.threads(), io.input::<T>(0), dx);
                Ok(())
            }
        }))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![Some(average_pool(node.dy(), &self.pool)?)])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "averagePool",
    doc: "`y[n, o, c] = Σ x[n, o·stride + k − before, c] / count` over the window's places inside the picture.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &ATTRIBUTES,
    read: |reader| Ok(Arc::new(AveragePool { pool: Pool::read(reader)? })),
    examples: || {
        Pool::examples(true, |pool, x, _| (Arc::new(AveragePool { pool }), vec![ExampleInput::float(x, -2.0..2.0)]))
    },
};

fn read_input(reader: &mut Reader<'_>) -> Result<Arc<dyn Op>> {
    Ok(Arc::new(AveragePoolInput { inputs: reader.sizes()?, pool: Pool::read(reader)? }))
}

pub(crate) const INPUT: Declaration = Declaration {
    name: "averagePoolInput",
    doc: "`dx[n, i, c] = Σ dy[n, o, c] / count(o)` over the windows `o` that hold `i`.",
    inputs: Inputs::Named(&["dy"]),
    outputs: 1,
    attributes: &[
        Attribute { name: "inputs", kind: AttributeKind::Ints, doc: "The picture's sizes." },
        ATTRIBUTES[0],
        ATTRIBUTES[1],
        ATTRIBUTES[2],
    ],
    read: read_input,
    examples: || {
        Pool::examples(true, |pool, x, y| {
            let inputs = spatial(x).to_vec();
            (Arc::new(AveragePoolInput { pool, inputs }), vec![ExampleInput::float(y, -2.0..2.0)])
        })
    },
};
