//! What one JavaScript environment shares: compute threads, job threads, programs of pending graphs.

use crate::error::{Result, internal, js};
use crate::job::{Done, Workers};
use crate::tensor::BindingTensor;
use ferrograd_graph::Tensor;
use ferrograd_graph::evaluate::Cache;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;
use napi::Env;
use napi::bindgen_prelude::ClassInstance;
use napi_derive::napi;
use std::sync::Arc;

/// The machinery behind every tensor, variable and program of one environment.
#[napi]
pub struct BindingRuntime {
    pub(crate) threads: Threads,
    pub(crate) isa: Isa,
    pub(crate) workers: Workers,
    cache: Arc<Cache>,
}

#[napi]
impl BindingRuntime {
    /// `threads` compute threads, at least 1; 0 for as many as the machine lends, less one for the event loop where
    /// there are more than two.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, threads: u32) -> Result<BindingRuntime> {
        let count = if threads == 0 { default_threads() } else { threads as usize };
        let workers = Workers::default();
        let hook = env.add_env_cleanup_hook(workers.clone(), |workers| workers.close());
        hook.map_err(|error| internal(error.to_string()))?;
        Ok(BindingRuntime { threads: Threads::new(count), isa: Isa::detect(), workers, cache: Arc::default() })
    }

    /// Compute threads, the caller's included.
    #[napi(getter, catch_unwind)]
    pub fn threads(&self) -> u32 {
        self.threads.count() as u32
    }

    /// The instruction set in use.
    #[napi(getter, catch_unwind)]
    pub fn isa(&self) -> String {
        format!("{:?}", self.isa).to_lowercase()
    }

    /// Computes pending tensors now.
    #[napi(catch_unwind)]
    pub fn evaluate_sync(
        &self,
        env: Env,
        tensors: Vec<ClassInstance<'_, BindingTensor>>,
        keep_history: bool,
    ) -> Result<()> {
        let pending = pending(&env, &tensors)?;
        evaluate(&pending, keep_history, &self.cache, self.isa, &self.threads).map_err(js)
    }

    /// Computes pending tensors on another thread.
    #[napi(catch_unwind)]
    pub fn evaluate(
        &self,
        env: Env,
        tensors: Vec<ClassInstance<'_, BindingTensor>>,
        keep_history: bool,
        #[napi(ts_arg_type = "(code: string | null, message: string | null) => void")] done: Done,
    ) -> Result<()> {
        let pending = pending(&env, &tensors)?;
        let (cache, isa, threads) = (self.cache.clone(), self.isa, self.threads.clone());
        self.workers.start(done, move || evaluate(&pending, keep_history, &cache, isa, &threads));
        Ok(())
    }
}

fn default_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores > 2 { cores - 1 } else { cores }
}

/// Those without numbers, whose numbers are reported to V8 as soon as they are asked for.
fn pending(env: &Env, tensors: &[ClassInstance<'_, BindingTensor>]) -> Result<Vec<Tensor>> {
    let missing = tensors.iter().filter(|tensor| tensor.tensor.evaluated().is_none());
    missing.map(|tensor| tensor.report(env).map(|()| tensor.tensor.clone())).collect()
}

fn evaluate(
    tensors: &[Tensor],
    keep_history: bool,
    cache: &Cache,
    isa: Isa,
    threads: &Threads,
) -> ferrograd_graph::Result<()> {
    if tensors.is_empty() {
        return Ok(());
    }
    // A node of several outputs stores all of them at once, so all are computed.
    let all: Vec<Tensor> = tensors.iter().flat_map(Tensor::siblings).collect();
    let mut values = cache.evaluate(&all, isa, threads)?.into_iter();
    for tensor in tensors {
        let own = values.by_ref().take(tensor.siblings().len()).collect();
        tensor.store(own, keep_history);
    }
    Ok(())
}
