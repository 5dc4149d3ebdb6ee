//! A handle on a node of the graph.

use crate::error::Result;
use crate::op::{Op, Specs};
use crate::shape::{Shape, Spec};
use crate::variable::Variable;
use ferrograd_kernels::element::{DType, Element};
use ferrograd_kernels::exec::Memory;
use smallvec::{SmallVec, smallvec};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The tensors that an op reads.
pub type Operands = SmallVec<[Tensor; 2]>;

/// One output of a node. Shape and dtype are known at once, numbers only after a run.
#[derive(Clone)]
pub struct Tensor {
    node: Arc<Node>,
    index: usize,
}

/// Where a node's numbers come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Computed from its inputs.
    Op(Arc<dyn Op>),
    /// Fed at each run.
    Placeholder,
    /// The variable's value at the run.
    Variable(Variable),
    /// Known numbers: [`Tensor::evaluated`] has them.
    Value,
    /// One number, repeated over the shape.
    Fill(f64),
}

struct Node {
    outputs: Specs,
    state: Mutex<State>,
}

struct State {
    source: Source,
    inputs: Operands,
    /// The numbers of each output, once they are known.
    values: Values,
}

/// One block of numbers for each output.
type Values = SmallVec<[Arc<Memory>; 1]>;

impl Tensor {
    /// The first output of `op` applied to `inputs`.
    ///
    /// # Errors
    /// What the op's shape rule refuses.
    pub fn apply(op: impl Op, inputs: &[&Tensor]) -> Result<Tensor> {
        let inputs = inputs.iter().map(|&input| input.clone()).collect();
        Ok(Tensor::apply_all(Arc::new(op), inputs)?.swap_remove(0))
    }

    /// Every output of `op` applied to `inputs`.
    ///
    /// # Errors
    /// What the op's shape rule refuses, and outputs too large to exist.
    pub fn apply_all(op: Arc<dyn Op>, inputs: Operands) -> Result<SmallVec<[Tensor; 1]>> {
        let specs: SmallVec<[Spec; 4]> = inputs.iter().map(|input| input.spec().clone()).collect();
        let outputs = op.infer(&specs)?;
        outputs.iter().try_for_each(|output| output.shape.check(op.name()))?;
        let node = Node::new(Source::Op(op), inputs, outputs, Values::new());
        Ok((0..node.outputs.len()).map(|index| Tensor { node: node.clone(), index }).collect())
    }

    /// A tensor that is fed at each run.
    pub fn placeholder(spec: Spec) -> Tensor {
        Tensor::leaf(Source::Placeholder, spec)
    }

    /// The value that `variable` has when the program runs.
    pub fn variable(variable: &Variable) -> Tensor {
        Tensor::leaf(Source::Variable(variable.clone()), variable.spec().clone())
    }

    /// A tensor of these numbers.
    ///
    /// # Panics
    /// Where `memory` is smaller than the spec: a bug of the caller's.
    pub fn value(spec: Spec, memory: Arc<Memory>) -> Tensor {
        assert!(memory.len() >= spec.bytes(), "memory fits the spec");
        Tensor { node: Node::new(Source::Value, Operands::new(), smallvec![spec], smallvec![memory]), index: 0 }
    }

    /// A tensor of a copy of `values`.
    ///
    /// # Panics
    /// Where there are not as many values as the shape has: a bug of the caller's.
    pub fn from_slice<T: Element>(shape: impl Into<Shape>, values: &[T]) -> Tensor {
        let spec = Spec::new(shape, T::DTYPE);
        assert_eq!(spec.shape.size(), values.len(), "as many values as the shape has");
        Tensor::value(spec, Arc::new(Memory::from_slice(values)))
    }

    /// `value` everywhere.
    pub fn fill(shape: impl Into<Shape>, dtype: DType, value: f64) -> Tensor {
        Tensor::leaf(Source::Fill(value), Spec::new(shape, dtype))
    }

