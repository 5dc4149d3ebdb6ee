//! What running sums and products share.

use crate::error::Result;
use crate::op::{Attribute, AttributeKind, Example, ExampleInput, Lowering, Op, Reader, Specs};
use crate::ops::elementwise::Takes;
use crate::ops::kernel::kernel;
use crate::ops::take_along_axis::around;
use crate::shape::Spec;
use ferrograd_kernels::dispatch;
use ferrograd_kernels::scan::{Join, Scan as Kernel};
use smallvec::smallvec;
use std::sync::Arc;

/// Along which axis, and how.
#[derive(Clone, Copy, Debug)]
pub struct Scan {
    /// The axis, negative ones counted from the end.
    pub axis: i64,
    /// True begins at the end.
    pub reverse: bool,
    /// True leaves out the element itself.
    pub exclusive: bool,
}

impl Scan {
    pub(crate) const ATTRIBUTES: &'static [Attribute] = &[
        Attribute { name: "axis", kind: AttributeKind::Int, doc: "The axis, negative from the end." },
        Attribute { name: "reverse", kind: AttributeKind::Bool, doc: "True begins at the end." },
        Attribute { name: "exclusive", kind: AttributeKind::Bool, doc: "True leaves out the element itself." },
    ];

    pub(crate) fn encode(self) -> Vec<f64> {
        vec![self.axis as f64, f64::from(self.reverse), f64::from(self.exclusive)]
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Scan> {
        Ok(Scan { axis: reader.int()?, reverse: reader.bool()?, exclusive: reader.bool()? })
    }

    pub(crate) fn infer(self, op: &str, inputs: &[Spec]) -> Result<Specs> {
        Takes::Numbers.check(op, &inputs[0])?;
        inputs[0].shape.axis(op, self.axis)?;
        Ok(smallvec![inputs[0].clone()])
    }

    pub(crate) fn lower(self, op: &'static str, join: Join, input: &Spec) -> Lowering {
        let axis = input.shape.axis(op, self.axis).expect("checked by infer");
        let [outer, len, inner] = around(&input.shape, axis);
        let scan = Kernel::new((outer, len, inner), join, self.reverse, self.exclusive).expect("checked by infer");
        dispatch!(input.dtype, T: Number => kernel(op, move |io| {
            let y = io.output::<T>(0);
            scan.run(io.threads(), io.input::<T>(0), y);
            Ok(())
        }))
    }

    pub(crate) fn examples(op: impl Fn(Scan) -> Arc<dyn Op>) -> Vec<Example> {
        let case = |shape: &[usize], axis, reverse, exclusive| Example {
            op: op(Scan { axis, reverse, exclusive }),
            inputs: vec![ExampleInput::float(shape, -2.0..2.0)],
            smooth: true,
        };
        vec![
            case(&[7], 0, false, false),
            case(&[3, 5], -1, true, false),
            case(&[5, 3], 0, false, true),
            case(&[2, 3, 4], 1, true, true),
            case(&[3, 1], 1, false, true),
            case(&[3, 0], 1, true, false),
        ]
    }
}
