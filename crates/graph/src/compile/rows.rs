//! A product of matrices that finishes blocks of its rows, for the pass that ends it.

use super::kernels::{Side, batch_axes, gemm_shape};
use crate::op::{Epilogue, Fault, Io, Kernel, RowKernel};
use crate::shape::Spec;
use ferrograd_kernels::element::{DType, Float};
use ferrograd_kernels::exec::{ByRows, End};
use ferrograd_kernels::gemm::{EpilogueSpec, GemmShape, RowsGemm, one_product};
use ferrograd_kernels::target::Target;

/// The product block by block; none where its shape is better cut otherwise, or it is more than one matrix.
pub(crate) fn product_by_rows(
    out: &Spec,
    (a, b): (&Side, &Side),
    epilogue: Epilogue,
    target: Target,
) -> Option<RowKernel> {
    let shape = one_product(&batch_axes(&out.shape, a, b), gemm_shape(&out.shape, a, b))?;
    match out.dtype {
        DType::F32 => RowsKernel::<f32>::boxed(shape, epilogue, target).map(RowKernel::F32),
        DType::F64 => RowsKernel::<f64>::boxed(shape, epilogue, target).map(RowKernel::F64),
        DType::I32 | DType::Bool => None,
    }
}

/// `activation(a · b + bias)`.
struct RowsKernel<T: Float> {
    product: RowsGemm<T>,
    epilogue: Epilogue,
}

impl<T: Float> RowsKernel<T> {
    fn boxed(shape: GemmShape, epilogue: Epilogue, target: Target) -> Option<Box<dyn ByRows<T>>> {
        let spec = EpilogueSpec::ending(epilogue.bias, epilogue.activation);
        let product = RowsGemm::new(shape, spec, target).ok()??;
        Some(Box::new(RowsKernel { product, epilogue }))
    }
}

impl<T: Float> Kernel for RowsKernel<T> {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn describe(&self) -> Option<String> {
        let GemmShape { rows, cols, depth, .. } = self.product.shape();
        Some(format!("{rows}×{depth} · {depth}×{cols}{}", self.epilogue.describe()))
    }

    fn flops(&self) -> Option<f64> {
        let GemmShape { rows, cols, depth, .. } = self.product.shape();
        Some([rows, cols, depth].iter().fold(2.0, |product, &&size| product * size as f64))
    }

    fn workspace(&self) -> usize {
        self.product.workspace_len() * size_of::<T>()
    }

    fn run(&self, io: &mut Io<'_>) -> Result<(), Fault> {
        let (y, workspace) = (io.output::<T>(0), io.workspace_of::<T>());
        self.run_by_rows(io, y, workspace, &|_| {});
        Ok(())
    }
}

impl<T: Float> ByRows<T> for RowsKernel<T> {
    fn starts(&self) -> Vec<usize> {
        self.product.starts()
    }

    fn run_by_rows(&self, io: &Io<'_>, y: &mut [T], workspace: &mut [T], end: &End<'_, T>) {
        let bias = self.epilogue.bias.then(|| io.input::<T>(2));
        let operands = (io.input::<T>(0), io.input::<T>(1), bias);
        self.product.run(io.threads(), operands, y, workspace, end);
    }
}
