//! The kernels that the compiler itself calls: passes, products, the guard.

use super::lower::internal;
use crate::error::Result;
use crate::op::{Epilogue, Fault, GroupKernel, Io, Kernel, Layout, RowKernel};
use crate::shape::{Shape, Spec};
use ferrograd_kernels::copy::StridedCopy;
use ferrograd_kernels::element::{DType, Element, Float};
use ferrograd_kernels::exec::{EndedKernel, GroupedKernel, MapKernel, Pass, ProductMapKernel};
use ferrograd_kernels::finite::{FloatBits, are_finite, first_non_finite, largest_size};
use ferrograd_kernels::gemm::{BatchAxis, BatchedGemm, EpilogueSpec, GemmShape, Operand, takes_tiles};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::map::{Expr, MapInput, MapOutput, MapType};
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

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
    if compute == DType::Bool {
        return Err(internal("no pass computes in bool".into()));
    }
    Ok(for_number!(compute, T => Box::new(MapKernel::<T>::new(shape, expr, inputs, outputs, isa).map_err(wrong)?)))
}

/// A copy of elements whose neighbours lie apart: block by block, where a pass would gather them one by one. None where
/// that is no gain.
pub(crate) fn turned_copy(spec: &Spec, layout: &Layout, source: usize) -> Option<Box<dyn Kernel>> {
    let (size, apart) = (spec.shape.size(), layout.strides.last().is_some_and(|&stride| stride > 1));
    if !apart || size < TURNED {
        return None;
    }
    let to = (&spec.shape.strides()[..], 0, size);
    let copy = StridedCopy::new(&spec.shape, (&layout.strides, layout.offset, source), to).ok()?;
    let detail = format!("{}, turned", spec.shape);
    Some(for_element!(spec.dtype, T => Box::new(CopyKernel::<T> { copy, detail, dtype: PhantomData })))
}

/// Elements from which on the blocks pay.
const TURNED: usize = 1 << 10;

struct CopyKernel<T> {
    copy: StridedCopy,
    detail: String,
    dtype: PhantomData<T>,
}

impl<T: Element> Kernel for CopyKernel<T> {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn describe(&self) -> Option<String> {
        Some(self.detail.clone())
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let to = io.output::<T>(0);
        self.copy.run(io.threads(), io.input::<T>(0), to);
        Ok(())
    }
}

/// The product of two matrices, which is never stored, and the pass over its elements; none where the kernels have no way
/// to run them together, or it does not pay.
pub(crate) fn product_map_kernel(
    out: &Spec,
    (a, b): (&Side, &Side),
    pass: Pass,
    target: Target,
) -> Option<Box<dyn Kernel>> {
    let shape = gemm_shape(&out.shape, a, b);
    match out.dtype {
        // On a matrix unit the product is worth more than what storing it costs.
        DType::F32 if takes_tiles(&shape, target) => None,
        DType::F32 => product_map::<f32>(shape, pass, target),
        DType::F64 => product_map::<f64>(shape, pass, target),
        DType::I32 | DType::Bool => None,
    }
}

fn product_map<T: Float + MapType>(
    shape: GemmShape,
    Pass { expr, inputs, outputs, product }: Pass,
    target: Target,
) -> Option<Box<dyn Kernel>> {
    if !ProductMapKernel::<T>::pays(&shape) {
        return None;
    }
    Some(Box::new(ProductMapKernel::<T>::new(shape, expr, inputs, outputs, product, target)?))
}

/// A kernel of `own` inputs that finishes rows of `shape`, and the pass that ends them; none where that does not go row by
/// row.
pub(crate) fn ended_kernel(
    rows: RowKernel,
    own: usize,
    shape: &Shape,
    pass: Pass,
    kept: bool,
    target: Target,
) -> Option<Box<dyn Kernel>> {
    Some(match rows {
        RowKernel::F32(rows) => Box::new(EndedKernel::new(rows, own, shape, pass, kept, target.isa)?),
        RowKernel::F64(rows) => Box::new(EndedKernel::new(rows, own, shape, pass, kept, target.isa)?),
    })
}

/// A kernel that finishes rows of `shape`, and what follows of groups of them; none where the two do not go together.
pub(crate) fn grouped_kernel(rows: RowKernel, shape: &Shape, then: GroupKernel, kept: bool) -> Option<Box<dyn Kernel>> {
    Some(match (rows, then) {
        (RowKernel::F32(rows), GroupKernel::F32(then)) => Box::new(GroupedKernel::new(rows, shape, then, kept)?),
        (RowKernel::F64(rows), GroupKernel::F64(then)) => Box::new(GroupedKernel::new(rows, shape, then, kept)?),
        (RowKernel::F32(_), GroupKernel::F64(_)) | (RowKernel::F64(_), GroupKernel::F32(_)) => return None,
    })
}

