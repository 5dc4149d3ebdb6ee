//! Products of matrices as steps of a plan, with the pass over their elements that follows them: it runs over each part of
//! the result while that is in the cache, on the thread that finished it.

use super::map::{OPERANDS, overlaps, reductions};
use super::{Fault, InPlace, Io, Kernel};
use crate::element::Float;
use crate::gemm::{BatchStrides, BatchedGemm, BiasAxis, EpilogueSpec, Gemm, GemmError, GemmShape, Part};
use crate::map::{Cut, Expr, Layout, MAX_OPERANDS, Map, MapInput, MapOutput, MapType, OutputKind, Piece};
use crate::target::Target;

/// The step's inputs before those of the pass: `a` and `b`.
pub(super) const SIDES: usize = 2;

/// Bytes of partial results of reductions that are worth not going over the product again, and their share of its bytes.
const FEW_PARTIALS: usize = 1024 * 1024;
const PARTIALS: usize = 4;

/// Where the matrices of a batch start in `a` and `b`, in elements; the results follow each other.
pub enum Batch {
    /// So many matrices, at fixed distances.
    Regular(usize, BatchStrides),
    /// At any place.
    Scattered(Vec<(usize, usize)>),
}

impl Batch {
    fn count(&self) -> usize {
        match self {
            Batch::Regular(count, _) => *count,
            Batch::Scattered(starts) => starts.len(),
        }
    }
}

/// A pass over the elements of a product: what [`Map`] takes, and which of its inputs the product is.
#[derive(Clone, Debug)]
pub struct Pass {
    /// The product's shape, batch axes first.
    pub shape: Vec<usize>,
    /// What is computed.
    pub expr: Expr,
    /// What it reads.
    pub inputs: Vec<MapInput>,
    /// What it writes.
    pub outputs: Vec<MapOutput>,
    /// The input that is the product.
    pub product: usize,
    /// Bit `i` is set where the product may wait in the memory of output `i` until the pass has run: one that takes the
    /// place of nothing that the pass reads.
    pub hosts: u64,
}

/// `y = pass(a · b, …)` for each matrix of a batch. The step's inputs are `a`, `b`, then those of the pass without the
/// product; its outputs are the pass's, or without one the product.
pub struct ProductKernel<T: Float + MapType> {
    products: Products<T>,
    /// Which input of the pass each row of the product starts from, and where in it.
    bias: Option<(usize, usize)>,
    end: Option<End<T>>,
    /// For profiles: products, rows, depth, columns, and what follows.
    sizes: [usize; 4],
    functions: Vec<&'static str>,
}

enum Products<T: Float> {
    Regular(BatchedGemm<T>),
    Scattered { gemm: Gemm<T>, starts: Vec<(usize, usize)>, out_size: usize },
}

/// What follows a product.
struct End<T: MapType> {
    /// The pass, without what the product does by itself; none where nothing is left of it.
    map: Option<Map<T>>,
    product: usize,
    inputs: usize,
    /// The output in whose memory the product waits.
    host: usize,
    /// Whether the product is what that output is to be.
    hosted: bool,
    /// Bit `j` of entry `i`: output `j` may lie on input `i` of the pass.
    overlaps: Vec<u64>,
    units: usize,
    cols: usize,
    bytes: usize,
}

impl<T: Float + MapType> ProductKernel<T> {
    /// The products alone.
    ///
    /// # Errors
    /// Those of [`Gemm::new`].
    pub fn new(batch: &Batch, shape: GemmShape, target: Target) -> Result<ProductKernel<T>, GemmError> {
        let products = Products::new(batch, shape, EpilogueSpec::default(), target)?;
        Ok(ProductKernel { products, bias: None, end: None, sizes: sizes(batch, &shape), functions: Vec::new() })
    }

    /// The products and the pass over their elements; none where the two do not go together: a pass that joins along the
    /// rows of the product, or that leaves the product no memory to wait in.
    pub fn with_pass(batch: &Batch, shape: GemmShape, pass: &Pass, target: Target) -> Option<ProductKernel<T>> {
        let Pass { inputs, outputs, product, .. } = pass;
        if inputs.len() > OPERANDS || outputs.len() > OPERANDS || inputs[*product].dtype != T::DTYPE {
            return None;
        }
        let is_row = |i: usize| inputs[i].dtype == T::DTYPE && is_row(&inputs[i].layout, &pass.shape);
        let (expr, row) = match pass.expr.without_row(outputs, *product, is_row) {
            Some((expr, row)) => (expr, Some(row)),
            None => (pass.expr.clone(), None),
        };
        let (host, hosted) = host::<T>(pass, &expr)?;
        let spec = EpilogueSpec { bias: row.map(|_| BiasAxis::PerColumn), ..EpilogueSpec::default() };
        let products = Products::<T>::new(batch, shape, spec, target).ok()?;
        let Products::Regular(gemm) = &products else { return None };
        let mut functions = expr.functions();
        functions.extend(reductions(outputs));
        let end = End::new(pass, expr, (host, hosted, row), gemm.parts(), target)?;
        let bias = row.map(|row| (row, inputs[row].layout.offset));
        Some(ProductKernel { products, bias, end: Some(end), sizes: sizes(batch, &shape), functions })
    }
}

