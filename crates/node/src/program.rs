//! Compiled programs.

use crate::error::{Result, internal, js};
use crate::external::Reported;
use crate::job::Done;
use crate::runtime::BindingRuntime;
use crate::tensor::BindingTensor;
use crate::variable::BindingVariable;
use ferrograd_graph::{Program, Request, Spec, Tensor, Variable, compile};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::threads::Threads;
use napi::Env;
use napi::bindgen_prelude::{ClassInstance, ObjectFinalize};
use napi_derive::napi;
use std::sync::{Arc, Mutex, PoisonError};

/// A compiled program.
#[napi(custom_finalize)]
pub struct BindingProgram {
    pub(crate) program: Arc<Program>,
    threads: Threads,
    workers: crate::job::Workers,
    reported: Reported,
}

impl ObjectFinalize for BindingProgram {
    fn finalize(self, env: Env) -> napi::Result<()> {
        self.reported.retract(&env)
    }
}

/// The results of a run, once it is done.
#[napi]
pub struct BindingOutputs(Arc<Mutex<Vec<Arc<Memory>>>>, Vec<Spec>);

#[napi]
impl BindingOutputs {
    /// The outputs, once.
    #[napi(catch_unwind)]
    pub fn take(&self, env: Env) -> Result<Vec<BindingTensor>> {
        let values = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tensors(&env, values, &self.1)
    }
}

fn tensors(env: &Env, values: Vec<Arc<Memory>>, specs: &[Spec]) -> Result<Vec<BindingTensor>> {
    let tensor = |(memory, spec): (_, &Spec)| BindingTensor::holding(env, Tensor::value(spec.clone(), memory));
    values.into_iter().zip(specs).map(tensor).collect()
}

#[napi]
impl BindingProgram {
    /// Compiles outputs and updates.
    #[napi(factory, catch_unwind)]
    #[allow(clippy::too_many_arguments, reason = "one flat call per compilation is the cheapest border")]
    pub fn compile(
        env: Env,
        runtime: &BindingRuntime,
        inputs: Vec<ClassInstance<'_, BindingTensor>>,
        outputs: Vec<ClassInstance<'_, BindingTensor>>,
        variables: Vec<ClassInstance<'_, BindingVariable>>,
        values: Vec<ClassInstance<'_, BindingTensor>>,
        guard: Option<&BindingTensor>,
    ) -> Result<BindingProgram> {
        let list = |tensors: &[ClassInstance<'_, BindingTensor>]| -> Vec<Tensor> {
            tensors.iter().map(|tensor| tensor.tensor.clone()).collect()
        };
        if variables.len() != values.len() {
            return Err(internal(format!("compile: {} variables, {} values", variables.len(), values.len())));
        }
        let variables = variables.iter().map(|variable| variable.variable.clone());
        let updates: Vec<(Variable, Tensor)> = variables.zip(list(&values)).collect();
        let (inputs, outputs) = (list(&inputs), list(&outputs));
        let guard = guard.map(|guard| &guard.tensor);
        let request = Request { inputs: &inputs, outputs: &outputs, updates: &updates, guard };
        let program = Arc::new(compile(&request, runtime.isa).map_err(js)?);
        let reported = Reported::new(&env, program.arena_bytes())?;
        Ok(BindingProgram { program, threads: runtime.threads.clone(), workers: runtime.workers.clone(), reported })
    }

    /// Runs it now.
    #[napi(catch_unwind)]
    pub fn run_sync(&self, env: Env, inputs: Vec<ClassInstance<'_, BindingTensor>>) -> Result<Vec<BindingTensor>> {
        let inputs = self.inputs(&inputs)?;
        let values = self.program.run(&inputs, &self.threads).map_err(js)?;
        tensors(&env, values, &self.specs())
    }

    /// Runs it on another thread.
    #[napi(catch_unwind)]
    pub fn run(
        &self,
        inputs: Vec<ClassInstance<'_, BindingTensor>>,
        #[napi(ts_arg_type = "(code: string | null, message: string | null) => void")] done: Done,
    ) -> Result<BindingOutputs> {
        let inputs = self.inputs(&inputs)?;
        let slot = Arc::new(Mutex::new(Vec::new()));
        let (program, threads, into) = (self.program.clone(), self.threads.clone(), slot.clone());
        self.workers.start(done, move || {
            let values = program.run(&inputs, &threads)?;
            *into.lock().unwrap_or_else(PoisonError::into_inner) = values;
            Ok(())
        });
        Ok(BindingOutputs(slot, self.specs()))
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

    fn specs(&self) -> Vec<Spec> {
        self.program.outputs().cloned().collect()
    }

    fn inputs(&self, inputs: &[ClassInstance<'_, BindingTensor>]) -> Result<Vec<Arc<Memory>>> {
        let expected = self.program.inputs();
        if inputs.len() != expected.len() {
            return Err(internal(format!("run: {} inputs for {}", inputs.len(), expected.len())));
        }
        let value = |(input, spec): (&ClassInstance<'_, BindingTensor>, &Spec)| {
            if input.tensor.spec() != spec {
                return Err(internal(format!("run: {} for {spec}", input.tensor.spec())));
            }
            input.tensor.evaluated().ok_or_else(|| internal("run: an input has no numbers yet"))
        };
        inputs.iter().zip(expected).map(value).collect()
    }
}
