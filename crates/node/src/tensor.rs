//! Tensors: handles on nodes of the graph.

use crate::error::{Result, internal, js};
use crate::external::Reported;
use ferrograd_graph::op::{Inputs, Reader};
use ferrograd_graph::tensor::Source;
use ferrograd_graph::{DType, Shape, Spec, Tensor, gradient, ops};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::finite;
use napi::Env;
use napi::bindgen_prelude::{ClassInstance, Either, Float32ArraySlice, Float64ArraySlice, ObjectFinalize};
use napi_derive::napi;
use std::sync::Arc;

/// A handle on one output of a node.
#[napi(custom_finalize)]
pub struct BindingTensor {
    pub(crate) tensor: Tensor,
    reported: Reported,
}

impl ObjectFinalize for BindingTensor {
    fn finalize(self, env: Env) -> napi::Result<()> {
        self.reported.retract(&env)
    }
}

impl From<Tensor> for BindingTensor {
    fn from(tensor: Tensor) -> BindingTensor {
        BindingTensor { tensor, reported: Reported::default() }
    }
}

impl BindingTensor {
    /// A handle on numbers that are there, reported to V8.
    pub(crate) fn holding(env: &Env, tensor: Tensor) -> Result<BindingTensor> {
        let handle = BindingTensor::from(tensor);
        handle.report(env)?;
        Ok(handle)
    }

    /// Reports the numbers that are there, or about to be, once.
    pub(crate) fn report(&self, env: &Env) -> Result<()> {
        self.reported.once(env, self.tensor.spec().bytes())
    }
}

#[napi]
impl BindingTensor {
    /// A tensor that is fed at each run.
    #[napi(factory, catch_unwind)]
    pub fn placeholder(shape: Vec<u32>, dtype: u32) -> Result<BindingTensor> {
        Ok(Tensor::placeholder(spec(&shape, dtype)?).into())
    }

    /// `value` everywhere.
    #[napi(factory, catch_unwind)]
    pub fn fill(shape: Vec<u32>, dtype: u32, value: f64) -> Result<BindingTensor> {
        let spec = spec(&shape, dtype)?;
        Ok(Tensor::fill(spec.shape, spec.dtype, value).into())
    }

    /// A copy of the bytes of a typed array.
    #[napi(factory, catch_unwind)]
    pub fn from_bytes(env: Env, shape: Vec<u32>, dtype: u32, bytes: &[u8]) -> Result<BindingTensor> {
        let spec = spec(&shape, dtype)?;
        let memory = memory(&spec, bytes)?;
        BindingTensor::holding(&env, Tensor::value(spec, Arc::new(memory)))
    }

    /// Sizes of the axes.
    #[napi(getter, catch_unwind)]
    pub fn shape(&self) -> Vec<u32> {
        self.tensor.shape().iter().map(|&size| size as u32).collect()
    }

    /// Index of the element type.
    #[napi(getter, catch_unwind)]
    pub fn dtype(&self) -> u32 {
        ferrograd_graph::op::dtype_code(self.tensor.dtype()) as u32
    }

    /// True where the numbers are there.
    #[napi(getter, catch_unwind)]
    pub fn evaluated(&self) -> bool {
        self.tensor.evaluated().is_some()
    }

    /// The op that computes it.
    #[napi(getter, catch_unwind)]
    pub fn op(&self) -> Option<String> {
        match self.tensor.source().0 {
            Source::Op(op) => Some(op.name().to_owned()),
            Source::Placeholder | Source::Variable(_) | Source::Value(_) | Source::Fill(_) => None,
        }
    }

    /// The tensors that it is computed from.
    #[napi(getter, catch_unwind)]
    pub fn inputs(&self) -> Vec<BindingTensor> {
        self.tensor.source().1.into_iter().map(BindingTensor::from).collect()
    }

    /// Lets go of the node now; what else reads it keeps it.
    #[napi(catch_unwind)]
    pub fn release(&mut self, env: Env) -> Result<()> {
        self.tensor = Tensor::scalar(DType::Bool, 0.0);
        self.reported.retract(&env).map_err(|error| internal(error.to_string()))
    }

    /// Copies the numbers into a typed array of as many bytes.
    #[napi(catch_unwind)]
    pub fn read(&self, mut into: napi::bindgen_prelude::Uint8Array) -> Result<()> {
        let memory = self.tensor.evaluated().ok_or_else(|| internal("read: the tensor has no numbers yet"))?;
        let bytes = self.tensor.spec().bytes();
        // Safety: JavaScript runs nothing else during a synchronous call, so nobody resizes or reads the array.
        let into = unsafe { into.as_mut() };
        if into.len() != bytes {
            return Err(internal(format!("read: {} bytes for a tensor of {bytes}", into.len())));
        }
        into.copy_from_slice(&memory.as_slice::<u8>()[..bytes]);
        Ok(())
    }
}

/// An op with one output on up to three tensors.
#[napi(catch_unwind)]
pub fn apply(
    op: u32,
    a: &BindingTensor,
    b: Option<&BindingTensor>,
    c: Option<&BindingTensor>,
    attributes: Option<Vec<f64>>,
) -> Result<BindingTensor> {
    let inputs = [Some(a), b, c].into_iter().flatten().map(|input| input.tensor.clone()).collect();
    let mut outputs = build(op, inputs, attributes.as_deref().unwrap_or(&[]))?;
    Ok(outputs.swap_remove(0).into())
}

/// An op on any number of tensors, all of its outputs.
#[napi(catch_unwind)]
pub fn apply_all(
    op: u32,
    inputs: Vec<ClassInstance<'_, BindingTensor>>,
    attributes: Vec<f64>,
) -> Result<Vec<BindingTensor>> {
    let inputs = inputs.iter().map(|input| input.tensor.clone()).collect();
    Ok(build(op, inputs, &attributes)?.into_iter().map(BindingTensor::from).collect())
}

fn build(
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
#[napi(catch_unwind)]
pub fn gradients(
    y: &BindingTensor,
    xs: Vec<ClassInstance<'_, BindingTensor>>,
    seed: Option<&BindingTensor>,
) -> Result<Vec<Option<BindingTensor>>> {
    let xs: Vec<Tensor> = xs.iter().map(|x| x.tensor.clone()).collect();
    let grads = gradient::gradient(&y.tensor, &xs, seed.map(|seed| &seed.tensor)).map_err(js)?;
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
    let mut memory = Memory::from_slice(bytes);
    if spec.dtype == DType::Bool {
        memory.as_mut_slice::<u8>().iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
    }
    Ok(memory)
}