impl<T: Float> Products<T> {
    fn new(batch: &Batch, shape: GemmShape, spec: EpilogueSpec, target: Target) -> Result<Products<T>, GemmError> {
        Ok(match batch {
            Batch::Regular(count, strides) => {
                Products::Regular(BatchedGemm::new(*count, *strides, shape, spec, target)?)
            }
            Batch::Scattered(starts) => Products::Scattered {
                gemm: Gemm::new(shape, spec, target)?,
                starts: starts.clone(),
                out_size: shape.rows * shape.cols,
            },
        })
    }

    fn workspace_len(&self) -> usize {
        match self {
            Products::Regular(gemm) => gemm.workspace_len(),
            Products::Scattered { gemm, .. } => gemm.workspace_len(),
        }
    }
}

impl<T: Float + MapType> End<T> {
    fn new(
        pass: &Pass,
        expr: Expr,
        (host, hosted, row): (usize, bool, Option<usize>),
        (units, whole): (usize, bool),
        target: Target,
    ) -> Option<End<T>> {
        let Pass { shape, inputs, outputs, product, .. } = pass;
        let overlap = |(i, input): (usize, &MapInput)| {
            if Some(i) == row { 0 } else { overlaps(shape, input, outputs) & !(1 << host) }
        };
        let overlaps = inputs.iter().enumerate().map(overlap).collect();
        let cols = shape.last().copied().unwrap_or(1);
        let mut left = outputs.clone();
        if hosted {
            left.remove(host);
        }
        let cut = if whole { Cut::Rows(cols) } else { Cut::Anywhere };
        let map = match left.is_empty() {
            true => None,
            false => Some(Map::cut(shape, expr, inputs.clone(), left, target.isa, cut).ok()?),
        };
        let bytes = map.as_ref().map_or(0, |map| map.pieces_workspace(units).next_multiple_of(64));
        let product_bytes = shape.iter().product::<usize>() * size_of::<T>();
        let fits = bytes <= FEW_PARTIALS + product_bytes / PARTIALS;
        let takes = map.as_ref().is_none_or(Map::takes_pieces);
        let (product, inputs) = (*product, inputs.len());
        (fits && takes).then_some(End { map, product, inputs, host, hosted, overlaps, units, cols, bytes })
    }

    /// The addresses of the pass, the product in the memory of its host.
    fn addresses(&self, given: &[*mut u8]) -> Addresses {
        let [workspace, _, _, operands @ ..] = given else { unreachable!("a workspace and two sides") };
        let (inputs, outputs) = operands.split_at(self.inputs - 1);
        let (before, after) = inputs.split_at(self.product);
        let (first, rest) = outputs.split_at(self.host);
        let rest = if self.hosted { &rest[1..] } else { rest };
        let mut addresses = Addresses { at: [*workspace; 1 + MAX_OPERANDS], len: 1 };
        let host = [outputs[self.host]];
        for list in [before, &host, after, first, rest] {
            addresses.add(list);
        }
        addresses
    }
}

/// Addresses that the threads share: the pass's workspace, inputs, outputs.
struct Addresses {
    at: [*mut u8; 1 + MAX_OPERANDS],
    len: usize,
}

impl Addresses {
    fn add(&mut self, list: &[*mut u8]) {
        self.at[self.len..][..list.len()].copy_from_slice(list);
        self.len += list.len();
    }

    fn list(&self) -> &[*mut u8] {
        &self.at[..self.len]
    }
}

// Safety: each part of the product is taken by one thread, which reads and writes only that part's elements.
unsafe impl Sync for Addresses {}

/// Products, rows, depth, columns.
fn sizes(batch: &Batch, shape: &GemmShape) -> [usize; 4] {
    [batch.count(), shape.rows, shape.depth, shape.cols]
}

