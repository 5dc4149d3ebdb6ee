//! What has to be finite before anything changes.
//!
//! A gradient that is a product of matrices need not be stored to be checked: with finite factors whose largest sizes
//! bound every sum, `terms · max|a| · max|b|`, all of it is finite. So the optimizer's pass may go on following the
//! product, part by part. A step that is a gradient times one number is not computed to be checked either: the number is one
//! more factor. Such a step is added to something, and must be so short that the sum is finite whatever that is.

use super::ir::{Ir, Plain, Value};
use crate::op::{Access, Binary, Contract, Epilogue, Lowering, Scalar, View};
use crate::shape::Spec;
use smallvec::{SmallVec, smallvec};

/// One thing that has to be finite.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    /// Its position among those that were asked for.
    pub guard: usize,
    /// The tensor, or the factors of the product that it is.
    pub values: SmallVec<[Value; 2]>,
    /// Terms of each of the product's sums.
    pub terms: usize,
    /// Whether the last value is a number that all is multiplied by: how far a step goes.
    pub scaled: bool,
}

impl Check {
    /// A tensor that has to be finite.
    pub fn of(guard: usize, value: Value) -> Check {
        Check { guard, values: smallvec![value], terms: 1, scaled: false }
    }

    /// The same check of values that have moved.
    pub fn map(self, to: impl Fn(Value) -> Value) -> Check {
        Check { values: self.values.into_iter().map(to).collect(), ..self }
    }
}

/// Checks products by their factors where those are the smaller ones.
pub(crate) fn by_factors(ir: Plain) -> Plain {
    let guards = ir.guards.iter().map(|check| factors(&ir, check).unwrap_or_else(|| check.clone())).collect();
    Ir { guards, ..ir }
}

fn factors(ir: &Plain, check: &Check) -> Option<Check> {
    let [value] = check.values[..] else { return None };
    scaled(ir, check, value).or_else(|| product(ir, check, value))
}

/// Of numbers times a scalar: the factors of both.
fn scaled(ir: &Plain, check: &Check, value: Value) -> Option<Check> {
    let Some(Lowering::Elementwise(Scalar::Binary(Binary::Mul))) = ir.lowering(value.node) else { return None };
    let [a, b] = ir.nodes[value.node].inputs[..] else { return None };
    let rank = |value: Value| ir.spec(value).shape.rank();
    let (numbers, one) = if rank(b) == 0 { (a, b) } else { (b, a) };
    if rank(one) > 0 || rank(numbers) == 0 {
        return None;
    }
    let of = |check: &Check| Check { values: smallvec![numbers], ..check.clone() };
    let mut check = product(ir, check, numbers).unwrap_or_else(|| of(check));
    check.values.push(one);
    Some(Check { scaled: true, ..check })
}

/// Of a product of matrices: both, where they are smaller than it.
fn product(ir: &Plain, check: &Check, value: Value) -> Option<Check> {
    let product = behind_views(ir, value);
    let Some(Lowering::Contract(contract)) = ir.lowering(product.node) else { return None };
    let Contract { a: Access::Matrix { transposed }, epilogue: Epilogue::NONE, .. } = *contract else { return None };
    let inputs = &ir.nodes[product.node].inputs;
    let (a, b) = (ir.spec(inputs[0]), ir.spec(inputs[1]));
    let size = |spec: &Spec| spec.shape.size();
    let terms = a.shape[a.shape.rank() - if transposed { 2 } else { 1 }];
    let smaller = size(a) + size(b) < size(ir.spec(product));
    smaller.then(|| Check { values: smallvec![inputs[0], inputs[1]], terms, ..check.clone() })
}

/// What a view shows all of, in another order.
fn behind_views(ir: &Plain, mut value: Value) -> Value {
    while let Some(Lowering::View(View::Reshape | View::Transpose(_))) = ir.lowering(value.node) {
        value = ir.nodes[value.node].inputs[0];
    }
    value
}
