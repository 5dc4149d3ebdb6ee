//! From a graph to a program: simplify, take scales in, fuse, lower, order, plan.

mod follow;
mod fuse;
mod ir;
mod kernels;
mod layout;
mod lower;
mod plan;
mod scale;
mod schedule;
mod simplify;
mod units;

pub use ir::Request;

pub(crate) mod internals {
    //! What the program keeps of its compilation.
    pub(crate) use super::ir::Plain;
    pub(crate) use super::plan::{Label, Planned, Spaces};
}

use crate::error::Result;
use crate::program::Program;
use ferrograd_kernels::target::Target;
use plan::Spaces;

/// Compiles what the request asks for.
///
/// # Errors
/// `ERR_STATE` where a placeholder is needed that is not among the inputs, `ERR_SHAPE` where an update does not fit
/// its variable.
pub fn compile(request: &Request<'_>, target: impl Into<Target>) -> Result<Program> {
    compile_ir(ir::Drawn::build(request)?, target.into())
}

fn compile_ir(ir: ir::Drawn, target: Target) -> Result<Program> {
    let ir = scale::take_in_scales(simplify::simplify(ir));
    let mut lowered = lower::lower(&ir, target)?;
    let order = schedule::schedule(&mut lowered, target.isa)?;
    let spaces = Spaces::new(ir.inputs.len(), ir.constants.len(), ir.variables.len());
    let planned = plan::plan(lowered, &order, spaces)?;
    Ok(Program::new(planned, &ir))
}

/// A pending graph on its way to its numbers.
pub(crate) struct Evaluation(ir::Drawn);

impl Evaluation {
    pub(crate) fn new(request: &Request<'_>) -> Result<Evaluation> {
        Ok(Evaluation(ir::Drawn::build(request)?))
    }

    /// The numbers that the graph starts from, in the order that every graph of the same structure has them.
    pub(crate) fn constants(&self) -> &[std::sync::Arc<ferrograd_kernels::exec::Memory>] {
        &self.0.constants
    }

    /// Equal for graphs that one program serves.
    pub(crate) fn key(&self) -> Vec<u64> {
        self.0.key()
    }

    pub(crate) fn compile(self, target: Target) -> Result<Program> {
        compile_ir(self.0, target)
    }
}