    /// A single number.
    pub fn scalar(dtype: DType, value: f64) -> Tensor {
        Tensor::fill(Shape::scalar(), dtype, value)
    }

    fn leaf(source: Source, spec: Spec) -> Tensor {
        Tensor { node: Node::new(source, Operands::new(), smallvec![spec], Values::new()), index: 0 }
    }

    /// Shape and dtype.
    pub fn spec(&self) -> &Spec {
        &self.node.outputs[self.index]
    }

    /// Sizes of the axes.
    pub fn shape(&self) -> &Shape {
        &self.spec().shape
    }

    /// Type of the elements.
    pub fn dtype(&self) -> DType {
        self.spec().dtype
    }

    /// Which output of its node this is.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Tells nodes apart.
    pub fn node_id(&self) -> usize {
        Arc::as_ptr(&self.node) as usize
    }

    /// Where its node's numbers come from, and what it reads.
    pub fn source(&self) -> (Source, Operands) {
        let state = self.node.state();
        (state.source.clone(), state.inputs.clone())
    }

    /// Every output of its node.
    pub fn siblings(&self) -> SmallVec<[Tensor; 1]> {
        (0..self.node.outputs.len()).map(|index| Tensor { node: self.node.clone(), index }).collect()
    }

    /// Its numbers, where a run has stored them or it was made of them.
    pub fn evaluated(&self) -> Option<Arc<Memory>> {
        self.node.state().values.get(self.index).cloned()
    }

    /// Stores the numbers of every output of its node. Without `keep_history` the node forgets what it was computed
    /// from, so that a long loop of tensors keeps no trail.
    pub fn store(&self, values: SmallVec<[Arc<Memory>; 1]>, keep_history: bool) {
        assert_eq!(values.len(), self.node.outputs.len(), "one value per output");
        let mut state = self.node.state();
        state.values = values;
        let mut inputs = Operands::new();
        if !keep_history {
            // In one move, so that nobody finds an op without its inputs.
            state.source = Source::Value;
            inputs = std::mem::take(&mut state.inputs);
        }
        drop(state);
        release(inputs);
    }
}

impl PartialEq for Tensor {
    /// True for the same output of the same node.
    fn eq(&self, other: &Tensor) -> bool {
        Arc::ptr_eq(&self.node, &other.node) && self.index == other.index
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} -> {}", self.node.state().source, self.spec())
    }
}

impl Node {
    fn new(source: Source, inputs: Operands, outputs: Specs, values: Values) -> Arc<Node> {
        Arc::new(Node { outputs, state: Mutex::new(State { source, inputs, values }) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        release(std::mem::take(&mut self.state.get_mut().unwrap_or_else(PoisonError::into_inner).inputs));
    }
}

/// Drops a trail of nodes without recursion: a chain may be longer than the stack is deep.
fn release(inputs: Operands) {
    let mut pending = inputs;
    while let Some(tensor) = pending.pop() {
        if let Some(mut node) = Arc::into_inner(tensor.node) {
            pending.append(&mut node.state.get_mut().unwrap_or_else(PoisonError::into_inner).inputs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops;

    #[test]
    fn a_long_chain_is_dropped_without_overflowing_the_stack() {
        let mut x = Tensor::scalar(DType::F32, 0.0);
        for _ in 0..200_000 {
            x = ops::neg(&x).unwrap();
        }
        drop(x);
    }

    #[test]
    fn storing_a_value_forgets_the_history_unless_kept() {
        let x = Tensor::from_slice([1], &[1.0f32]);
        for keep in [true, false] {
            let y = ops::neg(&x).unwrap();
            y.store(smallvec![Arc::new(Memory::from_slice(&[-1.0f32]))], keep);
            assert_eq!(y.source().1.len(), usize::from(keep));
            assert_eq!(y.evaluated().unwrap().as_slice::<f32>(), [-1.0]);
        }
    }
}
