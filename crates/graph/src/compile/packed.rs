//! Products with a matrix that is the same in many runs: it is packed once, and read as it was packed from then on.

use super::kernels::{Side, gemm_shape};
use super::lower::internal;
use crate::error::Result;
use crate::op::{Epilogue, Fault, Io, Kernel};
use crate::shape::Spec;
use ferrograd_kernels::element::{DType, Float};
use ferrograd_kernels::gemm::{EpilogueSpec, PackedGemm};
use ferrograd_kernels::target::Target;
use std::sync::Arc;

/// A product in two kernels.
pub(crate) struct Packed {
    /// From the right matrix to what the product reads in its place.
    pub pack: Box<dyn Kernel>,
    /// `activation(a · b + bias)` of `a`, what is packed, and the bias.
    pub product: Box<dyn Kernel>,
    /// Numbers that are packed.
    pub len: usize,
}

/// The product of two matrices, in two kernels; none for batches of them, or where packing is no gain.
pub(crate) fn packed_product(
    out: &Spec,
    (a, b): (&Side, &Side),
    epilogue: Epilogue,
    target: Target,
) -> Result<Option<Packed>> {
    if out.shape.rank() != 2 {
        return Ok(None);
    }
    match out.dtype {
        DType::F64 => packed::<f64>(out, (a, b), epilogue, target),
        DType::F32 | DType::I32 | DType::Bool => packed::<f32>(out, (a, b), epilogue, target),
    }
}

fn packed<T: Float>(out: &Spec, (a, b): (&Side, &Side), epilogue: Epilogue, target: Target) -> Result<Option<Packed>> {
    let shape = gemm_shape(&out.shape, a, b);
    let spec = EpilogueSpec::ending(epilogue.bias, epilogue.activation);
    let gemm = PackedGemm::<T>::new(shape, spec, target).map_err(|error| internal(format!("matmul: {error}")))?;
    Ok(gemm.map(Arc::new).map(|gemm| {
        let len = gemm.packed_len();
        let pack = Box::new(PackKernel { gemm: gemm.clone(), sizes: [shape.depth, shape.cols] });
        let product = Box::new(PackedKernel { gemm, epilogue, sizes: [shape.rows, shape.depth, shape.cols] });
        Packed { pack, product, len }
    }))
}

/// Packs the right matrix of a product.
struct PackKernel<T: Float> {
    gemm: Arc<PackedGemm<T>>,
    /// For profiles: depth, columns.
    sizes: [usize; 2],
}

impl<T: Float> Kernel for PackKernel<T> {
    fn name(&self) -> &'static str {
        "pack"
    }

    fn describe(&self) -> Option<String> {
        let [depth, cols] = self.sizes;
        Some(format!("{depth}×{cols}"))
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let packed = io.output::<T>(0);
        self.gemm.pack(io.threads(), io.input::<T>(0), packed);
        Ok(())
    }
}

/// `activation(a · b + bias)` of a `b` that is packed.
struct PackedKernel<T: Float> {
    gemm: Arc<PackedGemm<T>>,
    epilogue: Epilogue,
    /// For profiles: rows, depth, columns.
    sizes: [usize; 3],
}

impl<T: Float> Kernel for PackedKernel<T> {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn describe(&self) -> Option<String> {
        let [rows, depth, cols] = self.sizes;
        Some(format!("{rows}×{depth} · {depth}×{cols}, packed{}", self.epilogue.describe()))
    }

    fn flops(&self) -> Option<f64> {
        Some(self.sizes.iter().fold(2.0, |product, &size| product * size as f64))
    }

    fn workspace(&self) -> usize {
        self.gemm.workspace_len() * size_of::<T>()
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let (a, packed, c) = (io.input::<T>(0), io.input::<T>(1), io.output::<T>(0));
        let bias = self.epilogue.bias.then(|| io.input::<T>(2));
        let workspace = io.workspace_of::<T>();
        self.gemm.run(io.threads(), a, packed, bias, c, workspace);
        Ok(())
    }
}
