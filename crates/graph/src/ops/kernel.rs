//! Kernels as closures: an op fixes the shapes, a run hands over the arguments.

use crate::op::{Fault, Io, Kernel, Lowering, Recipe, Site};
use ferrograd_kernels::rows::BadIndex;
use std::fmt;
use std::sync::Arc;

/// A recipe of contiguous inputs: `plan` makes what a run calls.
struct Planned<P> {
    name: &'static str,
    /// Input 1 holds indices below this.
    limit: Option<usize>,
    plan: P,
}

impl<P> fmt::Debug for Planned<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<P, F> Recipe for Planned<P>
where
    P: Fn(&Site<'_>) -> Arc<F>,
    F: Fn(&mut Io<'_>) -> Result<(), Fault> + Send + Sync + 'static,
{
    fn cpu(&self, site: &Site<'_>) -> Box<dyn Kernel> {
        Box::new(Call { name: self.name, limit: self.limit, run: (self.plan)(site) })
    }
}

struct Call<F> {
    name: &'static str,
    limit: Option<usize>,
    run: Arc<F>,
}

impl<F> Kernel for Call<F>
where
    F: Fn(&mut Io<'_>) -> Result<(), Fault> + Send + Sync,
{
    fn run(&self, io: &mut Io<'_>) -> Result<(), Fault> {
        (self.run)(io)
    }

    fn indices(&self) -> Option<(usize, usize)> {
        self.limit.map(|limit| (1, limit))
    }

    fn name(&self) -> &'static str {
        self.name
    }
}

/// A kernel that calls `run`, wherever it is.
pub(crate) fn kernel<F>(name: &'static str, run: F) -> Lowering
where
    F: Fn(&mut Io<'_>) -> Result<(), Fault> + Send + Sync + 'static,
{
    let run = Arc::new(run);
    planned(name, None, move |_| run.clone())
}

/// A kernel that calls what `plan` gives for its place.
pub(crate) fn kernel_for<F>(name: &'static str, plan: impl Fn(&Site<'_>) -> F + 'static) -> Lowering
where
    F: Fn(&mut Io<'_>) -> Result<(), Fault> + Send + Sync + 'static,
{
    planned(name, None, move |site| Arc::new(plan(site)))
}

/// A kernel that calls `run`, which stops where its second input is not all in `[0, limit)`.
pub(crate) fn kernel_of_indices<F>(name: &'static str, limit: usize, run: F) -> Lowering
where
    F: Fn(&mut Io<'_>) -> Result<(), Fault> + Send + Sync + 'static,
{
    let run = Arc::new(run);
    planned(name, Some(limit), move |_| run.clone())
}

/// The same with what `plan` gives for its place.
pub(crate) fn kernel_of_indices_for<F>(
    name: &'static str,
    limit: usize,
    plan: impl Fn(&Site<'_>) -> F + 'static,
) -> Lowering
where
    F: Fn(&mut Io<'_>) -> Result<(), Fault> + Send + Sync + 'static,
{
    planned(name, Some(limit), move |site| Arc::new(plan(site)))
}

/// The lowering of a kernel that calls what `plan` gives.
fn planned<F>(name: &'static str, limit: Option<usize>, plan: impl Fn(&Site<'_>) -> Arc<F> + 'static) -> Lowering
where
    F: Fn(&mut Io<'_>) -> Result<(), Fault> + Send + Sync + 'static,
{
    Lowering::Kernel(Box::new(Planned { name, limit, plan }))
}

/// The fault that a bad index is to a run.
pub(crate) fn index_fault(bad: BadIndex) -> Fault {
    Fault::Index { position: bad.position, value: i64::from(bad.index), limit: bad.limit }
}
