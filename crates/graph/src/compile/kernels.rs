//! The kernels that the compiler itself calls: passes, products, the guard.

use super::lower::internal;
use crate::error::Result;
use crate::op::{Fault, Io, Kernel, Layout};
use crate::shape::{Shape, Spec};
use ferrograd_kernels::element::{DType, Element, Float};
use ferrograd_kernels::exec::{Batch, MapKernel, Pass, ProductKernel, ProductMapKernel};
use ferrograd_kernels::gemm::{BatchStrides, GemmShape, Operand, takes_tiles};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::map::{Expr, MapInput, MapOutput, MapType};
use ferrograd_kernels::target::Target;
use std::marker::PhantomData;

/// A pass over elements of `shape`, computed in `compute`.
pub(crate) fn map_kernel(
    compute: DType,
    shape: &Shape,
    expr: Expr,
    inputs: Vec<MapInput>,
    outputs: Vec<MapOutput>,
    isa: Isa,
) -> Result<Box<dyn Kernel>> {
    let wrong = |error| internal(format!("pass over {shape}: {error}"));
    Ok(match compute {
        DType::F32 => Box::new(MapKernel::<f32>::new(shape, expr, inputs, outputs, isa).map_err(wrong)?),
        DType::F64 => Box::new(MapKernel::<f64>::new(shape, expr, inputs, outputs, isa).map_err(wrong)?),
        DType::I32 => Box::new(MapKernel::<i32>::new(shape, expr, inputs, outputs, isa).map_err(wrong)?),
        DType::Bool => return Err(internal("no pass computes in bool".into())),
    })
}

/// An operand: its layout, its shape, whether its last two axes are read swapped.
pub(crate) type Side = (Layout, Shape, bool);

/// The products of the operands' last two axes, for each batch index.
pub(crate) fn product_kernel(out: &Spec, a: &Side, b: &Side, target: Target) -> Result<Box<dyn Kernel>> {
    let (batch, shape) = (batch(&out.shape, a, b), gemm_shape(&out.shape, a, b));
    let wrong = |error| internal(format!("matmul: {error}"));
    Ok(match out.dtype {
        DType::F64 => Box::new(ProductKernel::<f64>::new(&batch, shape, target).map_err(wrong)?),
        DType::F32 | DType::I32 | DType::Bool => {
            Box::new(ProductKernel::<f32>::new(&batch, shape, target).map_err(wrong)?)
        }
    })
}

/// The same with the pass over their elements; none where the kernels have no way to run them together.
pub(crate) fn ended_product_kernel(
    out: &Spec,
    (a, b): (&Side, &Side),
    pass: &Pass,
    target: Target,
) -> Option<Box<dyn Kernel>> {
    let (batch, shape) = (batch(&out.shape, a, b), gemm_shape(&out.shape, a, b));
    match out.dtype {
        DType::F32 => ended::<f32>(&batch, shape, pass, target, takes_tiles(&shape, target)),
        DType::F64 => ended::<f64>(&batch, shape, pass, target, false),
        DType::I32 | DType::Bool => None,
    }
}

/// By way of the pass's own result, or else of nothing but parts, where that pays. On a matrix unit the product is worth
/// more than what storing it costs.
fn ended<T: Float + MapType>(
    batch: &Batch,
    shape: GemmShape,
    pass: &Pass,
    target: Target,
    on_unit: bool,
) -> Option<Box<dyn Kernel>> {
    if let Some(kernel) = ProductKernel::<T>::with_pass(batch, shape, pass, target) {
        return Some(Box::new(kernel));
    }
    if on_unit || !ProductMapKernel::<T>::pays(&shape) {
        return None;
    }
    Some(Box::new(ProductMapKernel::<T>::new(shape, pass, target)?))
}

/// Where the matrices of each batch index start.
fn batch(out: &Shape, a: &Side, b: &Side) -> Batch {
    let axes = Shape::new(&out[..out.rank() - 2]);
    let result = out[out.rank() - 2] * out[out.rank() - 1];
    let starts: Vec<(usize, usize)> = starts(&axes, a).into_iter().zip(starts(&axes, b)).collect();
    match regular(&starts) {
        Some((a, b)) => Batch::Regular(starts.len(), BatchStrides { a, b, c: result }),
        None => Batch::Scattered(starts),
    }
}

/// The distances between the matrices, where they are the same throughout.
fn regular(starts: &[(usize, usize)]) -> Option<(usize, usize)> {
    let (a, b) = starts.get(1).copied().unwrap_or((0, 0));
    starts.iter().enumerate().all(|(index, &start)| start == (index * a, index * b)).then_some((a, b))
}

/// The product of the operands' last two axes.
fn gemm_shape(out: &Shape, a: &Side, b: &Side) -> GemmShape {
    let (rows, cols) = (out[out.rank() - 2], out[out.rank() - 1]);
    let depth = a.1[a.1.rank() - if a.2 { 2 } else { 1 }];
    GemmShape { rows, cols, depth, a: matrix(a), b: matrix(b), c_row_stride: cols }
}

fn matrix((layout, shape, transposed): &Side) -> Operand {
    let stride = |axis: usize| if shape[axis] == 1 { 0 } else { layout.strides[axis] };
    let (row_stride, col_stride) = (stride(shape.rank() - 2), stride(shape.rank() - 1));
    let operand = Operand { row_stride, col_stride };
    if *transposed { operand.transposed() } else { operand }
}

/// The first element of the operand's matrix for each index of `batch`, in row-major order.
fn starts(batch: &Shape, (layout, shape, _): &Side) -> Vec<usize> {
    let own = Shape::new(&shape[..shape.rank() - 2]);
    let view = Layout { offset: 0, strides: layout.strides[..own.rank()].to_vec() };
    let strides = super::layout::broadcast(&view, &own, batch).strides;
    let start = |index: usize| {
        let mut rest = index;
        let axes = (0..batch.rank()).rev().map(|axis| {
            let position = rest % batch[axis];
            rest /= batch[axis];
            position * strides[axis] as usize
        });
        axes.sum()
    };
    (0..batch.size()).map(start).collect()
}

/// Stops the run where its scalar is not finite.
pub(crate) struct GuardKernel<T>(PhantomData<T>);

impl GuardKernel<f32> {
    /// The guard for a float of `dtype`.
    pub(crate) fn boxed(dtype: DType) -> Box<dyn Kernel> {
        match dtype {
            DType::F64 => Box::new(GuardKernel::<f64>(PhantomData)),
            DType::F32 | DType::I32 | DType::Bool => Box::new(GuardKernel::<f32>(PhantomData)),
        }
    }
}

impl<T: Float + Element> Kernel for GuardKernel<T> {
    fn name(&self) -> &'static str {
        "guard"
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let value = io.input::<T>(0)[0];
        if value.is_finite() { Ok(()) } else { Err(Fault::NonFinite { value: value.to_f64() }) }
    }
}
