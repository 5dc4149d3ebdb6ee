//! The calls that a loop written by hand is made of, and the numbers that go along with them.
//!
//! A list of numbers would cross as a value for each of them. Instead both sides see one block of memory: JavaScript
//! writes attributes or elements into it before a call, and reads a tensor's type and sizes from it after one.

use crate::call::{Callback, call, check, owning_function};
use crate::error::{Result, internal};
use crate::handle::{BindingTensor, Handle};
use crate::tensor::{build, memory, spec};
use ferrograd_graph::op::dtype_code;
use ferrograd_graph::tensor::Operands;
use ferrograd_graph::{DType, Spec, Tensor};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::for_element;
use napi::bindgen_prelude::{FromNapiValue, Object};
use napi::{Env, Status, Unknown, sys};
use napi_derive::napi;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::slice;
use std::sync::Arc;

/// Numbers that go in, and small tensors' elements that come out.
const NUMBERS: usize = 64;

/// An element type, how many axes, their sizes.
const SPEC: usize = 32;

/// Bytes of the block.
const BYTES: usize = NUMBERS * size_of::<f64>() + SPEC * size_of::<u32>();

/// Where the block is: [`NUMBERS`] of 64 bits, then [`SPEC`] of 32 bits.
#[derive(Clone, Copy)]
pub struct Bridge {
    numbers: *mut f64,
    spec: *mut u32,
}

/// Makes the block and the functions that use it: `{ block, draw, spec, value, read }`.
#[napi(catch_unwind, ts_return_type = "Bridge")]
pub fn open_bridge(env: &Env) -> Result<Object<'_>> {
    let (mut data, mut block, mut reference) = (null_mut(), null_mut(), null_mut());
    // Safety: the environment is alive. The reference keeps the block for as long as the environment lives, and
    // nobody detaches it: `ts/core/bridge.ts` lends it to `ts/core/program.ts` alone.
    unsafe {
        check(sys::napi_create_arraybuffer(env.raw(), BYTES, &mut data, &mut block))?;
        check(sys::napi_create_reference(env.raw(), block, 1, &mut reference))?;
    }
    let bridge = Bridge::at(data);
    let mut exports = Object::new(env).map_err(conversion)?;
    // Safety: a value of this call.
    exports.set("block", unsafe { Unknown::from_raw_unchecked(env.raw(), block) }).map_err(conversion)?;
    let functions: [(&str, Callback); 4] = [("draw", draw), ("spec", describe), ("value", value), ("read", read)];
    for (name, callback) in functions {
        // Safety: the environment is alive, and each callback takes a `Bridge`.
        let function = unsafe { owning_function(env.raw(), callback, bridge) }?;
        // Safety: a value of this call.
        exports.set(name, unsafe { Unknown::from_raw_unchecked(env.raw(), function) }).map_err(conversion)?;
    }
    Ok(exports)
}

impl FromNapiValue for Bridge {
    unsafe fn from_napi_value(env: sys::napi_env, block: sys::napi_value) -> napi::Result<Bridge> {
        let (mut data, mut bytes) = (null_mut(), 0);
        // Safety: both are of the running call.
        let status = unsafe { sys::napi_get_arraybuffer_info(env, block, &mut data, &mut bytes) };
        // The block lives as long as the environment, and no other buffer comes here.
        if status == sys::Status::napi_ok && bytes == BYTES {
            Ok(Bridge::at(data))
        } else {
            Err(napi::Error::new(Status::InvalidArg, "expected the block of the bridge"))
        }
    }
}

impl Bridge {
    /// The block at `data`.
    fn at(data: *mut c_void) -> Bridge {
        let numbers = data.cast::<f64>();
        Bridge { numbers, spec: numbers.wrapping_add(NUMBERS).cast() }
    }

    /// Leaves the numbers of a tensor in the block; false where they are too many.
    pub fn leave(mut self, spec: &Spec, memory: &Memory) -> bool {
        let room = self.room(spec.shape.size());
        room.map(|room| to_numbers(spec.dtype, memory, room)).is_some()
    }

    /// The first `count` numbers.
    fn numbers(&self, count: u32) -> Result<&[f64]> {
        if count as usize > NUMBERS {
            return Err(internal(format!("{count} numbers, room for {NUMBERS}")));
        }
        // Safety: inside the block, which only JavaScript writes, and that waits for this call.
        Ok(unsafe { slice::from_raw_parts(self.numbers, count as usize) })
    }

    /// Room for `count` numbers; none where they are too many.
    fn room(&mut self, count: usize) -> Option<&mut [f64]> {
        // Safety: inside the block; JavaScript waits for this call, which has no other view of the numbers.
        (count <= NUMBERS).then(|| unsafe { slice::from_raw_parts_mut(self.numbers, count) })
    }

    /// Leaves a tensor's type and sizes; only how many sizes there are where they are too many.
    fn tell(&self, spec: &Spec) {
        // Safety: inside the block, as for `room`.
        let told = unsafe { slice::from_raw_parts_mut(self.spec, SPEC) };
        told[0] = dtype_code(spec.dtype) as u32;
        told[1] = spec.shape.rank() as u32;
        for (told, &size) in told[2..].iter_mut().zip(spec.shape.iter()) {
            *told = size as u32;
        }
    }

