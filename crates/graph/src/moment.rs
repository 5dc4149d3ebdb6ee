//! The values of variables as they were at one moment, for runs that begin later.

use crate::error::Result;
use crate::variable::{Variable, snapshot_all};
use ferrograd_kernels::exec::Memory;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What some variables held between two steps.
///
/// Nothing is copied: who writes a variable later copies it first, since its numbers are held here.
#[derive(Clone, Debug, Default)]
pub struct Moment(BTreeMap<usize, Arc<Memory>>);

impl Moment {
    /// What `variables` hold now; waits for programs that are writing them.
    ///
    /// # Errors
    /// As [`Variable::lock`].
    pub fn take(variables: &[Variable]) -> Result<Moment> {
        let values = snapshot_all(variables)?;
        Ok(Moment(variables.iter().map(Variable::id).zip(values).collect()))
    }

    /// As [`Moment::take`]; none while somebody else holds one of them.
    ///
    /// # Errors
    /// As [`Variable::lock`].
    pub fn try_take(variables: &[Variable]) -> Result<Option<Moment>> {
        let mut held = BTreeMap::new();
        for variable in variables {
            if held.contains_key(&variable.id()) {
                continue;
            }
            // All are held before any is let go: seen together. Nobody is waited for, so the order does not matter.
            let Some(guard) = variable.try_lock()? else { return Ok(None) };
            held.insert(variable.id(), guard);
        }
        Ok(Some(Moment(held.iter().map(|(&id, value)| (id, Arc::clone(value))).collect())))
    }

    /// The value of a variable at that moment; none where it is not among those that were asked for.
    pub fn value(&self, variable: &Variable) -> Option<&Arc<Memory>> {
        self.0.get(&variable.id())
    }
}
