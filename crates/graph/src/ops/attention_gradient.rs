//! The gradient of attention, and that one's, drawn.

use crate::error::{Error, Result};
use crate::op::{
    Backward, Declaration, Example, ExampleInput, Fault, Gradients, Inputs, Io, Kernel, Lowering, Op, Recipe, Site,
    Specs,
};
use crate::ops::attention::{ATTRIBUTES, Sight, cases, description};
use crate::ops::{
    broadcast_to, exp, greater_equal, iota, is_finite, less, logical_and, matmul, reshape, select, sum, transpose,
};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::attention::{AttentionGradient as Blocks, AttentionShape};
use ferrograd_kernels::element::{DType, Float};
use ferrograd_kernels::math::Compute;
use smallvec::smallvec;
use std::marker::PhantomData;
use std::sync::Arc;

/// With `p = exp(scale · q · kᵀ − lse)`, 0 for keys that a query does not see, and `ds = p · (dy · vᵀ − Σ dy·y + dlse)`:
/// `dq = scale · ds · k`, `dk = scale · dsᵀ · q`, `dv = pᵀ · dy`. Where `lse` is +∞ a query sees no key: `p` is one of the keys'
/// number for `dv`, and 0 else.
#[derive(Clone, Copy, Debug)]
pub struct AttentionGradient {
    /// Which keys a query sees.
    pub sight: Sight,
}

const NAME: &str = "attentionGradient";

impl Op for AttentionGradient {
    fn name(&self) -> &'static str {
        NAME
    }

    fn attributes(&self) -> Vec<f64> {
        self.sight.attributes()
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let AttentionShape { batch, queries, heads, width, .. } = self.sight.check(NAME, &inputs[..4])?;
        let dtype = inputs[0].dtype;
        let y = Spec::new(Shape::new(&[batch, queries, heads, width]), dtype);
        let lse = Spec::new(Shape::new(&[batch, heads, queries]), dtype);
        if inputs[4..] != [y.clone(), lse.clone(), y.clone(), lse.clone()] {
            return Err(Error::shape(format!("{NAME}: expected {y} and {lse} with gradients like them")));
        }
        Ok(inputs[..3].iter().cloned().collect())
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let shape = self.sight.shape(NAME, &inputs[..4]).expect("checked by infer");
        for_float!(inputs[0].dtype, T => Lowering::Kernel(Box::new(Planned::<T> { shape, element: PhantomData })))
    }

    /// With `gq`, `gk`, `gv` what arrives, `e = dy · vᵀ − Σ dy·y + dlse`, `a = scale · (gq · kᵀ + q · gkᵀ)`, `b = dy · gvᵀ` and
    /// `s = p · (a·e + b)`: to `q` goes `scale · (s · k + ds · gk)`, to `k` `scale · (sᵀ · q + dsᵀ · gq)`, to `v` `(a·p)ᵀ · dy`,
    /// to `lse` `−Σ s`, to `dlse` `r = Σ a·p`, to `y` `−r · dy`, to `dy` `(a·p) · v + p · gv − r · y`.
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let specs: Vec<Spec> = node.inputs.iter().map(|input| input.spec().clone()).collect();
        let shape = self.sight.shape(NAME, &specs[..4])?;
        let arrived: Vec<Tensor> = (0..3)
            .map(|i| {
                let zeros = || Tensor::fill(specs[i].shape.clone(), specs[i].dtype, 0.0);
                node.grads[i].clone().unwrap_or_else(zeros)
            })
            .collect();
        let [q, k, v, mask, y, lse, dy, dlse] = node.inputs else { unreachable!("eight inputs") };
        let by_query = |x: &Tensor| transpose(x, &[0, 2, 1, 3]);
        let by_key = |x: &Tensor| for_all_heads(x, &shape);
        let (q, y, dy, gq) = (by_query(q)?, by_query(y)?, by_query(dy)?, by_query(&arrived[0])?);
        let (k, v, gk, gv) = (by_key(k)?, by_key(v)?, by_key(&arrived[1])?, by_key(&arrived[2])?);
        let column = |x: &Tensor| reshape(x, &Shape::new(&[shape.batch, shape.heads, shape.queries, 1]));
        let rows = |x: &Tensor| sum(x, &[3], true);
        let (lse, dlse) = (column(lse)?, column(dlse)?);
        let times_t = |a: &Tensor, b: &Tensor| matmul(a, b, false, true);
        let t_times = |a: &Tensor, b: &Tensor| matmul(a, b, true, false);
        let times = |a: &Tensor, b: &Tensor| matmul(a, b, false, false);
        let scale = shape.scale;

        let (p, means) = weights(&(times_t(&q, &k)? * scale), &lse, mask, &self.sight)?;
        let e = times_t(&dy, &v)? - rows(&(&dy * &y))? + dlse;
        let ds = &p * &e;
        let a = (times_t(&gq, &k)? + times_t(&q, &gk)?) * scale;
        let s = &p * (&a * &e + times_t(&dy, &gv)?);
        let ap = &a * &p;
        let r = rows(&ap)?;
        let to_q = (times(&s, &k)? + times(&ds, &gk)?) * scale;
        let to_k = (t_times(&s, &q)? + t_times(&ds, &gq)?) * scale;
        let to_dy = times(&ap, &v)? + times(&(&p + &means), &gv)? - &r * &y;
        let flat = |x: &Tensor| reshape(x, &Shape::new(&[shape.batch, shape.heads, shape.queries]));
        Ok(smallvec![
            Some(by_query(&to_q)?),
            Some(of_shared_heads(&to_k, &shape)?),
            Some(of_shared_heads(&t_times(&ap, &dy)?, &shape)?),
            None,
            Some(by_query(&-(&r * &dy))?),
            Some(flat(&-rows(&s)?)?),
            Some(by_query(&to_dy)?),
            Some(flat(&r)?),
        ])
    }
}

