//! The matrix product.

use crate::error::{Error, Result};
use crate::op::{
    Access, Attribute, AttributeKind, Backward, Contract, Declaration, Epilogue, Example, ExampleInput, Gradients,
    Inputs, Lowering, Op, Specs,
};
use crate::ops::elementwise::{Takes, sum_to};
use crate::ops::reshape;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use smallvec::smallvec;
use std::sync::Arc;

/// `y = op(a) · op(b)` on the last two axes; the leading axes are batch axes and broadcast.
#[derive(Clone, Copy, Debug)]
pub struct Matmul {
    /// Reads `a` as (…, k, m) instead of (…, m, k).
    pub transpose_a: bool,
    /// Reads `b` as (…, n, k) instead of (…, k, n).
    pub transpose_b: bool,
}

/// `op(a) · op(b)`: (…, m, k) · (…, k, n) → (…, m, n).
///
/// # Errors
/// `ERR_SHAPE` where a rank is below 2, the inner sizes differ or the batch axes do not broadcast; `ERR_DTYPE`
/// where the dtypes differ or are not floats.
pub fn matmul(a: &Tensor, b: &Tensor, transpose_a: bool, transpose_b: bool) -> Result<Tensor> {
    Tensor::apply(Matmul { transpose_a, transpose_b }, &[a, b])
}

impl Matmul {
    fn wrong(a: &Spec, b: &Spec, why: &str) -> Error {
        Error::shape(format!("matmul: {why}, got {} and {}", a.shape, b.shape))
    }
}

/// (rows, columns) of the last two axes, swapped where transposed.
fn matrix(shape: &Shape, transposed: bool) -> (usize, usize) {
    let (rows, columns) = (shape[shape.rank() - 2], shape[shape.rank() - 1]);
    if transposed { (columns, rows) } else { (rows, columns) }
}

impl Op for Matmul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![f64::from(self.transpose_a), f64::from(self.transpose_b)]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [a, b] = inputs else { unreachable!("two inputs") };
        Takes::Floats.check("matmul", a)?;
        if a.dtype != b.dtype {
            return Err(Error::dtype(format!("matmul: expected two tensors of one dtype, got {a} and {b}")));
        }
        if a.shape.rank() < 2 || b.shape.rank() < 2 {
            return Err(Matmul::wrong(a, b, "expected at least 2 axes each"));
        }
        let ((m, k), (inner, n)) = (matrix(&a.shape, self.transpose_a), matrix(&b.shape, self.transpose_b));
        if k != inner {
            return Err(Matmul::wrong(a, b, &format!("inner sizes {k} and {inner} differ")));
        }
        let batch = |shape: &Shape| Shape::new(&shape[..shape.rank() - 2]);
        let lead = Shape::broadcast(&batch(&a.shape), &batch(&b.shape))
            .ok_or_else(|| Matmul::wrong(a, b, "batch axes do not broadcast"))?;
        let shape: Shape = lead.iter().copied().chain([m, n]).collect();
        Ok(smallvec![Spec::new(shape, a.dtype)])
    }

    fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
        let (a, b) = (Access::Matrix { transposed: self.transpose_a }, Access::Matrix { transposed: self.transpose_b });
        Lowering::Contract(Contract { a, b, epilogue: Epilogue::NONE })
    }

    /// With `y = A·B`: `dA = dy·Bᵀ`, `dB = Aᵀ·dy`, and each transposed where its operand is read transposed.
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (a, b, dy) = (&node.inputs[0], &node.inputs[1], node.dy());
        let (ta, tb) = (self.transpose_a, self.transpose_b);
        let da = || if ta { matmul(b, dy, tb, true) } else { matmul(dy, b, false, !tb) };
        let db = || {
            // One matrix under all rows: one product of them all, and no sum of many.
            let (a, dy) =
                if a.shape().rank() > 2 && b.shape().rank() == 2 && !ta { (&rows(a)?, &rows(dy)?) } else { (a, dy) };
            if tb { matmul(dy, a, true, ta) } else { matmul(a, dy, !ta, false) }
        };
        let fit = |needed: bool, grad: &dyn Fn() -> Result<Tensor>, input: &Tensor| {
            needed.then(|| sum_to(&grad()?, input.shape())).transpose()
        };
        Ok(smallvec![fit(node.needs[0], &da, a)?, fit(node.needs[1], &db, b)?])
    }
}

/// (…, m, k) as (… · m, k).
pub(crate) fn rows(x: &Tensor) -> Result<Tensor> {
    let (batch, width) = x.shape().split_at(x.shape().rank() - 1);
    reshape(x, &[batch.iter().product(), width[0]].into())
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "matmul",
    doc: "`y = op(a) · op(b)` on the last two axes; the leading axes are batch axes and broadcast.",
    inputs: Inputs::Named(&["a", "b"]),
    outputs: 1,
    attributes: &[
        Attribute { name: "transposeA", kind: AttributeKind::Bool, doc: "Reads `a` as (…, k, m)." },
        Attribute { name: "transposeB", kind: AttributeKind::Bool, doc: "Reads `b` as (…, n, k)." },
    ],
    read: |reader| Ok(Arc::new(Matmul { transpose_a: reader.bool()?, transpose_b: reader.bool()? })),
    examples: || {
        let case = |a: &[usize], b: &[usize], transpose_a, transpose_b| Example {
            op: Arc::new(Matmul { transpose_a, transpose_b }),
            inputs: vec![ExampleInput::float(a, -2.0..2.0), ExampleInput::float(b, -2.0..2.0)],
            smooth: true,
        };
        vec![
            case(&[3, 4], &[4, 5], false, false),
            case(&[4, 3], &[4, 5], true, false),
            case(&[3, 4], &[5, 4], false, true),
            case(&[4, 3], &[5, 4], true, true),
            case(&[2, 3, 4], &[2, 4, 2], false, false),
            case(&[2, 3, 4], &[4, 5], false, false),
            case(&[2, 3, 4], &[5, 4], false, true),
            case(&[2, 4, 3], &[4, 5], true, false),
            case(&[2, 1, 3, 4], &[5, 4, 2], false, false),
            case(&[3, 4], &[2, 5, 4], false, true),
            case(&[1, 1], &[1, 1], false, false),
            case(&[2, 0], &[0, 3], false, false),
        ]
    },
};
