//! What V8 is told of memory outside its heap, so that it collects the handles that hold it in time.

use crate::error::{Result, internal};
use napi::Env;
use std::cell::Cell;

/// The bytes that a handle has reported; taken back when JavaScript lets go of it.
#[derive(Default)]
pub struct Reported(Cell<i64>);

impl Reported {
    /// A report of `bytes`.
    pub fn new(env: &Env, bytes: usize) -> Result<Reported> {
        let reported = Reported::default();
        reported.add(env, bytes)?;
        Ok(reported)
    }

    /// Reports `bytes` more.
    pub fn add(&self, env: &Env, bytes: usize) -> Result<()> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        env.adjust_external_memory(bytes).map_err(|error| internal(error.to_string()))?;
        self.0.set(self.0.get() + bytes);
        Ok(())
    }

    /// Reports `bytes` unless something has been reported already.
    pub fn once(&self, env: &Env, bytes: usize) -> Result<()> {
        if self.0.get() == 0 { self.add(env, bytes) } else { Ok(()) }
    }

    /// Takes the reports back; for finalizers.
    pub fn retract(&self, env: &Env) -> napi::Result<()> {
        match self.0.take() {
            0 => Ok(()),
            bytes => env.adjust_external_memory(-bytes).map(|_| ()),
        }
    }
}
