//! Softmax over the last axis.

use crate::error::{Error, Result};
use crate::op::{
    Backward, ByRows, Declaration, End, Example, ExampleInput, Fault, Gradients, Inputs, Io, Kernel, Lowering, Op,
    Recipe, RowKernel, Site, Specs,
};
use crate::ops::elementwise::Takes;
use crate::ops::sum;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::element::Float;
use ferrograd_kernels::math::Compute;
use ferrograd_kernels::softmax::{Softmax as Rows, SoftmaxKind};
use smallvec::smallvec;
use std::marker::PhantomData;
use std::sync::Arc;

/// `yᵢ = eˣⁱ / Σⱼ eˣʲ` over the last axis.
#[derive(Clone, Copy, Debug)]
pub struct Softmax;

/// `eˣⁱ / Σⱼ eˣʲ` over the last axis.
///
/// # Errors
/// `ERR_SHAPE` for a scalar, `ERR_DTYPE` for other than floats.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    Tensor::apply(Softmax, &[x])
}

/// Checks what every op on rows of floats asks of its first input.
pub(crate) fn check_rows(op: &str, input: &Spec) -> Result<()> {
    Takes::Floats.check(op, input)?;
    if input.shape.rank() == 0 {
        return Err(Error::shape(format!("{op}: expected at least 1 axis, got a scalar")));
    }
    Ok(())
}

/// `shape`, which is no scalar's, as (rows, length of a row).
pub(crate) fn rows(shape: &Shape) -> [usize; 2] {
    let (cols, lead) = shape.split_last().expect("not a scalar");
    [lead.iter().product(), *cols]
}

/// The sum over the last axis, which is left as 1.
pub(crate) fn sum_rows(x: &Tensor) -> Result<Tensor> {
    sum(x, &[x.shape().rank() - 1], true)
}

/// Cases for a function of rows.
pub(crate) fn row_examples(op: Arc<dyn Op>) -> Vec<Example> {
    let case =
        |shape: &[usize]| Example { op: op.clone(), inputs: vec![ExampleInput::float(shape, -2.0..2.0)], smooth: true };
    vec![case(&[3, 5]), case(&[2, 2, 3]), case(&[4, 1]), case(&[17]), case(&[0, 3]), case(&[3, 0])]
}

/// The kernel of softmax or its logarithm.
pub(crate) fn lower_rows(name: &'static str, kind: SoftmaxKind, input: &Spec) -> Lowering {
    let [rows, cols] = rows(&input.shape);
    for_float!(input.dtype, T => {
        Lowering::Kernel(Box::new(Planned::<T> { name, kind, rows, cols, element: PhantomData }))
    })
}

/// What makes the kernel.
#[derive(Debug)]
struct Planned<T> {
    name: &'static str,
    kind: SoftmaxKind,
    rows: usize,
    cols: usize,
    element: PhantomData<T>,
}

impl<T: Float + Compute> Planned<T> {
    fn kernel(&self, site: &Site<'_>) -> Box<RowsKernel<T>> {
        let rows = Rows::new(self.rows, self.cols, self.kind, site.target.isa).expect("the rows are those of a tensor");
        Box::new(RowsKernel { name: self.name, rows, element: PhantomData })
    }
}

impl<T: Float + Compute> Recipe for Planned<T>
where
    Box<dyn ByRows<T>>: Into<RowKernel>,
{
    fn by_rows(&self, site: &Site<'_>) -> Option<RowKernel> {
        let kernel: Box<dyn ByRows<T>> = self.kernel(site);
        Some(kernel.into())
    }

    fn cpu(&self, site: &Site<'_>) -> Box<dyn Kernel> {
        self.kernel(site)
    }
}

struct RowsKernel<T> {
    name: &'static str,
    rows: Rows,
    element: PhantomData<fn(T)>,
}

impl<T: Float + Compute> Kernel for RowsKernel<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let y = io.output::<T>(0);
        self.rows.run(io.threads(), io.input::<T>(0), y, None);
        Ok(())
    }
}

impl<T: Float + Compute> ByRows<T> for RowsKernel<T> {
    fn starts(&self) -> Vec<usize> {
        self.rows.starts::<T>()
    }

    fn run_by_rows(&self, io: &Io<'_>, y: &mut [T], _: &mut [T], end: &End<'_, T>) {
        self.rows.run(io.threads(), io.input::<T>(0), y, Some(end));
    }
}

impl Op for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        check_rows("softmax", &inputs[0])?;
        Ok(smallvec![inputs[0].clone()])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        lower_rows("softmax", SoftmaxKind::Softmax, &inputs[0])
    }

    /// `dx = y · (dy − Σ dy·y)`
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (y, dy) = (node.y(), node.dy());
        Ok(smallvec![Some(y * (dy - sum_rows(&(dy * y))?))])
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "softmax",
    doc: "`yᵢ = eˣⁱ / Σⱼ eˣʲ` over the last axis.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &[],
    read: |_| Ok(Arc::new(Softmax)),
    examples: || row_examples(Arc::new(Softmax)),
};
