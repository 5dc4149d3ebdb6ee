//! Tensors: making them, and looking at what they are.

use crate::error::{Result, internal, js};
use crate::handle::{BindingTensor, Handle};
use ferrograd_graph::op::{Inputs, Reader};
use ferrograd_graph::tensor::Source;
use ferrograd_graph::{DType, Shape, Spec, Tensor, gradient, ops};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::finite;
use napi::Env;
use napi::bindgen_prelude::{Either, Float32ArraySlice, Float64ArraySlice};
use napi_derive::napi;
use std::sync::Arc;

/// A tensor that is fed at each run.
#[napi(catch_unwind)]
pub fn placeholder(shape: Vec<u32>, dtype: u32) -> Result<BindingTensor> {
    Ok(Tensor::placeholder(spec(&shape, dtype)?).into())
}

/// `value` everywhere.
#[napi(catch_unwind)]
pub fn fill(shape: Vec<u32>, dtype: u32, value: f64) -> Result<BindingTensor> {
    let spec = spec(&shape, dtype)?;
    Ok(Tensor::fill(spec.shape, spec.dtype, value).into())
}

/// A copy of the bytes of a typed array.
#[napi(catch_unwind)]
pub fn from_bytes(env: Env, shape: Vec<u32>, dtype: u32, bytes: &[u8]) -> Result<BindingTensor> {
    let spec = spec(&shape, dtype)?;
    let memory = memory(&spec, bytes)?;
    BindingTensor::holding(&env, Tensor::value(spec, Arc::new(memory)))
}

/// Sizes of the axes, however many.
#[napi(catch_unwind, ts_args_type = "tensor: BindingTensor")]
pub fn sizes(tensor: Handle<'_>) -> Vec<u32> {
    tensor.tensor().shape().iter().map(|&size| size as u32).collect()
}

/// The op that computes it.
#[napi(catch_unwind, ts_args_type = "tensor: BindingTensor")]
pub fn op_name(tensor: Handle<'_>) -> Option<String> {
    match tensor.tensor().source().0 {
        Source::Op(op) => Some(op.name().to_owned()),
        Source::Placeholder | Source::Variable(_) | Source::Value(_) | Source::Fill(_) => None,
    }
}

/// The tensors that it is computed from.
#[napi(catch_unwind, ts_args_type = "tensor: BindingTensor")]
pub fn inputs(tensor: Handle<'_>) -> Vec<BindingTensor> {
    tensor.tensor().source().1.into_iter().map(BindingTensor::from).collect()
}

/// Lets go of the node now; what else reads it keeps it.
#[napi(catch_unwind, ts_args_type = "tensor: BindingTensor")]
pub fn release(env: Env, tensor: Handle<'_>) -> Result<()> {
    tensor.release(&env)
}

/// An op on any number of tensors, all of its outputs.
#[napi(catch_unwind, ts_args_type = "op: number, inputs: Array<BindingTensor>, attributes: Array<number>")]
pub fn apply_all(op: u32, inputs: Vec<Handle<'_>>, attributes: Vec<f64>) -> Result<Vec<BindingTensor>> {
    let inputs = inputs.iter().map(Handle::cloned).collect();
    Ok(build(op, inputs, &attributes)?.into_iter().map(BindingTensor::from).collect())
}

/// The outputs of an op of the table.
pub(crate) fn build(
    op: u32,
    inputs: ferrograd_graph::tensor::Operands,
    attributes: &[f64],
) -> Result<smallvec::SmallVec<[Tensor; 1]>> {
    let declaration = ops::TABLE.get(op as usize).ok_or_else(|| internal(format!("no op {op}")))?;
    let fits = match declaration.inputs {
        Inputs::Named(names) => names.len() == inputs.len(),
        Inputs::List => !inputs.is_empty(),
    };
    if !fits {
        return Err(internal(format!("{}: {} inputs", declaration.name, inputs.len())));
    }
    let op = (declaration.read)(&mut Reader::new(declaration.name, attributes)).map_err(js)?;
    Tensor::apply_all(op, inputs).map_err(js)
}

/// The gradient of `y` with respect to each of `xs`.
#[napi(
    catch_unwind,
    ts_args_type = "y: BindingTensor, xs: Array<BindingTensor>, seed?: BindingTensor | undefined | null"
)]
pub fn gradients(y: Handle<'_>, xs: Vec<Handle<'_>>, seed: Option<Handle<'_>>) -> Result<Vec<Option<BindingTensor>>> {
    let xs: Vec<Tensor> = xs.iter().map(Handle::cloned).collect();
    let seed = seed.map(|seed| seed.cloned());
    let grads = gradient::gradient(&y.tensor(), &xs, seed.as_ref()).map_err(js)?;
    Ok(grads.into_iter().map(|grad| grad.map(BindingTensor::from)).collect())
}

/// The position of the first number of a float array that is NaN or infinite, −1 where all are finite.
#[napi(catch_unwind)]
pub fn first_non_finite(numbers: Either<Float32ArraySlice<'_>, Float64ArraySlice<'_>>) -> f64 {
    let first = match &numbers {
        Either::A(numbers) => finite::first_non_finite::<f32>(numbers),
        Either::B(numbers) => finite::first_non_finite::<f64>(numbers),
    };
    first.map_or(-1.0, |at| at as f64)
}

/// The spec of a shape and an element type's index.
pub(crate) fn spec(shape: &[u32], dtype: u32) -> Result<Spec> {
    let sizes: Vec<usize> = shape.iter().map(|&size| size as usize).collect();
    let dtype = Reader::new("tensor", &[f64::from(dtype)]).dtype().map_err(js)?;
    if Shape::checked_size(&sizes).is_none() {
        let what = format!("shape {sizes:?} has more elements than memory can hold");
        return Err(js(ferrograd_graph::Error::shape(what)));
    }
    Ok(Spec::new(Shape::new(&sizes), dtype))
}

/// The bytes as memory of `spec`; truth values become 0 or 1.
pub(crate) fn memory(spec: &Spec, bytes: &[u8]) -> Result<Memory> {
    if bytes.len() != spec.bytes() {
        return Err(internal(format!("{} bytes for {spec}", bytes.len())));
    }
    let mut memory = Memory::from_bytes(bytes);
    if spec.dtype == DType::Bool {
        memory.bytes_mut().iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
    }
    Ok(memory)
}
