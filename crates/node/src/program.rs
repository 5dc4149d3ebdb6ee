//! Compiled programs.

use crate::bridge::Bridge;
use crate::error::{Result, internal, js};
use crate::external::Reported;
use crate::handle::{BindingTensor, Handle};
use crate::moment::BindingMoment;
use crate::run::{BindingBatch, Runner, submit};
use crate::runtime::BindingRuntime;
use crate::variable::BindingVariable;
use ferrograd_graph::{Program, Request, Tensor, Variable, compile_guarded};
use napi::Env;
use napi::bindgen_prelude::{ClassInstance, Object, ObjectFinalize};
use napi_derive::napi;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What V8 is told that a kernel of a program holds. It is a few times what it does hold, in many small blocks: with the
/// truth alone a server of small models would keep hundreds of dead programs before V8 collects any.
const KERNEL: usize = 16 << 10;

/// A compiled program.
#[napi(custom_finalize)]
pub struct BindingProgram {
    pub(crate) program: Arc<Program>,
    runner: Rc<Runner>,
    reported: Reported,
    stop: Arc<AtomicBool>,
}

impl ObjectFinalize for BindingProgram {
    fn finalize(self, env: Env) -> napi::Result<()> {
        self.reported.retract(&env)
    }
}

#[napi]
impl BindingProgram {
    /// Compiles outputs and updates.
    #[napi(
        factory,
        catch_unwind,
        ts_args_type = "runtime: BindingRuntime, inputs: Array<BindingTensor>, outputs: Array<BindingTensor>, variables: Array<BindingVariable>, values: Array<BindingTensor>, guard: BindingTensor | undefined | null, guards: Array<BindingTensor>, precision: number"
    )]
    #[allow(clippy::too_many_arguments, reason = "one flat call per compilation is the cheapest bridge")]
    pub fn compile(
        env: Env,
        runtime: &BindingRuntime,
        inputs: Vec<Handle<'_>>,
        outputs: Vec<Handle<'_>>,
        variables: Vec<ClassInstance<'_, BindingVariable>>,
        values: Vec<Handle<'_>>,
        guard: Option<Handle<'_>>,
        guards: Vec<Handle<'_>>,
        precision: u32,
    ) -> Result<BindingProgram> {
        let list = |tensors: &[Handle<'_>]| -> Vec<Tensor> { tensors.iter().map(Handle::cloned).collect() };
        if variables.len() != values.len() {
            return Err(internal(format!("compile: {} variables, {} values", variables.len(), values.len())));
        }
        let variables = variables.iter().map(|variable| variable.variable.clone());
        let updates: Vec<(Variable, Tensor)> = variables.zip(list(&values)).collect();
        let (inputs, outputs) = (list(&inputs), list(&outputs));
        let guard = guard.map(|guard| guard.cloned());
        let request = Request { inputs: &inputs, outputs: &outputs, updates: &updates, guard: guard.as_ref() };
        let program = Arc::new(compile_guarded(&request, &list(&guards), runtime.target(precision)?).map_err(js)?);
        program.check_room(runtime.shared.room).map_err(js)?;
        let reported = Reported::new(&env, program.arena_bytes() + KERNEL * (1 + program.step_names().count()))?;
        let stop = Arc::<AtomicBool>::default();
        let shared = runtime.shared.stopped_by(stop.clone());
        let runner = Rc::new(Runner { program: program.clone(), shared, queue: runtime.queue.clone() });
        Ok(BindingProgram { program, runner, reported, stop })
    }

    /// Functions that run it as [`BindingProgram::run_sync`] and [`BindingProgram::enqueue`] do, for at most 16 inputs.
    /// They take inputs one by one, and `run` gives a lone output as it is, or leaves its numbers in the block of the
    /// bridge where they have room. They run while the program is there, and do not keep it.
    #[napi(catch_unwind, ts_args_type = "block: ArrayBuffer", ts_return_type = "Runs")]
    pub fn runs<'a>(&self, env: &'a Env, block: Bridge) -> Result<Object<'a>> {
        self.runner.functions(env, block)
    }

    /// Runs it now; nothing where another run holds a variable of its.
    #[napi(catch_unwind, ts_args_type = "inputs: Array<BindingTensor>")]
    pub fn run_sync(&self, env: Env, inputs: Vec<Handle<'_>>) -> Result<Option<Vec<BindingTensor>>> {
        self.runner.here(&env, &inputs)
    }

    /// Leaves a run to be handed over.
    #[napi(catch_unwind, ts_args_type = "inputs: Array<BindingTensor>")]
    pub fn enqueue(&self, env: Env, inputs: Vec<Handle<'_>>) -> Result<()> {
        self.runner.enqueue(&env, &inputs, None)
    }

    /// As [`BindingProgram::enqueue`], reading what held at a moment.
    #[napi(catch_unwind, ts_args_type = "moment: BindingMoment, inputs: Array<BindingTensor>")]
    pub fn enqueue_at(
        &self,
        env: Env,
        moment: ClassInstance<'_, BindingMoment>,
        inputs: Vec<Handle<'_>>,
    ) -> Result<()> {
        self.runner.enqueue(&env, &inputs, Some(moment.taken()?))
    }

    /// Hands over the runs that were left, of every program of the runtime: another thread does them in their order,
    /// after those that were handed over before.
    #[napi(catch_unwind)]
    pub fn submit(&self, ticket: u32) -> BindingBatch {
        submit(&self.runner.shared, &self.runner.queue, ticket)
    }

    /// Ends its runs, those to come too, with `ERR_ABORTED` where they would go on without an end.
    #[napi(catch_unwind)]
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Kernels in the order in which they run.
    #[napi(getter, catch_unwind)]
    pub fn steps(&self) -> Vec<&'static str> {
        self.program.step_names().collect()
    }

    /// Frees the memory that its runs have worked in; the next one takes new memory.
    #[napi(catch_unwind)]
    pub fn free_arenas(&self) {
        self.program.free_arenas();
    }

    /// Bytes of its arena.
    #[napi(getter, catch_unwind)]
    pub fn arena_bytes(&self) -> f64 {
        self.program.arena_bytes() as f64
    }
}
