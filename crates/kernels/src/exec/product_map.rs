//! A product and the elementwise pass that follows it, as one step of a plan: the pass runs over each part of the
//! product while that is in the cache, and the product itself is never stored.

use super::map::{OPERANDS, overlaps};
use super::{Fault, InPlace, Io, Kernel};
use crate::element::Float;
use crate::gemm::{Beside, BlockwiseGemm, GemmShape, Part};
use crate::map::{Expr, MAX_OPERANDS, Map, MapInput, MapOutput, MapType};
use crate::target::Target;

/// The steps' inputs before those of the pass: `a` and `b`.
const SIDES: usize = 2;

/// A [`Map`] of a product and of other inputs. The step's inputs are `a`, `b`, then those of the pass without the
/// product; its outputs are the pass's.
pub struct ProductMapKernel<T: Float + MapType> {
    gemm: BlockwiseGemm<T>,
    map: Map<T>,
    /// Which input of the pass is the product.
    product: usize,
    inputs: usize,
    /// Bit `j` of entry `i`: output `j` may lie on input `i` of the pass.
    overlaps: Vec<u64>,
    /// The inputs that lie as the product does: read element by element beside it.
    beside: Vec<usize>,
    map_bytes: usize,
    /// The names of the pass's functions.
    functions: Vec<&'static str>,
}

impl<T: Float + MapType> ProductMapKernel<T> {
    /// Whether running the two together is worth it: the product is too large to stay in the cache.
    pub fn pays(shape: &GemmShape) -> bool {
        BlockwiseGemm::<T>::pays(shape)
    }

    /// The product of `shape` and the pass over it; none where the two do not go together: a pass that reduces or
    /// broadcasts, a product that is not worth cutting.
    pub fn new(
        shape: GemmShape,
        expr: Expr,
        inputs: Vec<MapInput>,
        outputs: Vec<MapOutput>,
        product: usize,
        target: impl Into<Target>,
    ) -> Option<ProductMapKernel<T>> {
        let iteration = [shape.rows, shape.cols];
        let overlaps: Vec<u64> = inputs.iter().map(|input| overlaps(&iteration, input, &outputs)).collect();
        let beside = |(i, input): (usize, &MapInput)| i != product && overlaps[i] != 0 && input.dtype == T::DTYPE;
        let beside = inputs.iter().enumerate().filter(|&pair| beside(pair)).map(|(i, _)| i).collect();
        let (input_count, output_count) = (inputs.len(), outputs.len());
        if input_count > OPERANDS || output_count > OPERANDS || inputs[product].dtype != T::DTYPE {
            return None;
        }
        let target = target.into();
        let gemm = BlockwiseGemm::new(shape, target).ok()??;
        let functions = expr.functions();
        let map = Map::new(&iteration, expr, inputs, outputs, target.isa).ok()?;
        let map_bytes = map.workspace_len().next_multiple_of(64);
        map.is_pointwise().then_some(ProductMapKernel {
            gemm,
            map,
            product,
            inputs: input_count,
            overlaps,
            beside,
            map_bytes,
            functions,
        })
    }
}

/// Addresses that the threads share: the pass's workspace, inputs, outputs.
struct Addresses {
    at: [*mut u8; 1 + MAX_OPERANDS],
    len: usize,
}

// Safety: each part of the product is taken by one thread, which reads and writes only that part's elements.
unsafe impl Sync for Addresses {}

impl<T: Float + MapType> ProductMapKernel<T> {
    /// The addresses of a step, with nothing yet where the product is read.
    fn addresses(&self, given: &[*mut u8]) -> Addresses {
        let [workspace, _, _, operands @ ..] = given else { unreachable!("a workspace and two sides") };
        let (before, after) = operands.split_at(self.product);
        let mut addresses = Addresses { at: [*workspace; 1 + MAX_OPERANDS], len: 2 + operands.len() };
        addresses.at[1..][..before.len()].copy_from_slice(before);
        addresses.at[2 + before.len()..][..after.len()].copy_from_slice(after);
        addresses
    }

    /// The pass over one part of the product.
    ///
    /// # Safety
    /// The addresses are those of this step, and nobody else has the part.
    unsafe fn take(&self, memory: &Addresses, part: &Part<T>) {
        let cols = self.gemm.shape().cols;
        let mut at = memory.at;
        let mut stretch = |start: usize, len: usize, from: *const T| {
            at[1 + self.product] = from.wrapping_sub(start).cast_mut().cast();
            // Safety: the caller's promise; the stretch lies inside the part.
            unsafe { self.map.run_stretch(&at[..memory.len], 0, start..start + len) };
        };
        if part.row_stride == cols {
            return stretch(part.rows.start * cols, part.rows.len() * cols, part.start);
        }
        for (i, row) in part.rows.clone().enumerate() {
            stretch(row * cols + part.cols.start, part.cols.len(), part.start.wrapping_add(i * part.row_stride));
        }
    }
}

impl<T: Float + MapType> Kernel for ProductMapKernel<T> {
    fn name(&self) -> &'static str {
        "matmul+map"
    }

    fn describe(&self) -> Option<String> {
        let GemmShape { rows, cols, depth, .. } = self.gemm.shape();
        Some(format!("{rows}×{depth} · {depth}×{cols}, then {}", self.functions.join(" ")))
    }

    fn flops(&self) -> Option<f64> {
        let GemmShape { rows, cols, depth, .. } = self.gemm.shape();
        Some(2.0 * *rows as f64 * *cols as f64 * *depth as f64)
    }

    fn workspace(&self) -> usize {
        self.map_bytes + self.gemm.workspace_len() * size_of::<T>()
    }

    fn in_place(&self, input: usize, output: usize) -> Option<InPlace> {
        let of_pass = input.checked_sub(SIDES)?;
        let of_pass = of_pass + usize::from(of_pass >= self.product);
        (self.overlaps[of_pass] >> output & 1 == 1).then_some(InPlace(()))
    }

    fn run(&self, io: &mut Io<'_>) -> Result<(), Fault> {
        let (a, b) = (io.input::<T>(0), io.input::<T>(1));
        let memory = &self.addresses(io.addresses());
        let operands = &memory.at[1..memory.len];
        // The pass's workspace comes first.
        let workspace = &mut io.workspace_of::<T>()[self.map_bytes / size_of::<T>()..];
        let mut beside = [Beside { start: std::ptr::null(), written: false }; OPERANDS];
        for (&i, matrix) in self.beside.iter().zip(&mut beside) {
            let start = operands[i];
            let written = io.threads().count() > 1 && operands[self.inputs..].contains(&start);
            *matrix = Beside { start: start.cast(), written };
        }
        let beside = &beside[..self.beside.len()];
        // Safety: as for `MapKernel`: the operands lie inside their spaces, and overlap only where `in_place` says so;
        // the product is read nowhere but in the part that is handed over.
        unsafe {
            self.map.prepare(&memory.at[..memory.len]);
            self.gemm.run(io.threads(), (a, b), workspace, beside, &|part| self.take(memory, part));
        }
        Ok(())
    }
}
