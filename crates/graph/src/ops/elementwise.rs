//! What elementwise ops share: dtype rules, broadcasting, and the macros that declare one in a few lines.

use crate::error::{Error, Result};
use crate::op::{Example, ExampleInput, Op, Specs};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::element::DType;
use smallvec::smallvec;
use std::ops::Range;
use std::sync::Arc;

/// The element types that an op takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Takes {
    /// `float32`, `float64`.
    Floats,
    /// Floats and `int32`.
    Numbers,
    /// `int32` only.
    Indices,
    /// `bool` only.
    Bools,
    /// All.
    Anything,
}

impl Takes {
    pub(crate) fn check(self, op: &str, input: &Spec) -> Result<()> {
        let (ok, expected) = match self {
            Takes::Floats => (input.dtype.is_float(), "float32 or float64"),
            Takes::Numbers => (input.dtype != DType::Bool, "numbers"),
            Takes::Indices => (input.dtype == DType::I32, "int32"),
            Takes::Bools => (input.dtype == DType::Bool, "bool"),
            Takes::Anything => (true, ""),
        };
        if ok { Ok(()) } else { Err(Error::dtype(format!("{op}: expected {expected}, got {input}"))) }
    }
}

pub(crate) fn infer_unary(op: &str, takes: Takes, out: Option<DType>, inputs: &[Spec]) -> Result<Specs> {
    takes.check(op, &inputs[0])?;
    Ok(smallvec![Spec::new(inputs[0].shape.clone(), out.unwrap_or(inputs[0].dtype))])
}

pub(crate) fn infer_binary(op: &str, takes: Takes, out: Option<DType>, inputs: &[Spec]) -> Result<Specs> {
    let [a, b] = inputs else { unreachable!("two inputs") };
    takes.check(op, a)?;
    if a.dtype != b.dtype {
        return Err(Error::dtype(format!("{op}: expected two tensors of one dtype, got {a} and {b}")));
    }
    Ok(smallvec![Spec::new(broadcast_shape(op, &a.shape, &b.shape)?, out.unwrap_or(a.dtype))])
}

pub(crate) fn broadcast_shape(op: &str, a: &Shape, b: &Shape) -> Result<Shape> {
    Shape::broadcast(a, b).ok_or_else(|| Error::shape(format!("{op}: shapes {a} and {b} do not broadcast")))
}

/// `x` summed over the axes along which a tensor of `shape` was broadcast to `x`'s shape.
///
/// # Errors
/// `ERR_SHAPE` where `shape` does not broadcast to `x`'s.
pub fn sum_to(x: &Tensor, shape: &Shape) -> Result<Tensor> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    if !shape.broadcasts_to(x.shape()) {
        return Err(Error::shape(format!("sum_to: {shape} does not broadcast to {}", x.shape())));
    }
    let new = x.shape().rank() - shape.rank();
    let grown = |axis: usize| axis < new || (shape[axis - new] == 1 && x.shape()[axis] != 1);
    let axes: Vec<usize> = (0..x.shape().rank()).filter(|&axis| grown(axis)).collect();
    super::reshape(&super::sum(x, &axes, false)?, shape)
}

fn example_input(takes: Takes, shape: &[usize], range: Range<f64>) -> ExampleInput {
    if takes == Takes::Bools { ExampleInput::boolean(shape) } else { ExampleInput::float(shape, range) }
}

pub(crate) fn unary_examples(op: Arc<dyn Op>, takes: Takes, ranges: &[Range<f64>], smooth: bool) -> Vec<Example> {
    let shapes: [&[usize]; 4] = [&[3, 5], &[], &[0], &[17]];
    let case = |shape: &[usize], range: &Range<f64>| {
        let inputs = vec![example_input(takes, shape, range.clone())];
        Example { op: op.clone(), inputs, smooth }
    };
    ranges.iter().flat_map(|range| shapes.map(|shape| case(shape, range))).collect()
}

pub(crate) fn binary_examples(op: Arc<dyn Op>, takes: Takes, ranges: [Range<f64>; 2], smooth: bool) -> Vec<Example> {
    let case = |a: &[usize], b: &[usize]| {
        let [ra, rb] = ranges.clone();
        Example { op: op.clone(), inputs: vec![example_input(takes, a, ra), example_input(takes, b, rb)], smooth }
    };
    vec![
        case(&[3, 5], &[3, 5]),
        case(&[3, 5], &[5]),
        case(&[3, 1], &[1, 4]),
        case(&[], &[2, 3]),
        case(&[], &[]),
        case(&[7, 2, 1], &[11]),
        case(&[0], &[1]),
    ]
}

