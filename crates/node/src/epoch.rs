//! Epochs: one native call, progress now and then, cancellation between steps.

use crate::error::{Result, internal, js};
use crate::external::Reported;
use crate::handle::BindingTensor;
use crate::moment::BindingMoment;
use crate::profile::BindingProfile;
use crate::program::BindingProgram;
use crate::runtime::BindingRuntime;
use crate::tensor::{memory, spec};
use ferrograd_graph::epoch::{Column, Columns, End, Epoch, Listener, Order};
use ferrograd_graph::{Error, ErrorCode, Spec, Tensor};
use ferrograd_kernels::exec::Fault;
use napi::Env;
use napi::bindgen_prelude::{FnArgs, ObjectFinalize, Uint32Array};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Row-aligned arrays, copied once on the JavaScript thread.
#[napi(custom_finalize)]
pub struct BindingColumns {
    columns: Arc<Columns>,
    reported: Reported,
}

impl ObjectFinalize for BindingColumns {
    fn finalize(self, env: Env) -> napi::Result<()> {
        self.reported.retract(&env)
    }
}

#[napi]
impl BindingColumns {
    /// No arrays yet, of `rows` rows each.
    #[napi(constructor, catch_unwind)]
    pub fn new(rows: u32) -> BindingColumns {
        let columns = Arc::new(Columns { columns: Vec::new(), rows: rows as usize });
        BindingColumns { columns, reported: Reported::default() }
    }

    /// Adds an array of `row` elements a row.
    #[napi(catch_unwind)]
    pub fn add(&mut self, env: Env, row: u32, dtype: u32, bytes: &[u8]) -> Result<()> {
        let rows = u32::try_from(self.columns.rows).map_err(|_| internal("more rows than columns can have"))?;
        let spec = spec(&[rows, row], dtype)?;
        let column = Column { memory: Arc::new(memory(&spec, bytes)?), row: row as usize, dtype: spec.dtype };
        let columns = Arc::get_mut(&mut self.columns).ok_or_else(|| internal("columns are in use"))?;
        columns.columns.push(column);
        self.reported.add(&env, spec.bytes())
    }

    /// Lets go of the arrays now; an epoch that runs over them keeps them until it ends.
    #[napi(catch_unwind)]
    pub fn release(&mut self, env: Env) -> Result<()> {
        self.columns = Arc::new(Columns { columns: Vec::new(), rows: self.columns.rows });
        self.reported.retract(&env).map_err(|error| internal(error.to_string()))
    }
}

/// What to run over which rows.
#[napi(object, object_to_js = false)]
pub struct EpochOptions<'a> {
    /// The step for whole batches.
    pub program: napi::bindgen_prelude::ClassInstance<'a, BindingProgram>,
    /// The step for the last, smaller batch.
    pub tail: Option<napi::bindgen_prelude::ClassInstance<'a, BindingProgram>>,
    /// The data.
    pub columns: napi::bindgen_prelude::ClassInstance<'a, BindingColumns>,
    /// First row.
    pub first: u32,
    /// How many rows.
    pub count: u32,
    /// Rows of a whole batch.
    pub batch: u32,
    /// Two halves of the shuffle's seed, low first; none keeps the order.
    pub seed: Option<Vec<u32>>,
    /// The rows in order, counted from the first one; instead of a seed.
    pub listed: Option<Uint32Array>,
    /// Counted from 0, for the shuffle.
    pub epoch: u32,
    /// The step to begin with: the ones before are taken for done.
    pub first_step: Option<u32>,
    /// What the programs read, as it was at some moment.
    pub moment: Option<napi::bindgen_prelude::ClassInstance<'a, BindingMoment>>,
    /// Stops after so many steps, those before the first one counted.
    pub max_steps: Option<u32>,
    /// Scalars to report.
    pub watch: Option<napi::bindgen_prelude::ClassInstance<'a, BindingProgram>>,
    /// Gathers every output of every step.
    pub collect: bool,
    /// Reports every step and waits until it is acknowledged.
    pub every_step: bool,
    /// Least milliseconds between two reports.
    pub report_every: f64,
    /// Takes the times of the kernels; made for `program`.
    pub profile: Option<napi::bindgen_prelude::ClassInstance<'a, BindingProfile>>,
}

/// How an epoch ended.
#[napi(object, object_from_js = false)]
pub struct EpochEnd {
    /// The step that it came to: those before it are done.
    pub steps: u32,
    /// Seconds.
    pub seconds: f64,
    /// The watched scalars.
    pub values: Vec<f64>,
    /// True where it was cancelled.
    pub cancelled: bool,
    /// The step in which something guarded was not finite.
    pub non_finite_at: Option<u32>,
    /// Which of the guards.
    pub guard: Option<u32>,
    /// Its value.
    pub non_finite: Option<f64>,
}

/// Called with step, steps and the watched scalars; the next call comes after `acknowledge`.
type Progress = ThreadsafeFunction<FnArgs<(u32, u32, Vec<f64>)>, (), FnArgs<(u32, u32, Vec<f64>)>, napi::Status, false>;

/// A running epoch.
#[napi]
pub struct BindingEpoch {
    shared: Arc<Shared>,
}

struct Shared {
    cancelled: Arc<AtomicBool>,
    closing: Arc<AtomicBool>,
    /// True while JavaScript has not yet acknowledged the last report.
    in_flight: Mutex<bool>,
    acknowledged: Condvar,
    end: Mutex<Option<End>>,
    specs: Vec<Spec>,
}

