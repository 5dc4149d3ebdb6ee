//! How far two sequences are apart.

use crate::error::{Error, Result};
use crate::op::{Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Lowering, Op, Specs};
use crate::ops::kernel::kernel;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::element::DType;
use ferrograd_kernels::threads::split;
use smallvec::smallvec;
use std::sync::Arc;

/// The fewest insertions, deletions and substitutions that make each row of `a` (batch, n) that of `b` (batch, m), of which
/// the first `aLength`, `bLength` (batch) elements count: Levenshtein's distance (batch), all as int32.
#[derive(Clone, Copy, Debug)]
pub struct EditDistance;

/// Levenshtein's distance of each row of `a` from that of `b`, of which as many elements count as the lengths say.
///
/// # Errors
/// `ERR_DTYPE` for anything but int32, `ERR_SHAPE` where these are not (batch, n), (batch, m), (batch), (batch).
pub fn edit_distance(a: &Tensor, b: &Tensor, a_length: &Tensor, b_length: &Tensor) -> Result<Tensor> {
    Tensor::apply(EditDistance, &[a, b, a_length, b_length])
}

impl Op for EditDistance {
    fn name(&self) -> &'static str {
        "editDistance"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [a, b, a_length, b_length] = inputs else { unreachable!("four inputs") };
        if let Some(wrong) = inputs.iter().find(|input| input.dtype != DType::I32) {
            return Err(Error::dtype(format!("editDistance: expected int32, got {wrong}")));
        }
        let batch = Shape::new(&a.shape[..1.min(a.shape.rank())]);
        let fits = a.shape.rank() == 2 && b.shape.rank() == 2 && b.shape[0] == a.shape[0];
        if !fits || a_length.shape != batch || b_length.shape != batch {
            let got = format!("{}, {}, {} and {}", a.shape, b.shape, a_length.shape, b_length.shape);
            return Err(Error::shape(format!(
                "editDistance: expected [batch, n], [batch, m], [batch] and [batch], got {got}"
            )));
        }
        Ok(smallvec![Spec::new(batch, DType::I32)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let (batch, n, m) = (inputs[0].shape[0], inputs[0].shape[1], inputs[1].shape[1]);
        let chunks = split(batch, (1 << 14) / (n * m).max(1) + 1);
        kernel("editDistance", move |io| {
            let (a, b) = (io.input::<i32>(0), io.input::<i32>(1));
            let lengths = [io.input::<i32>(2), io.input::<i32>(3)];
            let length = |which: usize, row: usize, most: usize| (lengths[which][row].max(0) as usize).min(most);
            let distances = io.output::<i32>(0);
            io.threads().for_each_part(chunks, distances, 1, |rows, distances| {
                let mut above = Vec::with_capacity(m + 1);
                for (row, distance) in rows.zip(distances) {
                    let a = &a[row * n..][..length(0, row, n)];
                    *distance = between(a, &b[row * m..][..length(1, row, m)], &mut above);
                }
            });
            Ok(())
        })
    }

    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![None; 4])
    }
}

/// `d(i, j) = min(d(i−1, j) + 1, d(i, j−1) + 1, d(i−1, j−1) + [aᵢ ≠ bⱼ])`, row by row in `above`.
fn between(a: &[i32], b: &[i32], above: &mut Vec<i32>) -> i32 {
    above.clear();
    above.extend(0..=b.len() as i32);
    for (a, first) in a.iter().zip(1..) {
        let mut corner = std::mem::replace(&mut above[0], first);
        for (j, b) in b.iter().enumerate() {
            let here = (corner + i32::from(a != b)).min(above[j] + 1).min(above[j + 1] + 1);
            corner = std::mem::replace(&mut above[j + 1], here);
        }
    }
    above[b.len()]
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "editDistance",
    doc: "Levenshtein's distance of each row of `a` (batch, n) from that of `b` (batch, m), of which as many elements count as\n\
          `aLength`, `bLength` (batch) say.",
    inputs: Inputs::Named(&["a", "b", "aLength", "bLength"]),
    outputs: 1,
    attributes: &[],
    read: |_| Ok(Arc::new(EditDistance)),
    examples: || {
        let case = |[batch, n, m]: [usize; 3]| Example {
            op: Arc::new(EditDistance),
            inputs: vec![
                ExampleInput::int(&[batch, n], 0..3),
                ExampleInput::int(&[batch, m], 0..3),
                ExampleInput::int(&[batch], 0..n as i32 + 1),
                ExampleInput::int(&[batch], 0..m as i32 + 1),
            ],
            smooth: false,
        };
        vec![case([3, 5, 4]), case([1, 1, 7]), case([2, 0, 3]), case([0, 2, 2])]
    },
};
