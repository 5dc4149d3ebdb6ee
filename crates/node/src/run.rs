//! Runs of programs: here and now, or in a line on another thread, where those of one moment go together.

use crate::bridge::Bridge;
use crate::call::{call, owning_function, typed_bytes};
use crate::error::{Result, internal, js};
use crate::handle::{BindingTensor, Handle};
use crate::moment::Slot;
use crate::runtime::Shared;
use crate::tensor::memory;
use ferrograd_graph::moment::Moment;
use ferrograd_graph::{Error, Program, Spec, Tensor, Variable};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::threads::Threads;
use napi::bindgen_prelude::{Either, FromNapiValue, Object, ToNapiValue};
use napi::{Env, Unknown, sys};
use napi_derive::napi;
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex, PoisonError};

/// The most inputs of a run that crosses as one plain call.
const ARGUMENTS: usize = 16;

/// Runs that wait to be handed over, of all programs of a runtime.
pub(crate) type Queue = Rc<RefCell<Vec<Run>>>;

/// What is done at its turn in the line.
pub(crate) enum Run {
    /// A run of a program, with the values of a moment where it has one.
    Step { program: Arc<Program>, inputs: Vec<Tensor>, moment: Option<Arc<Moment>>, threads: Threads },
    /// What some variables hold then is kept for later runs.
    Take { variables: Vec<Variable>, slot: Slot },
}

/// A program, and where it runs.
pub(crate) struct Runner {
    pub program: Arc<Program>,
    pub shared: Shared,
    pub queue: Queue,
}

impl Runner {
    /// The functions `{ run, enqueue }` of at most [`ARGUMENTS`] inputs each. V8 looks seldom at what hangs on a function,
    /// so that these do not keep the runner, and with it all that its program computes with.
    pub fn functions<'a>(self: &Rc<Runner>, env: &'a Env, bridge: Bridge) -> Result<Object<'a>> {
        let failed = |error: napi::Error| internal(error.to_string());
        let mut functions = Object::new(env).map_err(failed)?;
        // Safety: the environment is alive, and the callbacks take what they are given, whose drop touches no JavaScript.
        unsafe {
            let run = owning_function(env.raw(), run, (Rc::downgrade(self), bridge))?;
            let enqueue = owning_function(env.raw(), enqueue, Rc::downgrade(self))?;
            functions.set("run", Unknown::from_raw_unchecked(env.raw(), run)).map_err(failed)?;
            functions.set("enqueue", Unknown::from_raw_unchecked(env.raw(), enqueue)).map_err(failed)?;
        }
        Ok(functions)
    }

    /// Runs it now; nothing where another run holds a variable of its.
    pub fn here(&self, env: &Env, inputs: &[Handle<'_>]) -> Result<Option<Vec<BindingTensor>>> {
        self.values(self.inputs(env, inputs)?)?.map(|values| outputs(env, &self.program, values)).transpose()
    }

    /// The numbers of a run now.
    fn values(&self, inputs: Vec<Tensor>) -> Result<Option<Vec<Arc<Memory>>>> {
        let inputs = self.shared.values(&inputs).map_err(js)?;
        self.program.try_run(&inputs, &self.shared.threads).map_err(js)
    }

    /// As [`Runner::here`]; the numbers of a lone small output are left in the block instead.
    fn given(&self, env: &Env, inputs: &[Input<'_>], bridge: Bridge) -> Result<Given> {
        let Some(values) = self.values(self.inputs(env, inputs)?)? else { return Ok(Given::Nothing) };
        if let ([memory], Some(spec)) = (&values[..], self.program.outputs().next())
            && bridge.leave(spec, memory)
        {
            return Ok(Given::Left);
        }
        let mut outputs = outputs(env, &self.program, values)?;
        Ok(if outputs.len() == 1 { Given::Alone(outputs.swap_remove(0)) } else { Given::All(outputs) })
    }

    /// Leaves a run to be handed over.
    pub fn enqueue(&self, env: &Env, inputs: &[Handle<'_>], moment: Option<Arc<Moment>>) -> Result<()> {
        let inputs = self.inputs(env, inputs)?;
        let (program, threads) = (self.program.clone(), self.shared.threads.clone());
        self.queue.borrow_mut().push(Run::Step { program, inputs, moment, threads });
        Ok(())
    }

    /// The inputs, which fit; those without numbers are reported to V8, since a run computes them.
    fn inputs<I: AsInput>(&self, env: &Env, inputs: &[I]) -> Result<Vec<Tensor>> {
        let expected = self.program.inputs();
        if inputs.len() != expected.len() {
            return Err(internal(format!("run: {} inputs for {}", inputs.len(), expected.len())));
        }
        inputs.iter().zip(expected).map(|(input, spec)| input.tensor_of(env, spec)).collect()
    }
}

/// What an input of a run may come as.
trait AsInput {
    /// Its tensor, if it is one of `spec`.
    fn tensor_of(&self, env: &Env, spec: &Spec) -> Result<Tensor>;
}

impl AsInput for Handle<'_> {
    fn tensor_of(&self, env: &Env, spec: &Spec) -> Result<Tensor> {
        let tensor = self.tensor();
        if tensor.spec() != spec {
            return Err(internal(format!("run: {} for {spec}", tensor.spec())));
        }
        self.report(env)?;
        Ok(tensor.clone())
    }
}

/// An input of a run here and now: a handle on a tensor, or numbers that have none and are copied.
enum Input<'a> {
    Held(Handle<'a>),
    Numbers(&'a [u8]),
}

impl AsInput for Input<'_> {
    fn tensor_of(&self, env: &Env, spec: &Spec) -> Result<Tensor> {
        match self {
            Input::Held(handle) => handle.tensor_of(env, spec),
            Input::Numbers(bytes) => Ok(Tensor::value(spec.clone(), Arc::new(memory(spec, bytes)?))),
        }
    }
}

impl FromNapiValue for Input<'_> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // Safety: both are of the running call, which writes no array.
        unsafe {
            Handle::from_napi_value(env, value)
                .map(Input::Held)
                .or_else(|_| typed_bytes(env, value).map(|bytes| Input::Numbers(bytes.as_ref())))
        }
    }
}