/// `activation(a · b + bias)`, for each batch index.
pub(crate) struct MatmulKernel<T: Float> {
    products: BatchedGemm<T>,
    epilogue: Epilogue,
    /// For profiles: products, rows, depth, columns.
    sizes: [usize; 4],
}

/// An operand: its layout, its shape, whether its last two axes are read swapped.
pub(crate) type Side = (Layout, Shape, bool);

impl<T: Float> MatmulKernel<T> {
    fn new(out: &Shape, a: &Side, b: &Side, epilogue: Epilogue, target: Target) -> Result<MatmulKernel<T>> {
        let shape = gemm_shape(out, a, b);
        let (rows, cols) = (shape.rows, shape.cols);
        let spec = EpilogueSpec::ending(epilogue.bias, epilogue.activation);
        let wrong = |error| internal(format!("matmul: {error}"));
        let products = BatchedGemm::new(&batch_axes(out, a, b), shape, spec, target).map_err(wrong)?;
        let batch = out[..out.rank() - 2].iter().product();
        Ok(MatmulKernel { products, epilogue, sizes: [batch, rows, shape.depth, cols] })
    }
}

impl MatmulKernel<f32> {
    /// The product for the output's dtype.
    pub(crate) fn boxed(out: &Spec, a: &Side, b: &Side, epilogue: Epilogue, target: Target) -> Result<Box<dyn Kernel>> {
        let shape = &out.shape;
        Ok(match out.dtype {
            DType::F64 => Box::new(MatmulKernel::<f64>::new(shape, a, b, epilogue, target)?),
            DType::F32 | DType::I32 | DType::Bool => Box::new(MatmulKernel::<f32>::new(shape, a, b, epilogue, target)?),
        })
    }
}

/// The product of the operands' last two axes.
pub(crate) fn gemm_shape(out: &Shape, a: &Side, b: &Side) -> GemmShape {
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

/// From one matrix to the next along each axis before the last two of the result, whose matrices follow each other.
pub(crate) fn batch_axes(out: &Shape, a: &Side, b: &Side) -> Vec<BatchAxis> {
    let batch = &Shape::new(&out[..out.rank() - 2]);
    let (a, b, c) = (batch_strides(batch, a), batch_strides(batch, b), out.strides());
    let axis = |i: usize| BatchAxis { size: batch[i], a: a[i], b: b[i], c: c[i] as usize };
    (0..batch.rank()).map(axis).collect()
}

/// How far apart the operand's matrices lie along each axis of `batch`; views that read backwards were copied.
fn batch_strides(batch: &Shape, (layout, shape, _): &Side) -> Vec<usize> {
    let own = Shape::new(&shape[..shape.rank() - 2]);
    let view = Layout { offset: 0, strides: layout.strides[..own.rank()].to_vec() };
    super::layout::broadcast(&view, &own, batch).strides.into_iter().map(|stride| stride as usize).collect()
}

impl<T: Float> Kernel for MatmulKernel<T> {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn describe(&self) -> Option<String> {
        let [count, rows, depth, cols] = self.sizes;
        let count = if count == 1 { String::new() } else { format!("{count} of ") };
        Some(format!("{count}{rows}×{depth} · {depth}×{cols}{}", self.epilogue.describe()))
    }

    fn flops(&self) -> Option<f64> {
        Some(self.sizes.iter().fold(2.0, |product, &size| product * size as f64))
    }

    fn workspace(&self) -> usize {
        self.products.workspace_len() * size_of::<T>()
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let (a, b, c) = (io.input::<T>(0), io.input::<T>(1), io.output::<T>(0));
        let bias = self.epilogue.bias.then(|| io.input::<T>(2));
        let workspace = io.workspace_of::<T>();
        self.products.run(io.threads(), a, b, bias, c, workspace);
        Ok(())
    }
}

/// One thing that has to be finite: an input, or those whose product it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guarded {
    /// Which of the guards it is.
    pub guard: usize,
    /// The type of the inputs.
    pub dtype: DType,
    /// How many inputs.
    pub inputs: usize,
    /// Terms of the product's sums.
    pub terms: usize,
    /// Whether the last input is a number that all is multiplied by, to be added to something.
    pub scaled: bool,
}

