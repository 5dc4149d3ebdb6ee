//! Attention over heads that lie where they are, without its scores in memory.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Fault, Gradients, Inputs, Io, Kernel,
    Lowering, Op, Reader, Recipe, Site, Specs,
};
use crate::ops::attention_gradient::AttentionGradient;
use crate::ops::elementwise::Takes;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::attention::{Attention as Blocks, AttentionShape};
use ferrograd_kernels::element::{DType, Float};
use ferrograd_kernels::math::Compute;
use smallvec::smallvec;
use std::marker::PhantomData;
use std::sync::Arc;

/// Which keys a query sees, and the factor on scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    /// Factor on the products of queries and keys.
    pub scale: f64,
    /// Whether a query sees no key behind its own place.
    pub causal: bool,
    /// A query sees keys that are less than so many places away; 0 is no bound.
    pub window: usize,
    /// Whether the mask says more; else it is not read.
    pub masked: bool,
}

/// `y = softmax(scale · q · kᵀ) · v` head by head, and `lse = ln Σ exp(scale · q · kᵀ)`.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// Which keys a query sees.
    pub sight: Sight,
}

/// `[y, lse]` of `q` (batch, queries, heads, size), `k` (batch, keys, shared, size), `v` (batch, keys, shared, width) and a
/// mask of truth values that broadcasts to (batch, heads, queries, keys). A query that sees no key takes the mean of all
/// values, and its `lse` is +∞.
///
/// # Errors
/// `ERR_SHAPE` where shapes do not go together, `ERR_DTYPE` where they are not floats of one type and a mask of truth values.
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, mask: &Tensor, sight: Sight) -> Result<[Tensor; 2]> {
    let inputs = smallvec![q.clone(), k.clone(), v.clone(), mask.clone()];
    super::sort::pair(Tensor::apply_all(Arc::new(Attention { sight }), inputs)?)
}

impl Sight {
    pub(crate) fn attributes(&self) -> Vec<f64> {
        vec![self.scale, f64::from(self.causal), self.window as f64, f64::from(self.masked)]
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Sight> {
        let (scale, causal) = (reader.float()?, reader.bool()?);
        Ok(Sight { scale, causal, window: reader.size()?, masked: reader.bool()? })
    }

    /// The sizes for the kernels, where `q`, `k`, `v` and the mask go together.
    pub(crate) fn shape(&self, op: &str, inputs: &[Spec]) -> Result<AttentionShape> {
        let [q, k, v, mask] = inputs else { unreachable!("four inputs") };
        let wrong = || {
            Error::shape(format!(
                "{op}: expected queries, keys and values of [batch, steps, heads, size] that go together, and a mask for them, got {q}, {k}, {v} and {mask}"
            ))
        };
        let (&[batch, queries, heads, size], &[_, keys, shared, _], &[_, _, _, width]) =
            (&q.shape[..], &k.shape[..], &v.shape[..])
        else {
            return Err(wrong());
        };
        let fits = k.shape[..] == [batch, keys, shared, size]
            && v.shape[..3] == [batch, keys, shared]
            && shared > 0
            && heads.is_multiple_of(shared)
            && mask.shape.rank() == 4
            && mask.shape.broadcasts_to(&Shape::new(&[batch, heads, queries, keys]));
        if !fits {
            return Err(wrong());
        }
        let strides = self.masked.then(|| strides_of(&mask.shape));
        let Sight { scale, causal, window, .. } = *self;
        Ok(AttentionShape { batch, queries, keys, heads, shared, size, width, scale, causal, window, mask: strides })
    }

    /// Checks the types of the inputs too.
    pub(crate) fn check(&self, op: &str, inputs: &[Spec]) -> Result<AttentionShape> {
        Takes::Floats.check(op, &inputs[0])?;
        let floats = inputs[..3].iter().all(|input| input.dtype == inputs[0].dtype);
        if !floats || inputs[3].dtype != DType::Bool {
            let what = format!("{op}: expected three tensors of one dtype and a mask of bool");
            return Err(Error::dtype(format!(
                "{what}, got {}, {}, {} and {}",
                inputs[0], inputs[1], inputs[2], inputs[3]
            )));
        }
        self.shape(op, inputs)
    }
}

/// From one element of each axis to the next, 0 where there is but one.
fn strides_of(shape: &Shape) -> [usize; 4] {
    let mut strides = [0; 4];
    let mut step = 1;
    for axis in (0..4).rev() {
        strides[axis] = if shape[axis] == 1 { 0 } else { step };
        step *= shape[axis];
    }
    strides
}

/// The attributes of both ops.
pub(crate) const ATTRIBUTES: [Attribute; 4] = [
    Attribute { name: "scale", kind: AttributeKind::Float, doc: "Factor on the products of queries and keys." },
    Attribute { name: "causal", kind: AttributeKind::Bool, doc: "Whether a query sees no key behind its own place." },
    Attribute {
        name: "window",
        kind: AttributeKind::Int,
        doc: "A query sees keys less than so many places away; 0 is no bound.",
    },
    Attribute { name: "masked", kind: AttributeKind::Bool, doc: "Whether the mask says more; else it is not read." },
];

impl Op for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn attributes(&self) -> Vec<f64> {
        self.sight.attributes()
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let AttentionShape { batch, queries, heads, width, .. } = self.sight.check("attention", inputs)?;
        let dtype = inputs[0].dtype;
        let (y, lse) = (Shape::new(&[batch, queries, heads, width]), Shape::new(&[batch, heads, queries]));
        Ok(smallvec![Spec::new(y, dtype), Spec::new(lse, dtype)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let shape = self.sight.shape("attention", inputs).expect("checked by infer");
        for_float!(inputs[0].dtype, T => Lowering::Kernel(Box::new(Planned::<T> { shape, element: PhantomData })))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let [y, lse] = [0, 1].map(|index| {
            let output = &node.outputs[index];
            node.grads[index].clone().unwrap_or_else(|| Tensor::fill(output.shape().clone(), output.dtype(), 0.0))
        });
        let mut inputs: smallvec::SmallVec<[Tensor; 4]> = node.inputs.iter().cloned().collect();
        inputs.extend([node.outputs[0].clone(), node.outputs[1].clone(), y, lse]);
        let inputs = inputs.into_iter().collect();
        let grads = Tensor::apply_all(Arc::new(AttentionGradient { sight: self.sight }), inputs)?;
        Ok(grads.into_iter().map(Some).chain([None]).collect())
    }
}

/// What makes the kernel.
#[derive(Debug)]
struct Planned<T> {
    shape: AttentionShape,
    element: PhantomData<T>,
}

impl<T: Float + Compute> Recipe for Planned<T> {
    fn cpu(&self, site: &Site<'_>) -> Box<dyn Kernel> {
        let plan = Blocks::<T>::new(self.shape, site.target).expect("tensors of these sizes exist");
        Box::new(AttentionKernel { shape: self.shape, plan })
    }
}

struct AttentionKernel<T: Float> {
    shape: AttentionShape,
    plan: Blocks<T>,
}

/// What attention does, for profiles.
pub(crate) fn description(shape: &AttentionShape) -> String {
    let AttentionShape { batch, queries, keys, heads, size, .. } = shape;
    format!("{batch} of {queries}×{keys}, {heads} heads of {size}")
}

impl<T: Float + Compute> Kernel for AttentionKernel<T> {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn describe(&self) -> Option<String> {
        Some(description(&self.shape))
    }