/// Declares a unary elementwise op: its type, builder, declaration, gradient and examples.
///
/// The gradient is an expression in `x` (input), `y` (output) and `dy`, all `&Tensor`; `none` where there is none.
macro_rules! unary {
    (
        $type:ident, $build:ident, $name:literal, $doc:literal, $code:expr,
        takes: $takes:ident, out: $out:expr, ranges: [$($range:expr),+], smooth: $smooth:expr,
        gradient: |$x:ident, $y:ident, $dy:ident| $gradient:expr
    ) => {
        use crate::error::Result;
        use crate::op::{Backward, Declaration, Gradients, Inputs, Lowering, Op, Scalar, Specs};
        use crate::ops::elementwise::{Takes, infer_unary, unary_examples};
        use crate::shape::Spec;
        use crate::tensor::Tensor;

        #[doc = $doc]
        #[derive(Clone, Copy, Debug)]
        pub struct $type;

        #[doc = $doc]
        ///
        /// # Errors
        /// `ERR_DTYPE` for element types that it does not take.
        pub fn $build(x: &Tensor) -> Result<Tensor> {
            Tensor::apply($type, &[x])
        }

        impl Op for $type {
            fn name(&self) -> &'static str {
                $name
            }
            fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
                infer_unary($name, Takes::$takes, $out, inputs)
            }
            fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
                Lowering::Elementwise(Scalar::Unary($code))
            }
            fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
                let ($x, $y, $dy) = (&node.inputs[0], node.y(), node.dy());
                let _ = ($x, $y, $dy);
                let gradient: Option<Tensor> = $gradient;
                Ok(smallvec::smallvec![gradient])
            }
        }

        pub(crate) const DECLARATION: Declaration = Declaration {
            name: $name,
            doc: $doc,
            inputs: Inputs::Named(&["x"]),
            outputs: 1,
            attributes: &[],
            read: |_| Ok(std::sync::Arc::new($type)),
            examples: || unary_examples(std::sync::Arc::new($type), Takes::$takes, &[$($range),+], $smooth),
        };
    };
}

/// Declares a binary elementwise op with broadcasting.
///
/// The two gradient expressions see `a`, `b`, `y` and `dy`; they are summed to the inputs' shapes here.
macro_rules! binary {
    (
        $type:ident, $build:ident, $name:literal, $doc:literal, $code:expr,
        takes: $takes:ident, out: $out:expr, ranges: ($ra:expr, $rb:expr), smooth: $smooth:expr,
        gradient: |$a:ident, $b:ident, $y:ident, $dy:ident| ($ga:expr, $gb:expr)
    ) => {
        use crate::error::Result;
        use crate::op::{Backward, Declaration, Gradients, Inputs, Lowering, Op, Scalar, Specs};
        use crate::ops::elementwise::{Takes, binary_examples, infer_binary, sum_to};
        use crate::shape::Spec;
        use crate::tensor::Tensor;

        #[doc = $doc]
        #[derive(Clone, Copy, Debug)]
        pub struct $type;

        #[doc = $doc]
        ///
        /// # Errors
        /// `ERR_SHAPE` where the shapes do not broadcast, `ERR_DTYPE` where the dtypes differ or are not taken.
        pub fn $build(a: &Tensor, b: &Tensor) -> Result<Tensor> {
            Tensor::apply($type, &[a, b])
        }

        impl Op for $type {
            fn name(&self) -> &'static str {
                $name
            }
            fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
                infer_binary($name, Takes::$takes, $out, inputs)
            }
            fn lower(&self, _: &[Spec], _: &[Spec]) -> Lowering {
                Lowering::Elementwise(Scalar::Binary($code))
            }
            fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
                let ($a, $b, $y, $dy) = (&node.inputs[0], &node.inputs[1], node.y(), node.dy());
                let _ = ($a, $b, $y, $dy);
                let da: Option<Tensor> = if node.needs[0] { $ga } else { None };
                let db: Option<Tensor> = if node.needs[1] { $gb } else { None };
                let fit = |grad: Option<Tensor>, input: &Tensor| grad.map(|g| sum_to(&g, input.shape())).transpose();
                Ok(smallvec::smallvec![fit(da, $a)?, fit(db, $b)?])
            }
        }

        pub(crate) const DECLARATION: Declaration = Declaration {
            name: $name,
            doc: $doc,
            inputs: Inputs::Named(&["a", "b"]),
            outputs: 1,
            attributes: &[],
            read: |_| Ok(std::sync::Arc::new($type)),
            examples: || binary_examples(std::sync::Arc::new($type), Takes::$takes, [$ra, $rb], $smooth),
        };
    };
}