    /// The type and sizes that JavaScript left.
    fn told(&self) -> Result<Spec> {
        // Safety: as for `numbers`.
        let told = unsafe { slice::from_raw_parts(self.spec, SPEC) };
        let sizes = told[2..].get(..told[1] as usize).ok_or_else(|| internal(format!("{} axes", told[1])))?;
        spec(sizes, told[0])
    }
}

/// `draw(op, count, a, b?, c?)`: an op with one output on up to three tensors, with `count` numbers as attributes.
unsafe extern "C" fn draw(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // Safety: Node calls with living arguments; the function's data is a `Bridge`.
    unsafe {
        call::<5, _>(env, info, |call| {
            let bridge = call.data::<Bridge>();
            let mut inputs = Operands::new();
            for index in 2..call.count().min(5) {
                inputs.push(call.get::<Handle>(index)?.cloned());
            }
            let mut outputs = build(call.get(0)?, inputs, bridge.numbers(call.get(1)?)?)?;
            let tensor = outputs.swap_remove(0);
            bridge.tell(tensor.spec());
            Ok(BindingTensor::from(tensor))
        })
    }
}

/// `spec(tensor)`: leaves its type and sizes.
unsafe extern "C" fn describe(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // Safety: as for `draw`.
    unsafe {
        call::<1, _>(env, info, |call| {
            call.data::<Bridge>().tell(call.get::<Handle>(0)?.tensor().spec());
            Ok(())
        })
    }
}

/// `value(count, bytes?)`: a tensor of the type and sizes that were left, of `count` numbers, or of a copy of the bytes.
unsafe extern "C" fn value(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // Safety: as for `draw`.
    unsafe {
        call::<2, _>(env, info, |call| {
            let bridge = call.data::<Bridge>();
            let spec = bridge.told()?;
            let memory = match call.bytes(1)? {
                Some(bytes) => memory(&spec, bytes)?,
                None => from_numbers(&spec, bridge.numbers(call.get(0)?)?)?,
            };
            BindingTensor::holding(&call.env(), Tensor::value(spec, Arc::new(memory)))
        })
    }
}

/// `read(tensor, bytes?)`: copies the numbers into as many bytes, or leaves them in the block. False where the tensor
/// has none yet.
unsafe extern "C" fn read(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // Safety: as for `draw`.
    unsafe {
        call::<2, _>(env, info, |call| {
            let handle = call.get::<Handle>(0)?;
            let tensor = handle.tensor();
            let Some(memory) = tensor.evaluated() else { return Ok(false) };
            match call.bytes(1)? {
                Some(bytes) => copy(tensor.spec(), &memory, bytes)?,
                None => {
                    if !call.data::<Bridge>().leave(tensor.spec(), &memory) {
                        return Err(internal(format!("read: {}", tensor.spec())));
                    }
                }
            }
            Ok(true)
        })
    }
}

/// Copies the bytes of a tensor.
fn copy(spec: &Spec, memory: &Memory, into: &mut [u8]) -> Result<()> {
    let bytes = spec.bytes();
    if into.len() != bytes {
        return Err(internal(format!("read: {} bytes for a tensor of {bytes}", into.len())));
    }
    into.copy_from_slice(&memory.as_slice::<u8>()[..bytes]);
    Ok(())
}

/// The numbers as elements of `spec`.
fn from_numbers(spec: &Spec, numbers: &[f64]) -> Result<Memory> {
    if numbers.len() != spec.shape.size() {
        return Err(internal(format!("{} numbers for {spec}", numbers.len())));
    }
    fn fill<T: ferrograd_kernels::element::Element>(memory: &mut Memory, numbers: &[f64], of: impl Fn(f64) -> T) {
        memory.as_mut_slice::<T>().iter_mut().zip(numbers).for_each(|(element, &number)| *element = of(number));
    }
    let mut memory = Memory::zeroed(spec.bytes());
    match spec.dtype {
        DType::F32 => fill(&mut memory, numbers, |number| number as f32),
        DType::F64 => fill(&mut memory, numbers, |number| number),
        DType::I32 => fill(&mut memory, numbers, |number| number as i32),
        DType::Bool => fill(&mut memory, numbers, |number| u8::from(number != 0.0)),
    }
    Ok(memory)
}

/// The elements as numbers.
fn to_numbers(dtype: DType, memory: &Memory, into: &mut [f64]) {
    fn fill<T: ferrograd_kernels::element::Element + Into<f64>>(memory: &Memory, into: &mut [f64]) {
        into.iter_mut().zip(memory.as_slice::<T>()).for_each(|(number, &element)| *number = element.into());
    }
    for_element!(dtype, T => fill::<T>(memory, into));
}

fn conversion(error: napi::Error) -> crate::error::JsError {
    internal(error.to_string())
}
