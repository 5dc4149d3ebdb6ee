//! The values of variables as they were when a call was made.

use crate::error::{Result, internal, js};
use crate::run::enqueue_taking;
use crate::runtime::BindingRuntime;
use crate::variable::BindingVariable;
use ferrograd_graph::Variable;
use ferrograd_graph::moment::Moment;
use napi::bindgen_prelude::ClassInstance;
use napi_derive::napi;
use std::sync::{Arc, OnceLock};

/// Where a moment is put when its turn comes.
pub(crate) type Slot = Arc<OnceLock<Arc<Moment>>>;

/// A moment, taken or about to be.
#[napi]
pub struct BindingMoment {
    slot: Slot,
}

#[napi]
impl BindingMoment {
    /// What the variables hold now; nothing while a run holds one of them.
    #[napi(catch_unwind, ts_args_type = "variables: Array<BindingVariable>")]
    pub fn now(variables: Vec<ClassInstance<'_, BindingVariable>>) -> Result<Option<BindingMoment>> {
        let moment = Moment::try_take(&cloned(&variables)).map_err(js)?;
        Ok(moment.map(|moment| BindingMoment { slot: Arc::new(Arc::new(moment).into()) }))
    }

    /// Leaves the taking with the runs that are to be handed over, in their order.
    #[napi(catch_unwind, ts_args_type = "runtime: BindingRuntime, variables: Array<BindingVariable>")]
    pub fn later(runtime: &BindingRuntime, variables: Vec<ClassInstance<'_, BindingVariable>>) -> BindingMoment {
        let slot = Slot::default();
        enqueue_taking(&runtime.queue, cloned(&variables), slot.clone());
        BindingMoment { slot }
    }
}

impl BindingMoment {
    /// The moment, whose turn has come.
    pub(crate) fn taken(&self) -> Result<Arc<Moment>> {
        self.slot.get().cloned().ok_or_else(|| internal("the moment has not been taken"))
    }
}

fn cloned(variables: &[ClassInstance<'_, BindingVariable>]) -> Vec<Variable> {
    variables.iter().map(|variable| variable.variable.clone()).collect()
}