    fn flops(&self) -> Option<f64> {
        Some(self.shape.flops())
    }

    fn workspace(&self) -> usize {
        self.plan.workspace_len() * size_of::<T>()
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let inputs = (io.input::<T>(0), io.input::<T>(1), io.input::<T>(2), io.input::<u8>(3));
        let (y, lse) = (io.output::<T>(0), io.output::<T>(1));
        let workspace = io.workspace_of::<T>();
        self.plan.run(io.threads(), inputs, y, lse, workspace);
        Ok(())
    }
}

/// Sizes and sights that go together: of queries, keys, values and the mask.
pub(crate) fn cases() -> Vec<(Sight, [Vec<usize>; 4])> {
    let sight = |causal, window, masked| Sight { scale: 0.7, causal, window, masked };
    let one = vec![1, 1, 1, 1];
    vec![
        (sight(false, 0, false), [vec![2, 3, 2, 3], vec![2, 4, 2, 3], vec![2, 4, 2, 2], one.clone()]),
        (sight(true, 0, false), [vec![1, 4, 2, 2], vec![1, 4, 1, 2], vec![1, 4, 1, 3], one.clone()]),
        (sight(false, 2, false), [vec![1, 5, 4, 2], vec![1, 5, 2, 2], vec![1, 5, 2, 2], one]),
        (sight(false, 0, true), [vec![1, 2, 1, 2], vec![1, 12, 1, 2], vec![1, 12, 1, 2], vec![1, 1, 1, 12]]),
        (sight(false, 0, false), [vec![0, 3, 2, 3], vec![0, 4, 2, 3], vec![0, 4, 2, 2], vec![1, 1, 1, 1]]),
    ]
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "attention",
    doc: "`y = softmax(scale · q · kᵀ) · v` head by head, and `lse = ln Σ exp(scale · q · kᵀ)`, without the scores in memory.",
    inputs: Inputs::Named(&["q", "k", "v", "mask"]),
    outputs: 2,
    attributes: &ATTRIBUTES,
    read: |reader| Ok(Arc::new(Attention { sight: Sight::read(reader)? })),
    examples: || {
        let case = |(sight, [q, k, v, mask]): (Sight, [Vec<usize>; 4])| Example {
            op: Arc::new(Attention { sight }),
            inputs: [q, k, v]
                .iter()
                .map(|shape| ExampleInput::float(shape, -1.5..1.5))
                .chain([ExampleInput::boolean(&mask)])
                .collect(),
            smooth: true,
        };
        cases().into_iter().map(case).collect()
    },
};
