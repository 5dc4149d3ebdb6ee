//! What one JavaScript environment shares: compute threads, job threads, programs of pending graphs.

use crate::error::{Result, internal, js};
use crate::handle::Handle;
use crate::job::{Done, Workers};
use crate::run::{BindingBatch, Queue, submit};
use ferrograd_graph::evaluate::Cache;
use ferrograd_graph::{Error, ErrorCode, Tensor};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::target::{Precision, Target};
use ferrograd_kernels::threads::{Threads, let_callers_go_first};
use napi::Env;
use napi_derive::napi;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

/// The machinery behind every tensor, variable and program of one environment.
#[napi]
pub struct BindingRuntime {
    pub(crate) shared: Shared,
    pub(crate) queue: Queue,
}

/// What jobs take along of it.
#[derive(Clone)]
pub(crate) struct Shared {
    pub threads: Threads,
    /// The precision is that of pending tensors.
    pub target: Target,
    pub workers: Workers,
    /// Bytes that a program may work in.
    pub room: usize,
    cache: Arc<Cache>,
    beside: Beside,
}

/// The threads of work that is no step.
#[derive(Clone, Default)]
struct Beside {
    /// How many; 0 for as many as compute.
    wanted: usize,
    pool: Arc<OnceLock<Option<ThreadPool>>>,
}

impl Shared {
    /// The same for runs that end once `flag` is set.
    pub fn stopped_by(&self, flag: Arc<AtomicBool>) -> Shared {
        Shared { threads: self.threads.stopped_by(flag), ..self.clone() }
    }

    /// How many threads share work that is no step.
    fn beside_threads(&self) -> usize {
        if self.beside.wanted == 0 { self.threads.count() } else { self.beside.wanted }
    }

    /// Does work that is no step (files, checksums, conversions), which threads of its own split by rayon. They start at the
    /// first such work; where the system has none to give, rayon's own do it.
    pub fn beside<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        let pool = || {
            let builder = ThreadPoolBuilder::new().num_threads(self.beside_threads());
            let builder = builder.start_handler(|_| let_callers_go_first());
            builder.thread_name(|index| format!("ferrograd-beside-{index}")).build().ok()
        };
        match self.beside.pool.get_or_init(pool) {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// The numbers of `tensors`, computed where they are not there yet.
    pub fn values(&self, tensors: &[Tensor]) -> ferrograd_graph::Result<Vec<Arc<Memory>>> {
        if let Some(values) = tensors.iter().map(Tensor::evaluated).collect() {
            return Ok(values);
        }
        self.evaluate(tensors, false)?;
        let missing = || Error::new(ErrorCode::Internal, "a tensor that was computed has no numbers");
        tensors.iter().map(|tensor| tensor.evaluated().ok_or_else(missing)).collect()
    }

    /// Computes those without numbers, all in one program.
    fn evaluate(&self, tensors: &[Tensor], keep_history: bool) -> ferrograd_graph::Result<()> {
        let pending: Vec<&Tensor> = tensors.iter().filter(|tensor| tensor.evaluated().is_none()).collect();
        if pending.is_empty() {
            return Ok(());
        }
        // A node of several outputs stores all of them at once, so all are computed.
        let all: Vec<Tensor> = pending.iter().flat_map(|tensor| tensor.siblings()).collect();
        let mut values = self.cache.evaluate(&all, self.target, &self.threads)?.into_iter();
        for tensor in pending {
            let own = values.by_ref().take(tensor.siblings().len()).collect();
            tensor.store(own, keep_history);
        }
        Ok(())
    }
}

#[napi]
impl BindingRuntime {
    /// `threads` compute threads, at least 1; 0 for as many as the machine lends, less one for the event loop where
    /// there are more than two. `isa` names one of [`instruction_sets`]; none is the best. Programs that work in more than
    /// `memory` bytes are refused. `done` hears of the end of each job: its ticket, and the code and message of an error.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        threads: u32,
        #[napi(ts_arg_type = "string | undefined")] isa: Option<String>,
        memory: f64,
        #[napi(ts_arg_type = "(ticket: number, code: string | null, message: string | null) => void")] done: Done,
    ) -> Result<BindingRuntime> {
        let count = if threads == 0 { default_threads() } else { threads as usize };
        let target = target_on(isa.as_deref())?;
        let workers = Workers::new(done);
        let hook = env.add_env_cleanup_hook(workers.clone(), |workers| workers.close());
        hook.map_err(|error| internal(error.to_string()))?;
        // A float beyond what an integer holds becomes the largest one.
        let room = memory as usize;
        let (threads, cache) = (Threads::new(count).stopped_by(workers.closing()), Arc::new(Cache::new(room)));
        let shared = Shared { threads, target, workers, room, cache, beside: Beside::default() };
        Ok(BindingRuntime { shared, queue: Queue::default() })
    }

