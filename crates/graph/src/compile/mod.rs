//! From a graph to a program: simplify, take epilogues in, fuse, lower, order, plan.

mod epilogue;
mod extend;
mod follow;
mod fuse;
mod guard;
mod ir;
mod kernels;
mod layout;
mod lower;
mod narrow;
mod packed;
mod plan;
mod rows;
mod scale;
mod schedule;
mod simplify;
mod standing;
mod units;

pub use ir::Request;

pub(crate) mod internals {
    //! What the program keeps of its compilation.
    pub(crate) use super::ir::Plain;
    pub(crate) use super::plan::{Label, Planned, Spaces};
}

use crate::error::Result;
use crate::program::Program;
use crate::subprogram::Subprogram;
use crate::tensor::Tensor;
use ferrograd_kernels::target::Target;
use plan::Spaces;

/// Compiles what the request asks for.
///
/// # Errors
/// `ERR_STATE` where a placeholder is needed that is not among the inputs, `ERR_SHAPE` where an update does not fit
/// its variable.
pub fn compile(request: &Request<'_>, target: impl Into<Target>) -> Result<Program> {
    compile_guarded(request, &[], target)
}

/// As [`compile`], with further tensors that have to be finite before any variable changes.
///
/// # Errors
/// As [`compile`].
pub fn compile_guarded(request: &Request<'_>, guards: &[Tensor], target: impl Into<Target>) -> Result<Program> {
    compile_ir(ir::Drawn::build(request, guards)?, target.into())
}

/// The structure of what the request asks for as numbers, the same in every process: an op with a graph of its own is told
/// apart by them ([`Op::identity`](crate::op::Op::identity)).
///
/// # Errors
/// As [`compile`].
pub fn structure(request: &Request<'_>) -> Result<Vec<u64>> {
    Ok(ir::Drawn::build(request, &[])?.key())
}

/// Compiles a step of a loop, without variables, whose outputs lie where each turn has them; the inputs from `standing` on are
/// the same at each turn.
pub(crate) fn compile_subprogram(request: &Request<'_>, standing: usize, target: Target) -> Result<Subprogram> {
    let ir = shortened(ir::Drawn::build(request, &[])?);
    assert!(ir.variables.is_empty(), "the body of a loop has no variables of its own");
    let mut lowered = lower::lower(&ir, standing, target)?;
    lowered.updates = std::mem::take(&mut lowered.outputs).into_iter().enumerate().collect();
    let order = schedule::schedule(&mut lowered, target.isa)?;
    let (order, once) = standing::first(&lowered, &order, standing);
    let spaces = Spaces::new(ir.inputs.len(), ir.constants.len(), ir.outputs.len());
    Ok(Subprogram::new(plan::plan(lowered, &order, once, spaces)?, &ir, standing, once))
}

/// The graph as it is best computed.
fn shortened(ir: ir::Drawn) -> ir::Plain {
    let ir = guard::by_factors(simplify::simplify(extend::join(ir)));
    narrow::narrow(epilogue::take_in_epilogues(scale::take_in_scales(ir)))
}

fn compile_ir(ir: ir::Drawn, target: Target) -> Result<Program> {
    let ir = shortened(ir);
    let mut lowered = lower::lower(&ir, ir.inputs.len(), target)?;
    let order = schedule::schedule(&mut lowered, target.isa)?;
    let spaces = Spaces::new(ir.inputs.len(), ir.constants.len(), ir.variables.len());
    let planned = plan::plan(lowered, &order, 0, spaces)?;
    Ok(Program::new(planned, &ir))
}

/// A pending graph on its way to its numbers.
pub(crate) struct Evaluation(ir::Drawn);

impl Evaluation {
    pub(crate) fn new(request: &Request<'_>) -> Result<Evaluation> {
        Ok(Evaluation(ir::Drawn::build(request, &[])?))
    }

    /// The numbers that the graph starts from, in the order that every graph of the same structure has them.
    pub(crate) fn constants(&self) -> &[std::sync::Arc<ferrograd_kernels::exec::Memory>] {
        &self.0.constants
    }

    /// Equal for graphs that one program serves: those of one structure on the same variables.
    pub(crate) fn key(&self) -> Vec<u64> {
        let mut key = self.0.key();
        key.extend(self.0.variables.iter().map(|variable| variable.id() as u64));
        key
    }

    pub(crate) fn compile(self, target: Target) -> Result<Program> {
        compile_ir(self.0, target)
    }
}