#[napi]
impl BindingEpoch {
    /// Starts the epoch on a thread of its own.
    #[napi(factory, catch_unwind)]
    pub fn start(
        runtime: &BindingRuntime,
        options: EpochOptions<'_>,
        #[napi(ts_arg_type = "((step: number, steps: number, values: number[]) => void) | null")] progress: Option<
            Progress,
        >,
        ticket: u32,
    ) -> Result<BindingEpoch> {
        let epoch = epoch(&options)?;
        epoch.check().map_err(js)?;
        let shared = Arc::new(Shared {
            cancelled: Arc::default(),
            closing: runtime.shared.workers.closing(),
            in_flight: Mutex::new(false),
            acknowledged: Condvar::new(),
            end: Mutex::new(None),
            specs: epoch.program.outputs().cloned().collect(),
        });
        let (threads, every_step) = (runtime.shared.threads.stopped_by(shared.cancelled.clone()), epoch.every_step);
        let mut reporter = Reporter { shared: shared.clone(), progress, every_step };
        runtime.shared.workers.start(ticket, move || {
            let end = epoch.run(&threads, &mut reporter)?;
            let fault = end.stop.filter(|stop| !matches!(stop.fault, Fault::NonFinite { .. }));
            *reporter.shared.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
            fault.map_or(Ok(()), |stop| Err(Error::from(stop)))
        });
        Ok(BindingEpoch { shared })
    }

    /// Asks it to end after the step that it is in.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        self.shared.cancelled.store(true, Ordering::Release);
        self.shared.acknowledged.notify_all();
    }

    /// Lets the next report come.
    #[napi(catch_unwind)]
    pub fn acknowledge(&self) {
        *self.shared.in_flight.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.shared.acknowledged.notify_all();
    }

    /// How it ended; only after `done`.
    #[napi(catch_unwind)]
    pub fn end(&self) -> Result<EpochEnd> {
        let end = self.shared.end.lock().unwrap_or_else(PoisonError::into_inner);
        let end = end.as_ref().ok_or_else(|| internal("the epoch has not ended"))?;
        let non_finite = end.stop.and_then(|stop| match stop.fault {
            Fault::NonFinite { guard, value } => Some((guard, value)),
            Fault::Index { .. } | Fault::Stopped => None,
        });
        Ok(EpochEnd {
            steps: end.steps as u32,
            seconds: end.seconds,
            values: end.values.clone(),
            cancelled: end.cancelled,
            non_finite_at: non_finite.map(|_| end.steps as u32),
            guard: non_finite.map(|(guard, _)| guard as u32),
            non_finite: non_finite.map(|(_, value)| value),
        })
    }

    /// The gathered outputs, once; `rows` rows each.
    #[napi(catch_unwind)]
    pub fn take_collected(&self, env: Env, rows: u32) -> Result<Vec<BindingTensor>> {
        let mut end = self.shared.end.lock().unwrap_or_else(PoisonError::into_inner);
        let end = end.as_mut().ok_or_else(|| internal("the epoch has not ended"))?;
        let collected = std::mem::take(&mut end.collected);
        let tensor = |(memory, spec): (_, &Spec)| {
            let shape = std::iter::once(rows as usize).chain(spec.shape.iter().skip(1).copied());
            let spec = Spec::new(shape.collect::<ferrograd_graph::Shape>(), spec.dtype);
            BindingTensor::holding(&env, Tensor::value(spec, Arc::new(memory)))
        };
        collected.into_iter().zip(&self.shared.specs).map(tensor).collect()
    }
}

fn epoch(options: &EpochOptions<'_>) -> Result<Epoch> {
    let order = match (options.seed.as_deref(), &options.listed) {
        (_, Some(listed)) => Order::Listed(listed.to_vec()),
        (None, None) => Order::Sequential,
        (Some(&[low, high]), None) => {
            let seed = u64::from(low) | u64::from(high) << 32;
            Order::Shuffled { seed, epoch: u64::from(options.epoch) }
        }
        (Some(seed), None) => return Err(internal(format!("a seed of {} halves", seed.len()))),
    };
    let (first, count) = (options.first as usize, options.count as usize);
    Ok(Epoch {
        program: options.program.program.clone(),
        tail: options.tail.as_ref().map(|tail| tail.program.clone()),
        columns: options.columns.columns.clone(),
        rows: first..first + count,
        batch: options.batch as usize,
        order,
        first_step: options.first_step.unwrap_or(0) as usize,
        moment: options.moment.as_ref().map(|moment| moment.taken()).transpose()?,
        max_steps: options.max_steps.map(|steps| steps as usize),
        watch: options.watch.as_ref().map(|watch| watch.program.clone()),
        collect: options.collect,
        every_step: options.every_step,
        report_every: Duration::from_secs_f64(options.report_every.clamp(0.0, 1e9) / 1e3),
        profile: options.profile.as_ref().map(|profile| profile.profile()),
    })
}

/// Carries progress to JavaScript: one call in flight, later ones wait or are left out.
struct Reporter {
    shared: Arc<Shared>,
    progress: Option<Progress>,
    every_step: bool,
}

impl Listener for Reporter {
    fn cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::Acquire) || self.shared.closing.load(Ordering::Acquire)
    }

    fn progress(&mut self, step: usize, steps: usize, values: &[f64]) -> ferrograd_graph::Result<()> {
        let Some(progress) = &self.progress else { return Ok(()) };
        let mut in_flight = self.shared.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        if *in_flight {
            return Ok(());
        }
        *in_flight = true;
        let args = FnArgs::from((step as u32, steps as u32, values.to_vec()));
        if progress.call(args, ThreadsafeFunctionCallMode::NonBlocking) != napi::Status::Ok {
            return Err(Error::new(ErrorCode::Aborted, "the environment is closing"));
        }
        while self.every_step && *in_flight && !self.cancelled() {
            let wait = self.shared.acknowledged.wait_timeout(in_flight, Duration::from_millis(20));
            in_flight = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}
