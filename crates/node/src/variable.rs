//! Variables: state that programs change.

use crate::error::{Result, internal, js};
use crate::external::Reported;
use crate::handle::{BindingTensor, Handle};
use crate::tensor::{memory, spec};
use ferrograd_graph::variable::{replace_all, snapshot_all};
use ferrograd_graph::{Tensor, Variable};
use napi::Env;
use napi::bindgen_prelude::{ClassInstance, ObjectFinalize};
use napi_derive::napi;
use std::sync::Arc;

/// A handle on a variable.
#[napi(custom_finalize)]
pub struct BindingVariable {
    pub(crate) variable: Variable,
    reported: Reported,
}

impl ObjectFinalize for BindingVariable {
    fn finalize(self, env: Env) -> napi::Result<()> {
        self.reported.retract(&env)
    }
}

impl BindingVariable {
    fn holding(env: &Env, variable: Variable) -> Result<BindingVariable> {
        let reported = Reported::new(env, variable.spec().bytes())?;
        Ok(BindingVariable { variable, reported })
    }

    fn check(&self, value: &Tensor) -> Result<()> {
        let (expected, got) = (self.variable.spec(), value.spec());
        if expected == got {
            return Ok(());
        }
        Err(internal(format!("assign to '{}': {got} for {expected}", self.variable.name())))
    }
}

#[napi]
impl BindingVariable {
    /// A variable that holds a copy of the bytes.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, name: String, shape: Vec<u32>, dtype: u32, bytes: &[u8]) -> Result<BindingVariable> {
        let spec = spec(&shape, dtype)?;
        let memory = Arc::new(memory(&spec, bytes)?);
        BindingVariable::holding(&env, Variable::from_memory(name, spec, memory))
    }

    /// A variable that starts with the numbers of an evaluated tensor.
    #[napi(factory, catch_unwind, ts_args_type = "name: string, value: BindingTensor")]
    pub fn of(env: Env, name: String, value: Handle<'_>) -> Result<BindingVariable> {
        let value = value.tensor();
        let memory = evaluated(&value)?;
        BindingVariable::holding(&env, Variable::from_memory(name, value.spec().clone(), memory))
    }

    /// The value that it will have when a program runs.
    #[napi(catch_unwind)]
    pub fn symbol(&self) -> BindingTensor {
        Tensor::variable(&self.variable).into()
    }

    /// The value that it has now; later changes do not touch it.
    #[napi(catch_unwind)]
    pub fn snapshot(&self, env: Env) -> Result<BindingTensor> {
        let memory = self.variable.snapshot().map_err(js)?;
        BindingTensor::holding(&env, Tensor::value(self.variable.spec().clone(), memory))
    }

    /// Puts the numbers of an evaluated tensor in.
    #[napi(catch_unwind, ts_args_type = "value: BindingTensor")]
    pub fn assign(&self, value: Handle<'_>) -> Result<()> {
        let value = value.tensor();
        self.check(&value)?;
        self.variable.replace(evaluated(&value)?);
        Ok(())
    }

    /// Puts the numbers of evaluated tensors into several variables, between the same two steps of every run.
    #[napi(catch_unwind, ts_args_type = "variables: Array<BindingVariable>, values: Array<BindingTensor>")]
    pub fn assign_all(variables: Vec<ClassInstance<'_, BindingVariable>>, values: Vec<Handle<'_>>) -> Result<()> {
        let pair = |(variable, value): (ClassInstance<'_, BindingVariable>, Handle<'_>)| {
            let value = value.tensor();
            variable.check(&value)?;
            Ok((variable.variable.clone(), evaluated(&value)?))
        };
        replace_all(variables.into_iter().zip(values).map(pair).collect::<Result<_>>()?);
        Ok(())
    }

    /// Copies the bytes of a typed array in.
    #[napi(catch_unwind)]
    pub fn set(&self, bytes: &[u8]) -> Result<()> {
        self.variable.replace(Arc::new(memory(self.variable.spec(), bytes)?));
        Ok(())
    }
}

/// The values that variables have at one moment between two steps of whatever runs.
#[napi(catch_unwind, ts_args_type = "variables: Array<BindingVariable>")]
pub fn snapshots(env: Env, variables: Vec<ClassInstance<'_, BindingVariable>>) -> Result<Vec<BindingTensor>> {
    let variables: Vec<Variable> = variables.iter().map(|variable| variable.variable.clone()).collect();
    let memories = snapshot_all(&variables).map_err(js)?;
    let tensor = |(variable, memory): (&Variable, _)| {
        BindingTensor::holding(&env, Tensor::value(variable.spec().clone(), memory))
    };
    variables.iter().zip(memories).map(tensor).collect()
}

fn evaluated(value: &Tensor) -> Result<Arc<ferrograd_kernels::exec::Memory>> {
    value.evaluated().ok_or_else(|| internal("the tensor has no numbers yet"))
}