/// Stops the run at the first of its inputs that is not finite, or whose product may not be.
pub(crate) struct GuardKernel {
    checks: Vec<Guarded>,
    /// The type of all inputs, where each is to be finite by itself.
    alone: Option<DType>,
    isa: Isa,
}

impl GuardKernel {
    /// Checks in this order, of inputs that lie side by side.
    pub(crate) fn new(checks: Vec<Guarded>, isa: Isa) -> GuardKernel {
        let dtype = checks.first().map(|check| check.dtype);
        let alone = dtype.filter(|&dtype| checks.iter().all(|check| check.inputs == 1 && check.dtype == dtype));
        GuardKernel { checks, alone, isa }
    }

    /// Whether few numbers, each of which is to be finite by itself, are: the most usual end, found at once.
    fn are_few_and_finite<T: FloatBits>(&self, io: &Io<'_>) -> bool {
        let arrays = (0..self.checks.len()).map(|input| io.input::<T>(input));
        arrays.clone().all(|values| values.len() <= FEW) && are_finite(arrays, self.isa)
    }
}

/// Numbers of an array that are looked at before its largest is known.
const FEW: usize = 1 << 10;

impl Kernel for GuardKernel {
    fn name(&self) -> &'static str {
        "guard"
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let finite = match self.alone {
            Some(DType::F32) => self.are_few_and_finite::<f32>(io),
            Some(DType::F64) => self.are_few_and_finite::<f64>(io),
            _ => false,
        };
        if finite {
            return Ok(());
        }
        let mut first = 0;
        for check in &self.checks {
            let inputs = first..first + check.inputs;
            first = inputs.end;
            let found = match check.dtype {
                DType::F64 => check.beyond::<f64>(io, inputs, self.isa, f64::MAX, f64::MAX / (1u64 << 55) as f64),
                DType::F32 | DType::I32 | DType::Bool => {
                    let most = f64::from(f32::MAX);
                    check.beyond::<f32>(io, inputs, self.isa, most, most / (1u64 << 26) as f64)
                }
            };
            if let Some(value) = found {
                return Err(Fault::NonFinite { guard: check.guard, value });
            }
        }
        Ok(())
    }
}

impl Guarded {
    /// What is not finite, or may not be. `most` is the largest number; `leaves` may be added to any number and leaves it
    /// finite, being less than half of the last digit of the largest.
    fn beyond<T: FloatBits>(&self, io: &Io<'_>, inputs: Range<usize>, isa: Isa, most: f64, leaves: f64) -> Option<f64> {
        let numbers = inputs.start..inputs.end - usize::from(self.scaled);
        let value = bound::<T>(io, numbers.clone(), self.terms, isa);
        let within = |value: f64, most: f64| value.abs() <= most;
        if !within(value, most) {
            return Some(value);
        }
        let step = value * if self.scaled { bound::<T>(io, numbers.end..inputs.end, 1, isa) } else { 0.0 };
        if within(step, leaves) { None } else { Some(step) }
    }
}

/// `terms · Π max|input|`; of one input that is not finite, a number of it that is not.
fn bound<T: FloatBits>(io: &Io<'_>, inputs: Range<usize>, terms: usize, isa: Isa) -> f64 {
    let alone = inputs.len() == 1;
    let largest = inputs.map(|input| {
        let values = io.input::<T>(input);
        let largest = largest(values, io.threads(), isa);
        let wrong = if largest.is_finite() { None } else { first_non_finite(values).map(|at| &values[at]) };
        wrong.map_or(largest, |value| value.to_f64())
    });
    let product = largest.product::<f64>();
    // Rounding may carry the sums of a product a little further.
    if alone { product } else { product * terms as f64 * 1.01 }
}

/// The largest size among the values, or what is not finite among them.
fn largest<T: FloatBits>(values: &[T], threads: &Threads, isa: Isa) -> f64 {
    if values.len() <= CHUNK {
        return largest_size(values, isa).to_f64();
    }
    // The bits of sizes are in the order of sizes.
    let found = AtomicU64::new(0);
    let chunks = values.len().div_ceil(CHUNK);
    threads.run(chunks, &|chunk| {
        let values = &values[chunk * CHUNK..values.len().min((chunk + 1) * CHUNK)];
        found.fetch_max(largest_size(values, isa).to_f64().to_bits(), Ordering::Relaxed);
    });
    f64::from_bits(found.into_inner())
}

/// Numbers that a thread looks through at a time.
const CHUNK: usize = 1 << 16;
