//! What reductions share: their axes, and the macro that declares one in a few lines.

use crate::error::Result;
use crate::op::{Attribute, AttributeKind, Example, ExampleInput, Op, encode_list};
use crate::shape::Shape;
use std::sync::Arc;

/// Which axes go, and what is left of them.
#[derive(Clone, Debug)]
pub struct Axes {
    /// The axes, negative ones counted from the end.
    pub axes: Vec<i64>,
    /// True leaves them as 1.
    pub keepdims: bool,
}

impl Axes {
    pub(crate) const ATTRIBUTES: &'static [Attribute] = &[
        Attribute { name: "axes", kind: AttributeKind::Ints, doc: "Which axes go, negative ones from the end." },
        Attribute { name: "keepdims", kind: AttributeKind::Bool, doc: "True leaves them as 1." },
    ];

    pub(crate) fn new(axes: &[usize], keepdims: bool) -> Axes {
        Axes { axes: axes.iter().map(|&axis| axis as i64).collect(), keepdims }
    }

    pub(crate) fn encode(&self) -> Vec<f64> {
        let mut out = Vec::new();
        encode_list(&mut out, &self.axes, |axis| axis as f64);
        out.push(f64::from(self.keepdims));
        out
    }

    /// The axes, checked, sorted and each once.
    pub(crate) fn resolve(&self, op: &str, shape: &Shape) -> Result<Vec<usize>> {
        let mut axes = self.axes.iter().map(|&axis| shape.axis(op, axis)).collect::<Result<Vec<_>>>()?;
        axes.sort_unstable();
        axes.dedup();
        Ok(axes)
    }
}

/// One case for each way to reduce, `empty` ones only where the reduction has a value over nothing.
pub(crate) fn reduction_examples(op: impl Fn(Axes) -> Arc<dyn Op>, empty: bool) -> Vec<Example> {
    let case = |shape: &[usize], axes: &[i64], keepdims| Example {
        op: op(Axes { axes: axes.to_vec(), keepdims }),
        inputs: vec![ExampleInput::float(shape, -2.0..2.0)],
        smooth: true,
    };
    let mut cases = vec![
        case(&[3, 5], &[0], false),
        case(&[3, 5], &[-1], true),
        case(&[2, 3, 4], &[1], false),
        case(&[2, 3, 4], &[0, 2], false),
        case(&[2, 3, 2], &[0, 1, 2], true),
        case(&[7], &[0], false),
        case(&[17, 1], &[0], false),
        case(&[3], &[], false),
        case(&[], &[], false),
        case(&[0, 3], &[1], false),
    ];
    if empty {
        cases.push(case(&[0, 3], &[0], false));
    }
    cases
}

/// Declares a reduction: its type, builder, declaration, gradient and examples.
///
/// The gradient is an expression in `x`, `y` and `dy` as `&Tensor`, the last two with the reduced axes as 1, and
/// `axes: &[usize]`.
macro_rules! reduction {
    (
        $type:ident, $build:ident, $name:literal, $doc:literal, $code:expr, over_nothing: $empty:literal,
        gradient: |$x:ident, $y:ident, $dy:ident, $axes:ident| $gradient:expr
    ) => {
        use crate::error::{Error, Result};
        use crate::op::{Backward, Declaration, Gradients, Inputs, Lowering, Op, Specs};
        use crate::ops::elementwise::Takes;
        use crate::ops::reduction::{Axes, reduction_examples};
        use crate::shape::Spec;
        use crate::tensor::Tensor;
        use smallvec::smallvec;
        use std::sync::Arc;

        #[doc = $doc]
        #[derive(Clone, Debug)]
        pub struct $type(pub Axes);

        #[doc = $doc]
        ///
        /// # Errors
        /// `ERR_SHAPE` where an axis is out of range, `ERR_DTYPE` for bool.
        pub fn $build(x: &Tensor, axes: &[usize], keepdims: bool) -> Result<Tensor> {
            Tensor::apply($type(Axes::new(axes, keepdims)), &[x])
        }

        impl Op for $type {
            fn name(&self) -> &'static str {
                $name
            }
            fn attributes(&self) -> Vec<f64> {
                self.0.encode()
            }
            fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
                Takes::Numbers.check($name, &inputs[0])?;
                let shape = &inputs[0].shape;
                let out = shape.reduced(&self.0.resolve($name, shape)?, self.0.keepdims);
                if !$empty && shape.size() == 0 && out.size() > 0 {
                    return Err(Error::shape(format!("{}: nothing to choose from in shape {shape}", $name)));
                }
                Ok(smallvec![Spec::new(out, inputs[0].dtype)])
            }
            fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
                let axes = self.0.resolve($name, &inputs[0].shape).expect("checked by infer");
                Lowering::Reduce { op: $code, axes, scale: None }
            }
            fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
                let $x = &node.inputs[0];
                let $axes: &[usize] = &self.0.resolve($name, $x.shape())?;
                let kept = $x.shape().reduced($axes, true);
                let ($y, $dy) = (&crate::ops::reshape(node.y(), &kept)?, &crate::ops::reshape(node.dy(), &kept)?);
                let _ = ($y, $dy);
                Ok(smallvec![Some($gradient)])
            }
        }

        pub(crate) const DECLARATION: Declaration = Declaration {
            name: $name,
            doc: $doc,
            inputs: Inputs::Named(&["x"]),
            outputs: 1,
            attributes: Axes::ATTRIBUTES,
            read: |reader| Ok(Arc::new($type(Axes { axes: reader.ints()?, keepdims: reader.bool()? }))),
            examples: || reduction_examples(|axes| Arc::new($type(axes)), $empty),
        };
    };
}
