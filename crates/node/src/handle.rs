//! Tensors as JavaScript holds them: opaque values ("externals"), whose collection drops them.
//!
//! A class of the binding macro would cost ten times as much to make and to read, and a loop written by hand makes a
//! handle for each op.

use crate::error::{Result, internal};
use crate::external::Reported;
use ferrograd_graph::{DType, Tensor};
use napi::bindgen_prelude::{FromNapiValue, ToNapiValue};
use napi::{Env, Status, sys};
use std::cell::{Ref, RefCell};
use std::ffi::c_void;
use std::ptr::null_mut;

/// A tensor, and what V8 was told of its numbers.
pub struct Held {
    tensor: RefCell<Tensor>,
    reported: Reported,
}

/// A tensor on its way to JavaScript.
pub struct BindingTensor(Held);

/// An argument: a tensor that JavaScript holds for as long as the call lasts.
#[derive(Clone, Copy)]
pub struct Handle<'a>(&'a Held);

impl From<Tensor> for BindingTensor {
    fn from(tensor: Tensor) -> BindingTensor {
        BindingTensor(Held { tensor: RefCell::new(tensor), reported: Reported::default() })
    }
}

impl BindingTensor {
    /// A handle on numbers that are there, reported to V8.
    pub fn holding(env: &Env, tensor: Tensor) -> Result<BindingTensor> {
        let handle = BindingTensor::from(tensor);
        Handle(&handle.0).report(env)?;
        Ok(handle)
    }
}

impl<'a> Handle<'a> {
    /// The tensor.
    pub fn tensor(&self) -> Ref<'a, Tensor> {
        self.0.tensor.borrow()
    }

    /// Another handle on the tensor.
    pub fn cloned(&self) -> Tensor {
        self.tensor().clone()
    }

    /// Reports the numbers that are there, or about to be, once.
    pub fn report(&self, env: &Env) -> Result<()> {
        let bytes = self.tensor().spec().bytes();
        self.0.reported.once(env, bytes)
    }

    /// Lets go of the node now; what else reads it keeps it.
    pub fn release(&self, env: &Env) -> Result<()> {
        self.0.tensor.replace(Tensor::scalar(DType::Bool, 0.0));
        self.0.reported.retract(env).map_err(|error| internal(error.to_string()))
    }
}

impl ToNapiValue for BindingTensor {
    unsafe fn to_napi_value(env: sys::napi_env, handle: BindingTensor) -> napi::Result<sys::napi_value> {
        let held = Box::into_raw(Box::new(handle.0));
        let mut value = null_mut();
        // Safety: `env` is the caller's, alive; the value owns the box from here on, and its finalizer frees it.
        let status = unsafe { sys::napi_create_external(env, held.cast(), Some(finalize), null_mut(), &mut value) };
        if status != sys::Status::napi_ok {
            // Safety: nobody adopted the box.
            drop(unsafe { Box::from_raw(held) });
            return Err(napi::Error::new(Status::from(status), "a handle on a tensor"));
        }
        Ok(value)
    }
}

/// Runs inside garbage collections: it must not touch JavaScript.
unsafe extern "C" fn finalize(env: sys::napi_env, held: *mut c_void, _hint: *mut c_void) {
    // Safety: the box of `to_napi_value`, which comes here once.
    let held = unsafe { Box::from_raw(held.cast::<Held>()) };
    // An environment that ends takes no reports any more.
    let _ = held.reported.retract(&Env::from_raw(env));
}

impl FromNapiValue for Handle<'_> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        let mut held: *mut c_void = null_mut();
        // Safety: `env` and `value` are those of a call that is running.
        let status = unsafe { sys::napi_get_value_external(env, value, &mut held) };
        if status != sys::Status::napi_ok || held.is_null() {
            return Err(napi::Error::new(Status::InvalidArg, "expected a handle on a tensor"));
        }
        // Safety: only `ts/core/native.ts` calls the addon, whose externals are all made by `to_napi_value`; JavaScript
        // holds the value while the call runs, so the box lives; it is never borrowed mutably.
        Ok(Handle(unsafe { &*held.cast::<Held>() }))
    }
}
