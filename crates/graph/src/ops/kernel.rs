//! Kernels as closures: an op fixes the shapes, a run hands over the arguments.

use crate::op::{Fault, Io, Kernel, Lowering, Recipe, Site};
use ferrograd_kernels::element::Element;
use ferrograd_kernels::rows::BadIndex;
use std::fmt;
use std::sync::Arc;

/// A recipe of contiguous inputs: `plan` makes what a run calls.
struct Planned<P> {
    name: &'static str,
    /// Bytes that a run works in.
    workspace: usize,
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
        Box::new(Call { name: self.name, workspace: self.workspace, limit: self.limit, run: (self.plan)(site) })
    }
}

struct Call<F> {
    name: &'static str,
    workspace: usize,
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

    fn workspace(&self) -> usize {
        self.workspace
    }
}

/// A kernel that calls `run`, wherever it is.
pub(crate) fn kernel<F>(name: &'static str, run: F) -> Lowering
where
    F: Fn(&mut Io<'_>) -> Result<(), Fault> + Send + Sync + 'static,
{
    kernel_with_room(name, 0, run)
}

/// A kernel that calls `run`, wherever it is, with a workspace of so many bytes.
pub(crate) fn kernel_with_room<F>(name: &'static str, workspace: usize, run: F) -> Lowering
where
    F: Fn(&mut Io<'_>) -> Result<(), Fault> + Send + Sync + 'static,
{
    let run = Arc::new(run);
    planned(name, workspace, None, move |_| run.clone())
}

/// A kernel that calls what `plan` gives for its place.
pub(crate) fn kernel_for<F>(name: &'static str, plan: impl Fn(&Site<'_>) -> F + 'static) -> Lowering
where
    F: Fn(&mut Io<'_>) -> Result<(), Fault> + Send + Sync + 'static,
{
    planned(name, 0, None, move |site| Arc::new(plan(site)))
}

/// A kernel that calls `run`, which stops where its second input is not all in `[0, limit)`.
pub(crate) fn kernel_of_indices<F>(name: &'static str, limit: usize, run: F) -> Lowering
where
    F: Fn(&mut Io<'_>) -> Result<(), Fault> + Send + Sync + 'static,
{
    let run = Arc::new(run);
    planned(name, 0, Some(limit), move |_| run.clone())
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
    planned(name, 0, Some(limit), move |site| Arc::new(plan(site)))
}

/// The lowering of a kernel that calls what `plan` gives.
fn planned<F>(
    name: &'static str,
    workspace: usize,
    limit: Option<usize>,
    plan: impl Fn(&Site<'_>) -> Arc<F> + 'static,
) -> Lowering
where
    F: Fn(&mut Io<'_>) -> Result<(), Fault> + Send + Sync + 'static,
{
    Lowering::Kernel(Box::new(Planned { name, workspace, limit, plan }))
}

/// The fault that a bad index is to a run.
pub(crate) fn index_fault(bad: BadIndex) -> Fault {
    Fault::Index { position: bad.position, value: i64::from(bad.index), limit: bad.limit }
}

/// An element made of an attribute.
pub(crate) trait FromNumber: Element {
    fn from_number(number: f64) -> Self;
}

impl FromNumber for f32 {
    fn from_number(number: f64) -> f32 {
        number as f32
    }
}

impl FromNumber for f64 {
    fn from_number(number: f64) -> f64 {
        number
    }
}

impl FromNumber for i32 {
    fn from_number(number: f64) -> i32 {
        number as i32
    }
}

impl FromNumber for u8 {
    fn from_number(number: f64) -> u8 {
        u8::from(number != 0.0)
    }
}