/// Leaves the taking of a moment to be handed over.
pub(crate) fn enqueue_taking(queue: &Queue, variables: Vec<Variable>, slot: Slot) {
    queue.borrow_mut().push(Run::Take { variables, slot });
}

/// Hands over what was left: another thread does it after what was handed over before.
pub(crate) fn submit(shared: &Shared, queue: &Queue, ticket: u32) -> BindingBatch {
    let runs = queue.take();
    let batch = BindingBatch {
        programs: runs.iter().map(Run::program).collect(),
        outcomes: Arc::new(Mutex::new(Vec::with_capacity(runs.len()))),
    };
    let (shared, outcomes) = (shared.clone(), batch.outcomes.clone());
    let (closing, workers) = (shared.workers.closing(), shared.workers.clone());
    workers.line_up(ticket, move || {
        for run in runs {
            if closing.load(std::sync::atomic::Ordering::Acquire) {
                break;
            }
            let outcome = run.carry_out(&shared);
            outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
        }
        Ok(())
    });
    batch
}

impl Run {
    /// The program that gives the outputs, where there are any.
    fn program(&self) -> Option<Arc<Program>> {
        match self {
            Run::Step { program, .. } => Some(program.clone()),
            Run::Take { .. } => None,
        }
    }

    fn carry_out(self, shared: &Shared) -> Outcome {
        match self {
            Run::Step { program, inputs, moment, threads } => {
                let inputs = shared.values(&inputs)?;
                match moment {
                    None => program.run(&inputs, &threads),
                    Some(moment) => program.run_at(&moment, &inputs, &threads),
                }
            }
            Run::Take { variables, slot } => {
                // Nobody else fills it.
                let _ = slot.set(Arc::new(Moment::take(&variables)?));
                Ok(Vec::new())
            }
        }
    }
}

type Outcome = std::result::Result<Vec<Arc<Memory>>, Error>;

fn outputs(env: &Env, program: &Program, values: Vec<Arc<Memory>>) -> Result<Vec<BindingTensor>> {
    let tensor = |(memory, spec): (_, &Spec)| BindingTensor::holding(env, Tensor::value(spec.clone(), memory));
    values.into_iter().zip(program.outputs()).map(tensor).collect()
}

/// What a run here and now gives: nothing where it could not, `true` where the numbers of a lone output are left in the
/// block, a lone output as it is, or all outputs.
enum Given {
    Nothing,
    Left,
    Alone(BindingTensor),
    All(Vec<BindingTensor>),
}

impl ToNapiValue for Given {
    unsafe fn to_napi_value(env: sys::napi_env, given: Given) -> napi::Result<sys::napi_value> {
        // Safety: the caller's promise.
        unsafe {
            match given {
                Given::Nothing => <()>::to_napi_value(env, ()),
                Given::Left => bool::to_napi_value(env, true),
                Given::Alone(output) => BindingTensor::to_napi_value(env, output),
                Given::All(outputs) => Vec::to_napi_value(env, outputs),
            }
        }
    }
}

/// `run(...inputs)`: see [`Runner::given`].
unsafe extern "C" fn run(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // Safety: Node calls with living arguments; the function's data is a `Weak<Runner>` with its bridge.
    unsafe {
        call::<ARGUMENTS, _>(env, info, |call| {
            let (runner, bridge) = call.data::<(Weak<Runner>, Bridge)>();
            living(runner)?.given(&call.env(), &call.rest(0)?, *bridge)
        })
    }
}

/// The runner, which whoever has its functions keeps.
fn living(runner: &Weak<Runner>) -> Result<Rc<Runner>> {
    runner.upgrade().ok_or_else(|| internal("run: a program that is gone"))
}

/// `enqueue(...inputs)`: see [`Runner::enqueue`].
unsafe extern "C" fn enqueue(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // Safety: as for `run`; the function's data is a `Weak<Runner>`.
    unsafe {
        call::<ARGUMENTS, _>(env, info, |call| {
            living(call.data::<Weak<Runner>>())?.enqueue(&call.env(), &call.rest(0)?, None)
        })
    }
}

/// Runs that were handed over together.
#[napi]
pub struct BindingBatch {
    programs: Vec<Option<Arc<Program>>>,
    outcomes: Arc<Mutex<Vec<Outcome>>>,
}

/// Why a run failed.
#[napi(object, object_from_js = false)]
pub struct RunFailure {
    /// The code of the error.
    pub code: String,
    /// Its message.
    pub message: String,
}

#[napi]
impl BindingBatch {
    /// The outputs of each run in their order, or why it failed; once, after the end of the job.
    #[napi(catch_unwind)]
    pub fn take(&self, env: Env) -> Result<Vec<Either<Vec<BindingTensor>, RunFailure>>> {
        let outcomes = std::mem::take(&mut *self.outcomes.lock().unwrap_or_else(PoisonError::into_inner));
        let told = |(outcome, program): (Outcome, &Option<Arc<Program>>)| match outcome {
            Ok(values) => {
                program.as_ref().map_or(Ok(Vec::new()), |program| outputs(&env, program, values)).map(Either::A)
            }
            Err(error) => Ok(Either::B(RunFailure { code: error.code.as_ref().to_owned(), message: error.message })),
        };
        outcomes.into_iter().zip(&self.programs).map(told).collect()
    }
}
