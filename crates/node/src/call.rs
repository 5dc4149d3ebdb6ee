//! Calls without ceremony: plain callbacks of Node-API, for what a loop calls a million times.
//!
//! The binding macro checks and locks each argument, which takes longer than what most of these calls do.

use crate::error::{JsError, Result, internal};
use crate::job::panicked;
use napi::bindgen_prelude::{FromNapiValue, ToNapiValue};
use napi::{Env, JsError as Thrown, Status, sys};
use smallvec::SmallVec;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, null_mut};

/// What Node calls.
pub type Callback = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// A running call with at most `N` arguments, and the data of the function that was called.
pub struct Call<const N: usize> {
    env: sys::napi_env,
    args: [sys::napi_value; N],
    count: usize,
    data: *mut c_void,
}

/// Runs `body`; its error, or its panic, is thrown in JavaScript.
///
/// # Safety
/// `env` and `info` are those of a callback that is running.
pub unsafe fn call<const N: usize, R: ToNapiValue>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&Call<N>) -> Result<R>,
) -> sys::napi_value {
    let run = || {
        // Safety: the caller's promise.
        let call = unsafe { Call::new(env, info) }?;
        let result = body(&call)?;
        // Safety: `env` is alive.
        unsafe { R::to_napi_value(env, result) }.map_err(conversion)
    };
    let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(crate::error::js(panicked(&*panic))));
    result.unwrap_or_else(|error| {
        // Safety: `env` is alive.
        unsafe { Thrown::from(error).throw_into(env) };
        null_mut()
    })
}

/// A JavaScript function that calls `callback` with `data`.
///
/// # Safety
/// `env` is alive, and `data` is what the callback takes it for, for as long as the function may be called.
pub unsafe fn function(env: sys::napi_env, callback: Callback, data: *mut c_void) -> Result<sys::napi_value> {
    let mut value = null_mut();
    // Safety: the caller's promise; a function needs no name.
    check(unsafe { sys::napi_create_function(env, null_mut(), 0, Some(callback), data, &mut value) })?;
    Ok(value)
}

/// A JavaScript function that calls `callback` with `data`, which is dropped with it.
///
/// # Safety
/// `env` is alive, and the callback takes its data for a `T`. Dropping that touches no JavaScript.
pub unsafe fn owning_function<T>(env: sys::napi_env, callback: Callback, data: T) -> Result<sys::napi_value> {
    unsafe extern "C" fn finalize<T>(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
        // Safety: the box below, which comes here once.
        drop(unsafe { Box::from_raw(data.cast::<T>()) });
    }
    let data = Box::into_raw(Box::new(data)).cast();
    // Safety: the caller's promise; the box lives until the function is collected.
    unsafe {
        let value = function(env, callback, data)?;
        check(sys::napi_add_finalizer(env, value, data, Some(finalize::<T>), null_mut(), null_mut()))?;
        Ok(value)
    }
}

impl<const N: usize> Call<N> {
    unsafe fn new(env: sys::napi_env, info: sys::napi_callback_info) -> Result<Call<N>> {
        let mut call = Call { env, args: [null_mut(); N], count: N, data: null_mut() };
        let args = call.args.as_mut_ptr();
        // Safety: the caller's promise; there is room for `N` arguments.
        check(unsafe { sys::napi_get_cb_info(env, info, &mut call.count, args, null_mut(), &mut call.data) })?;
        Ok(call)
    }

    /// The environment.
    pub fn env(&self) -> Env {
        Env::from_raw(self.env)
    }

    /// How many arguments there are, also past `N`.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The data of the function.
    ///
    /// # Safety
    /// The function was made with a pointer to a living `T`.
    pub unsafe fn data<T>(&self) -> &T {
        // Safety: the caller's promise.
        unsafe { &*self.data.cast::<T>() }
    }

    /// The arguments from `first` on.
    pub fn rest<T: FromNapiValue>(&self, first: usize) -> Result<SmallVec<[T; 4]>> {
        if self.count > N {
            return Err(internal(format!("{} arguments, at most {N}", self.count)));
        }
        (first..self.count).map(|index| self.get(index)).collect()
    }

    /// The memory of the typed array that argument `index` is; none where it is missing or undefined.
    ///
    /// # Safety
    /// Asked for once an argument, no two arguments share memory, and it is not kept past the call.
    pub unsafe fn bytes<'a>(&self, index: usize) -> Result<Option<&'a mut [u8]>> {
        if index >= self.count {
            return Ok(None);
        }
        // Safety: both are of the running call.
        match unsafe { typed_bytes(self.env, self.args[index]) } {
            // Safety: the caller's promise.
            Ok(mut bytes) => Ok(Some(unsafe { bytes.as_mut() })),
            Err(error) => {
                if self.is_undefined(index)? {
                    Ok(None)
                } else {
                    Err(conversion(error))
                }
            }
        }
    }

    fn is_undefined(&self, index: usize) -> Result<bool> {
        let mut kind = 0;
        // Safety: both are of the running call.
        check(unsafe { sys::napi_typeof(self.env, self.args[index], &mut kind) })?;
        Ok(kind == sys::ValueType::napi_undefined)
    }

    /// Argument `index`; `undefined` where it is missing.
    pub fn get<T: FromNapiValue>(&self, index: usize) -> Result<T> {
        // Safety: both are of the running call.
        unsafe { T::from_napi_value(self.env, self.args[index]) }.map_err(conversion)
    }
}

/// The memory of a typed array: the array's own, until the call ends. JavaScript, which could detach it, waits so long.
///
/// # Safety
/// `env` and `value` are those of a call that is running.
pub unsafe fn typed_bytes(env: sys::napi_env, value: sys::napi_value) -> napi::Result<NonNull<[u8]>> {
    let (mut kind, mut len, mut start) = (0, 0, null_mut());
    // Safety: the caller's promise.
    let status =
        unsafe { sys::napi_get_typedarray_info(env, value, &mut kind, &mut len, &mut start, null_mut(), null_mut()) };
    if status != sys::Status::napi_ok {
        return Err(napi::Error::new(Status::InvalidArg, "expected a typed array"));
    }
    let len = len * element_bytes(kind).map_err(|error| napi::Error::new(Status::InvalidArg, error.reason.clone()))?;
    // An empty array may lie nowhere.
    let start = NonNull::new(start.cast::<u8>()).filter(|_| len > 0).unwrap_or(NonNull::dangling());
    Ok(NonNull::slice_from_raw_parts(start, len))
}

fn element_bytes(kind: sys::napi_typedarray_type) -> Result<usize> {
    use sys::TypedarrayType as Kind;
    match kind {
        Kind::int8_array | Kind::uint8_array | Kind::uint8_clamped_array => Ok(1),
        Kind::int16_array | Kind::uint16_array => Ok(2),
        Kind::int32_array | Kind::uint32_array | Kind::float32_array => Ok(4),
        Kind::float64_array => Ok(8),
        _ => Err(internal(format!("a typed array of kind {kind}"))),
    }
}

/// An error of Node-API as ours.
pub fn check(status: sys::napi_status) -> Result<()> {
    if status == sys::Status::napi_ok { Ok(()) } else { Err(internal(format!("Node-API: {}", Status::from(status)))) }
}

fn conversion(error: napi::Error) -> JsError {
    internal(error.to_string())
}