/// One number per column, side by side, the same for all rows.
fn is_row(layout: &Layout, shape: &[usize]) -> bool {
    let Some((&last, rest)) = layout.strides.split_last() else { return false };
    let one = |axis: usize| shape[axis] == 1;
    (last == 1 || one(rest.len())) && rest.iter().enumerate().all(|(axis, &stride)| stride == 0 || one(axis))
}

/// The output in whose memory the product waits, and whether it is that output.
fn host<T: Float>(pass: &Pass, expr: &Expr) -> Option<(usize, bool)> {
    let may = |(i, output): &(usize, &MapOutput)| {
        pass.hosts >> i & 1 == 1 && output.dtype == T::DTYPE && output.kind == OutputKind::Store
    };
    let hosts = || pass.outputs.iter().enumerate().filter(may);
    let same = hosts().find(|(_, output)| expr.stores(output, pass.product));
    same.map(|(i, _)| (i, true)).or_else(|| hosts().next().map(|(i, _)| (i, false)))
}

impl<T: Float + MapType> Kernel for ProductKernel<T> {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn describe(&self) -> Option<String> {
        let [count, rows, depth, cols] = self.sizes;
        let count = if count == 1 { String::new() } else { format!("{count} of ") };
        let bias = if self.bias.is_some() { " + bias" } else { "" };
        let functions = self.functions.join(" ");
        let comma = if functions.is_empty() { "" } else { ", " };
        Some(format!("{count}{rows}×{depth} · {depth}×{cols}{bias}{comma}{functions}"))
    }

    fn flops(&self) -> Option<f64> {
        Some(self.sizes.iter().fold(2.0, |product, &size| product * size as f64))
    }

    fn workspace(&self) -> usize {
        self.end.as_ref().map_or(0, |end| end.bytes) + self.products.workspace_len() * size_of::<T>()
    }

    fn in_place(&self, input: usize, output: usize) -> Option<InPlace> {
        let (end, of_pass) = (self.end.as_ref()?, input.checked_sub(SIDES)?);
        let of_pass = of_pass + usize::from(of_pass >= end.product);
        (end.overlaps[of_pass] >> output & 1 == 1).then_some(InPlace(()))
    }

    fn run(&self, io: &mut Io<'_>) -> Result<(), Fault> {
        let (a, b) = (io.input::<T>(0), io.input::<T>(1));
        match (&self.products, &self.end) {
            (Products::Scattered { gemm, starts, out_size }, _) => {
                let (c, workspace) = (io.output::<T>(0), io.workspace_of::<T>());
                for (&(start_a, start_b), c) in starts.iter().zip(c.chunks_mut((*out_size).max(1))) {
                    gemm.run(io.threads(), &a[start_a..], &b[start_b..], None, c, workspace);
                }
            }
            (Products::Regular(gemm), None) => {
                gemm.run(io.threads(), a, b, None, io.output::<T>(0), io.workspace_of::<T>());
            }
            (Products::Regular(gemm), Some(end)) => {
                let bias = self
                    .bias
                    .map(|(input, offset)| &io.input::<T>(SIDES + input - usize::from(input > end.product))[offset..]);
                self.run_to_end(io, gemm, (a, b, bias), end);
            }
        }
        Ok(())
    }
}

impl<T: Float + MapType> ProductKernel<T> {
    fn run_to_end(&self, io: &mut Io<'_>, gemm: &BatchedGemm<T>, sides: (&[T], &[T], Option<&[T]>), end: &End<T>) {
        let memory = &end.addresses(io.addresses());
        // The pass's workspace comes first.
        let workspace = &mut io.workspace_of::<T>()[end.bytes / size_of::<T>()..];
        let c = memory.at[1 + end.product].cast::<T>();
        let Some(map) = &end.map else {
            // Safety: as below.
            return unsafe { gemm.run_to(io.threads(), sides, c, workspace, &|_: &Part<T>| {}) };
        };
        // Safety: as for `MapKernel`: the operands lie inside their spaces, and overlap only where `in_place` says so, which
        // is never where the product waits; each part is handed out once, and the parts of a unit one after the other.
        unsafe {
            if self.sizes[0] * self.sizes[1] * self.sizes[3] == 0 {
                return map.run_at(io.threads(), memory.list());
            }
            map.begin_pieces(memory.list(), end.units);
            gemm.run_to(io.threads(), sides, c, workspace, &|part: &Part<T>| {
                map.take_piece(memory.list(), &Piece::of(&part.rows, &part.cols, end.cols, part.unit));
            });
            map.finish_pieces(memory.list(), end.units);
        }
    }
}
