//! What the sequences alone give is computed for all steps at once, before the loop, where there is a product in it: one
//! large product instead of many small ones.

use super::stacked::{Operand, apply};
use crate::error::Result;
use crate::gradient::{Key, key};
use crate::op::{Lowering, Op};
use crate::shape::Spec;
use crate::tensor::{Source, Tensor};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub(crate) struct Hoist {
    length: usize,
    /// What tensors of a step are for all steps, (length, …), and whether there is a product in it.
    all: HashMap<Key, (Tensor, bool)>,
}

impl Hoist {
    pub fn new(rows: &[Tensor], sequences: &[Tensor], length: usize) -> Hoist {
        let all = rows.iter().zip(sequences).map(|(row, all)| (key(row), (all.clone(), false)));
        Hoist { length, all: all.collect() }
    }

    /// Leaves everything in the loop.
    pub fn nothing() -> Hoist {
        Hoist::new(&[], &[], 0)
    }

    /// The tensor for all steps, where it is worth computing before the loop.
    pub fn worth(&self, tensor: &Tensor) -> Option<&Tensor> {
        self.all.get(&key(tensor)).filter(|(_, product)| *product).map(|(all, _)| all)
    }

    /// Looks at a node whose inputs have been looked at.
    pub fn visit(&mut self, tensor: &Tensor, varying: &HashSet<usize>) -> Result<()> {
        let (Source::Op(op), inputs) = tensor.source() else { return Ok(()) };
        if tensor.siblings().len() > 1 {
            return Ok(());
        }
        let operand = |input: &Tensor| match self.all.get(&key(input)) {
            Some((all, _)) => Some(Operand::All(all.clone())),
            None => (!varying.contains(&input.node_id())).then(|| Operand::Same(input.clone())),
        };
        let Some(operands) = inputs.iter().map(operand).collect::<Option<Vec<_>>>() else { return Ok(()) };
        let specs: Vec<Spec> = inputs.iter().map(|input| input.spec().clone()).collect();
        let product = is_product(&op, &specs, tensor.spec())
            || inputs.iter().any(|input| self.all.get(&key(input)).is_some_and(|(_, product)| *product));
        if let Some(all) = apply(&op, &operands, &specs, tensor.spec(), self.length)? {
            self.all.insert(key(tensor), (all, product));
        }
        Ok(())
    }
}

fn is_product(op: &Arc<dyn Op>, inputs: &[Spec], output: &Spec) -> bool {
    matches!(op.lower(inputs, std::slice::from_ref(output)), Lowering::Contract(_))
}
