//! Compiled programs.

use crate::error::{Result, internal, js};
use crate::external::Reported;
use crate::handle::{BindingTensor, Handle};
use crate::runtime::{BindingRuntime, Shared};
use crate::variable::BindingVariable;
use ferrograd_graph::{Program, Request, Spec, Tensor, Variable, compile};
use ferrograd_kernels::exec::Memory;
use napi::Env;
use napi::bindgen_prelude::{ClassInstance, ObjectFinalize};
use napi_derive::napi;
use std::sync::{Arc, Mutex, PoisonError};

/// A compiled program.
#[napi(custom_finalize)]
pub struct BindingProgram {
    pub(crate) program: Arc<Program>,
    shared: Shared,
    reported: Reported,
}

impl ObjectFinalize for BindingProgram {
    fn finalize(self, env: Env) -> napi::Result<()> {
        self.reported.retract(&env)
    }
}

/// The results of a run, once it is done.
#[napi]
pub struct BindingOutputs(Arc<Mutex<Vec<Arc<Memory>>>>, Arc<Program>);

#[napi]
impl BindingOutputs {
    /// The outputs, once.
    #[napi(catch_unwind)]
    pub fn take(&self, env: Env) -> Result<Vec<BindingTensor>> {
        let values = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tensors(&env, values, self.1.outputs())
    }
}

fn tensors<'a>(
    env: &Env,
    values: Vec<Arc<Memory>>,
    specs: impl Iterator<Item = &'a Spec>,
) -> Result<Vec<BindingTensor>> {
    let tensor = |(memory, spec): (_, &Spec)| BindingTensor::holding(env, Tensor::value(spec.clone(), memory));
    values.into_iter().zip(specs).map(tensor).collect()
}

#[napi]
impl BindingProgram {
    /// Compiles outputs and updates.
    #[napi(
        factory,
        catch_unwind,
        ts_args_type = "runtime: BindingRuntime, inputs: Array<BindingTensor>, outputs: Array<BindingTensor>, variables: Array<BindingVariable>, values: Array<BindingTensor>, guard: BindingTensor | undefined | null, precision: number"
    )]
    #[allow(clippy::too_many_arguments, reason = "one flat call per compilation is the cheapest border")]
    pub fn compile(
        env: Env,
        runtime: &BindingRuntime,
        inputs: Vec<Handle<'_>>,
        outputs: Vec<Handle<'_>>,
        variables: Vec<ClassInstance<'_, BindingVariable>>,
        values: Vec<Handle<'_>>,
        guard: Option<Handle<'_>>,
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
        let program = Arc::new(compile(&request, runtime.target(precision)?).map_err(js)?);
        let reported = Reported::new(&env, program.arena_bytes())?;
        Ok(BindingProgram { program, shared: runtime.shared.clone(), reported })
    }

    /// Runs it now; nothing where another run holds a variable of its.
    #[napi(catch_unwind, ts_args_type = "inputs: Array<BindingTensor>")]
    pub fn run_sync(&self, env: Env, inputs: Vec<Handle<'_>>) -> Result<Option<Vec<BindingTensor>>> {
        let inputs = self.inputs(&env, &inputs)?;
        let inputs = self.shared.values(&inputs).map_err(js)?;
        let Some(values) = self.program.try_run(&inputs, &self.shared.threads).map_err(js)? else { return Ok(None) };
        tensors(&env, values, self.program.outputs()).map(Some)
    }

    /// Runs it on another thread, after the runs that were asked for before.
    #[napi(catch_unwind, ts_args_type = "inputs: Array<BindingTensor>, ticket: number")]
    pub fn run(&self, env: Env, inputs: Vec<Handle<'_>>, ticket: u32) -> Result<BindingOutputs> {
        let inputs = self.inputs(&env, &inputs)?;
        let slot = Arc::new(Mutex::new(Vec::new()));
        let (program, shared, into) = (self.program.clone(), self.shared.clone(), slot.clone());
        self.shared.workers.line_up(ticket, move || {
            let values = program.run(&shared.values(&inputs)?, &shared.threads)?;
            *into.lock().unwrap_or_else(PoisonError::into_inner) = values;
            Ok(())
        });
        Ok(BindingOutputs(slot, self.program.clone()))
    }

    /// Kernels in the order in which they run.
    #[napi(getter, catch_unwind)]
    pub fn steps(&self) -> Vec<&'static str> {
        self.program.step_names().collect()
    }

    /// Bytes of its arena.
    #[napi(getter, catch_unwind)]
    pub fn arena_bytes(&self) -> f64 {
        self.program.arena_bytes() as f64
    }

    /// The inputs, which fit; those without numbers are reported to V8, since a run computes them.
    fn inputs(&self, env: &Env, inputs: &[Handle<'_>]) -> Result<Vec<Tensor>> {
        let expected = self.program.inputs();
        if inputs.len() != expected.len() {
            return Err(internal(format!("run: {} inputs for {}", inputs.len(), expected.len())));
        }
        let fitting = |(input, spec): (&Handle<'_>, &Spec)| {
            if input.tensor().spec() != spec {
                return Err(internal(format!("run: {} for {spec}", input.tensor().spec())));
            }
            input.report(env)?;
            Ok(input.cloned())
        };
        inputs.iter().zip(expected).map(fitting).collect()
    }
}