/// `p` of scores, 0 for keys that are not seen, and beside it the means of queries that see none.
fn weights(scores: &Tensor, lse: &Tensor, mask: &Tensor, sight: &Sight) -> Result<(Tensor, Tensor)> {
    let [.., queries, keys] = scores.shape()[..] else { unreachable!("four axes") };
    let zero = Tensor::scalar(scores.dtype(), 0.0);
    let alive = is_finite(lse)?;
    let p = exp(&(scores - select(&alive, lse, &zero)?))?;
    let mut seen = alive.clone();
    if sight.masked {
        seen = logical_and(&seen, mask)?;
    }
    let places = |size: usize, shape: &[usize]| reshape(&iota(size, DType::I32)?, &Shape::new(shape));
    let (t, s) = (places(queries, &[queries, 1])?, places(keys, &[1, keys])?);
    if sight.causal {
        seen = logical_and(&seen, &greater_equal(&t, &s)?)?;
    }
    if sight.window > 0 {
        let window = Tensor::scalar(DType::I32, sight.window as f64);
        seen = logical_and(&seen, &less(&super::abs(&(&t - &s))?, &window)?)?;
    }
    let mean = Tensor::scalar(scores.dtype(), 1.0 / keys.max(1) as f64);
    Ok((select(&seen, &p, &zero)?, select(&alive, &zero, &mean)?))
}

/// (batch, steps, shared, size) → (batch, heads, steps, size).
fn for_all_heads(x: &Tensor, shape: &AttentionShape) -> Result<Tensor> {
    let [batch, steps, shared, size] = x.shape()[..] else { unreachable!("four axes") };
    let each = shape.heads / shared;
    let alone = reshape(&transpose(x, &[0, 2, 1, 3])?, &Shape::new(&[batch, shared, 1, steps, size]))?;
    let all = broadcast_to(&alone, &Shape::new(&[batch, shared, each, steps, size]))?;
    reshape(&all, &Shape::new(&[batch, shape.heads, steps, size]))
}

/// The way back: sums over the heads that share one.
fn of_shared_heads(x: &Tensor, shape: &AttentionShape) -> Result<Tensor> {
    let [batch, heads, steps, size] = x.shape()[..] else { unreachable!("four axes") };
    let split = reshape(x, &Shape::new(&[batch, shape.shared, heads / shape.shared, steps, size]))?;
    transpose(&sum(&split, &[2], false)?, &[0, 2, 1, 3])
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
        Box::new(GradientKernel { shape: self.shape, plan })
    }
}

struct GradientKernel<T: Float> {
    shape: AttentionShape,
    plan: Blocks<T>,
}

impl<T: Float + Compute> Kernel for GradientKernel<T> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn describe(&self) -> Option<String> {
        Some(description(&self.shape))
    }

    /// Seven products instead of two: scores and slopes are made twice.
    fn flops(&self) -> Option<f64> {
        Some(3.5 * self.shape.flops())
    }

    fn workspace(&self) -> usize {
        self.plan.workspace_len() * size_of::<T>()
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let inputs = (io.input::<T>(0), io.input::<T>(1), io.input::<T>(2), io.input::<u8>(3));
        let known = (io.input::<T>(4), io.input::<T>(5));
        let arrived = (io.input::<T>(6), io.input::<T>(7));
        let grads = (io.output::<T>(0), io.output::<T>(1), io.output::<T>(2));
        let workspace = io.workspace_of::<T>();
        self.plan.run(io.threads(), inputs, known, arrived, grads, workspace);
        Ok(())
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: NAME,
    doc: "The gradients of `attention` for `q`, `k` and `v`, from those of its two results.",
    inputs: Inputs::Named(&["q", "k", "v", "mask", "y", "lse", "dy", "dlse"]),
    outputs: 3,
    attributes: &ATTRIBUTES,
    read: |reader| Ok(Arc::new(AttentionGradient { sight: Sight::read(reader)? })),
    examples: || {
        let case = |(sight, [q, k, v, mask]): (Sight, [Vec<usize>; 4])| {
            let float = |shape: &[usize], low: f64| ExampleInput::float(shape, low..low + 2.0);
            let y = [&q[..3], &v[3..]].concat();
            let lse = [q[0], q[2], q[1]];
            let mut inputs = vec![float(&q, -1.0), float(&k, -1.0), float(&v, -1.0), ExampleInput::boolean(&mask)];
            inputs.extend([float(&y, -1.0), float(&lse, 1.0), float(&y, -1.0), float(&lse, -1.0)]);
            Example { op: Arc::new(AttentionGradient { sight }), inputs, smooth: true }
        };
        cases().into_iter().map(case).collect()
    },
};