    /// Compute threads, the caller's included.
    #[napi(getter, catch_unwind)]
    pub fn threads(&self) -> u32 {
        self.shared.threads.count() as u32
    }

    /// Threads for work that is no step.
    #[napi(getter, catch_unwind)]
    pub fn data_threads(&self) -> u32 {
        self.shared.beside_threads() as u32
    }

    /// Sets how many these are from now on, 0 for as many as compute; what runs keeps its own.
    #[napi(catch_unwind)]
    pub fn set_data_threads(&mut self, count: u32) {
        self.shared.beside = Beside { wanted: count as usize, pool: Arc::default() };
    }

    /// The instruction set in use.
    #[napi(getter, catch_unwind)]
    pub fn isa(&self) -> String {
        name(self.shared.target.isa)
    }

    /// The unit for bfloat16 in use: `amx`, `avx512-bf16` or `none`.
    #[napi(getter, catch_unwind)]
    pub fn tiles(&self) -> &'static str {
        self.shared.target.tiles.name()
    }

    /// Computes pending tensors at a precision from now on, given as an index of [`Precision::ALL`].
    #[napi(catch_unwind)]
    pub fn set_precision(&mut self, precision: u32) -> Result<()> {
        self.shared.target = self.target(precision)?;
        Ok(())
    }

    /// Hands over what was left, as `BindingProgram.submit` does.
    #[napi(catch_unwind)]
    pub fn submit(&self, ticket: u32) -> BindingBatch {
        submit(&self.shared, &self.queue, ticket)
    }

    /// Waits until the runs that were lined up before have ended.
    #[napi(catch_unwind)]
    pub fn drain(&self) {
        self.shared.workers.drain();
    }

    /// Computes pending tensors now.
    #[napi(catch_unwind, ts_args_type = "tensors: Array<BindingTensor>, keepHistory: boolean")]
    pub fn evaluate_sync(&self, env: Env, tensors: Vec<Handle<'_>>, keep_history: bool) -> Result<()> {
        self.shared.evaluate(&reported(&env, &tensors)?, keep_history).map_err(js)
    }

    /// Computes pending tensors on another thread, and tells of the end of the job that `ticket` names.
    #[napi(catch_unwind, ts_args_type = "tensors: Array<BindingTensor>, keepHistory: boolean, ticket: number")]
    pub fn evaluate(&self, env: Env, tensors: Vec<Handle<'_>>, keep_history: bool, ticket: u32) -> Result<()> {
        let (tensors, shared) = (reported(&env, &tensors)?, self.shared.clone());
        self.shared.workers.start(ticket, move || shared.evaluate(&tensors, keep_history));
        Ok(())
    }
}

impl BindingRuntime {
    /// What to compile for at a precision.
    pub(crate) fn target(&self, precision: u32) -> Result<Target> {
        let precision = Precision::ALL.get(precision as usize).copied();
        precision.map(|level| self.shared.target.with_precision(level)).ok_or_else(|| internal("no such precision"))
    }
}

/// The instruction sets that this processor can run, the best last.
#[napi(catch_unwind)]
pub fn instruction_sets() -> Vec<String> {
    Isa::available().into_iter().map(name).collect()
}

fn name(isa: Isa) -> String {
    format!("{isa:?}").to_lowercase()
}

/// The best target, or that of an instruction set. Units for bfloat16 go with the largest vectors alone.
fn target_on(asked: Option<&str>) -> Result<Target> {
    let Some(asked) = asked else { return Ok(Target::detect()) };
    let isa = Isa::available().into_iter().find(|&isa| name(isa) == asked);
    let isa = isa.ok_or_else(|| internal("no such instruction set"))?;
    Ok(if isa == Isa::Avx512 { Target::detect() } else { isa.into() })
}

fn default_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores > 2 { cores - 1 } else { cores }
}

/// The tensors, whose numbers are reported to V8 as soon as they are asked for.
fn reported(env: &Env, tensors: &[Handle<'_>]) -> Result<Vec<Tensor>> {
    tensors.iter().map(|tensor| tensor.report(env).map(|()| tensor.cloned())).collect()
}
