//! The compiler's own copy of the graph: nodes in order of dependency, leaves told apart by who supplies them. Computed
//! nodes hold their op as they were drawn, and once simplified how they are computed, which is all that later passes see.

use super::guard::Check;
use crate::error::{Error, ErrorCode, Result};
use crate::op::{Lowering, Op, Specs};
use crate::shape::Spec;
use crate::tensor::{Source, Tensor};
use crate::variable::Variable;
use ferrograd_kernels::exec::Memory;
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;
use std::sync::Arc;

/// Index of a node; inputs have smaller ones.
pub(crate) type NodeId = usize;

/// One output of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Value {
    pub node: NodeId,
    pub output: usize,
}

/// What a node is: computed by `O`, or a leaf.
#[derive(Clone, Debug)]
pub(crate) enum Kind<O> {
    Op(O),
    Input(usize),
    Variable(usize),
    Constant(usize),
    Fill(f64),
}

#[derive(Clone, Debug)]
pub(crate) struct Node<O> {
    pub kind: Kind<O>,
    pub inputs: SmallVec<[Value; 2]>,
    pub outputs: Specs,
}

/// The graph as it was drawn.
pub(crate) type Drawn = Ir<Arc<dyn Op>>;

/// The graph as it is computed.
pub(crate) type Plain = Ir<Lowering>;

/// What a program is compiled from.
#[derive(Debug)]
pub(crate) struct Ir<O> {
    pub nodes: Vec<Node<O>>,
    /// The placeholders' specs, in the order of feeding.
    pub inputs: Vec<Spec>,
    pub variables: Vec<Variable>,
    pub constants: Vec<Arc<Memory>>,
    pub outputs: Vec<Value>,
    /// (variable, its new value)
    pub updates: Vec<(usize, Value)>,
    /// What stops a run, before any variable changes, where it is not finite.
    pub guards: Vec<Check>,
}

/// The part of the user's graph that is to be compiled.
pub struct Request<'a> {
    /// Placeholders, in the order of feeding.
    pub inputs: &'a [Tensor],
    /// What a run gives back.
    pub outputs: &'a [Tensor],
    /// The new values of variables.
    pub updates: &'a [(Variable, Tensor)],
    /// A scalar that stops a run, before any variable changes, where it is not finite.
    pub guard: Option<&'a Tensor>,
}

impl<O> Default for Ir<O> {
    fn default() -> Ir<O> {
        Ir {
            nodes: Vec::new(),
            inputs: Vec::new(),
            variables: Vec::new(),
            constants: Vec::new(),
            outputs: Vec::new(),
            updates: Vec::new(),
            guards: Vec::new(),
        }
    }
}

impl<O> Ir<O> {
    pub fn spec(&self, value: Value) -> &Spec {
        &self.nodes[value.node].outputs[value.output]
    }

    /// Which nodes something needs; placeholders always count, since they are fed.
    pub fn live(&self) -> Vec<bool> {
        let mut live: Vec<bool> = self.nodes.iter().map(|node| matches!(node.kind, Kind::Input(_))).collect();
        self.roots().for_each(|root| live[root.node] = true);
        for id in (0..self.nodes.len()).rev() {
            if live[id] {
                self.nodes[id].inputs.iter().for_each(|input| live[input.node] = true);
            }
        }
        live
    }

    /// The nodes that read each node; `None` is the outside, to which the program gives it.
    pub fn readers(&self) -> Vec<Vec<Option<NodeId>>> {
        let mut readers: Vec<Vec<Option<NodeId>>> = vec![Vec::new(); self.nodes.len()];
        for (id, node) in self.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|input| readers[input.node].push(Some(id)));
        }
        self.roots().for_each(|root| readers[root.node].push(None));
        readers
    }

    /// For each node the only node that reads it, `None` where there are none or several, or the program gives it out.
    pub fn only_readers(&self) -> Vec<Option<NodeId>> {
        let only = |list: Vec<Option<NodeId>>| if let [reader] = list[..] { reader } else { None };
        self.readers().into_iter().map(only).collect()
    }

    /// Drops the nodes that nothing needs any more; inputs stay.
    pub fn compact(self) -> Ir<O> {
        let live = self.live();
        let mut position = Vec::with_capacity(live.len());
        let mut kept = 0;
        for &live in &live {
            position.push(kept);
            kept += usize::from(live);
        }
        let to = |value: Value| Value { node: position[value.node], ..value };
        let moved = |node: Node<O>| Node { inputs: node.inputs.into_iter().map(to).collect(), ..node };
        Ir {
            outputs: self.outputs.into_iter().map(to).collect(),
            updates: self.updates.into_iter().map(|(variable, value)| (variable, to(value))).collect(),
            guards: self.guards.into_iter().map(|check| check.map(to)).collect(),
            nodes: self.nodes.into_iter().zip(&live).filter(|(_, live)| **live).map(|(node, _)| moved(node)).collect(),
            inputs: self.inputs,
            variables: self.variables,
            constants: self.constants,
        }
    }

    /// Every value that must outlive the program's own steps.
    pub fn roots(&self) -> impl Iterator<Item = Value> + '_ {
        let updates = self.updates.iter().map(|update| update.1);
        let guards = self.guards.iter().flat_map(|check| check.values.iter().copied());
        guards.chain(self.outputs.iter().copied()).chain(updates)
    }

    /// The number that a node repeats, where it is such a leaf.
    pub fn fill(&self, value: Value) -> Option<f64> {
        match self.nodes[value.node].kind {
            Kind::Fill(number) => Some(number),
            Kind::Op(_) | Kind::Input(_) | Kind::Variable(_) | Kind::Constant(_) => None,
        }
    }
}

impl Plain {
    /// How a node is computed, `None` for leaves.
    pub fn lowering(&self, node: NodeId) -> Option<&Lowering> {
        match &self.nodes[node].kind {
            Kind::Op(lowering) => Some(lowering),
            Kind::Input(_) | Kind::Variable(_) | Kind::Constant(_) | Kind::Fill(_) => None,
        }
    }
}

impl Drawn {
    /// The structure as numbers: ops, attributes, edges, leaves. Inputs, variables and constants count by their specs and
    /// by the order in which the graph names them. The same in every process.
    pub fn key(&self) -> Vec<u64> {
        let mut key = Vec::with_capacity(8 * self.nodes.len());
        for node in &self.nodes {
            match &node.kind {
                Kind::Op(op) => {
                    key.push(1);
                    push_name(op.name(), &mut key);
                    op.identity(&mut key);
                }
                Kind::Input(index) => key.extend([2, *index as u64]),
                Kind::Variable(index) => key.extend([3, *index as u64]),
                Kind::Constant(_) => key.push(4),
                Kind::Fill(value) => key.extend([5, value.to_bits()]),
            }
            key.push(node.inputs.len() as u64);
            key.extend(node.inputs.iter().flat_map(|input| [input.node as u64, input.output as u64]));
            for spec in &node.outputs {
                key.extend([spec.dtype as u64, spec.shape.rank() as u64]);
                key.extend(spec.shape.iter().map(|&size| size as u64));
            }
        }
        key.extend([self.guards.len() as u64, self.outputs.len() as u64]);
        key.extend(self.updates.iter().map(|update| update.0 as u64));
        key.extend(self.roots().flat_map(|root| [root.node as u64, root.output as u64]));
        key
    }

    /// Copies what the request needs.
    pub fn build(request: &Request<'_>, guards: &[Tensor]) -> Result<Drawn> {
        let mut builder = Builder::default();
        for (index, input) in request.inputs.iter().enumerate() {
            builder.placeholder(index, input)?;
        }
        let outputs = request.outputs.iter().map(|tensor| builder.import(tensor)).collect::<Result<_>>()?;
        let scalar = request.guard.map(|tensor| builder.scalar_guard(tensor)).transpose()?;
        let others = guards.iter().map(|tensor| builder.guard(tensor)).collect::<Result<Vec<_>>>()?;
        let guards = scalar.into_iter().chain(others).enumerate();
        let guards = guards.map(|(guard, value)| Check::of(guard, value)).collect();
        let updates = request.updates.iter().map(|update| builder.update(update)).collect::<Result<_>>()?;
        Ok(Ir { outputs, guards, updates, ..builder.ir })
    }
}

#[derive(Default)]
struct Builder {
    ir: Drawn,
    /// Every output of the nodes that are copied, and single outputs whose numbers are known.
    values: HashMap<(usize, usize), Value>,
    variables: HashMap<usize, usize>,
}

impl Builder {
    fn placeholder(&mut self, index: usize, tensor: &Tensor) -> Result<()> {
        if !matches!(tensor.source().0, Source::Placeholder) {
            return Err(Error::new(ErrorCode::State, format!("input {index} of a program is not a placeholder")));
        }
        self.ir.inputs.push(tensor.spec().clone());
        self.push(tensor, Kind::Input(index), SmallVec::new());
        Ok(())
    }

    fn scalar_guard(&mut self, tensor: &Tensor) -> Result<Value> {
        if tensor.shape().size() != 1 {
            return Err(Error::shape(format!("a guard is a float scalar, got {}", tensor.spec())));
        }
        self.guard(tensor)
    }

    fn guard(&mut self, tensor: &Tensor) -> Result<Value> {
        if !tensor.dtype().is_float() {
            return Err(Error::shape(format!("a guard is made of floats, got {}", tensor.spec())));
        }
        self.import(tensor)
    }

    fn update(&mut self, (variable, value): &(Variable, Tensor)) -> Result<(usize, Value)> {
        if variable.spec() != value.spec() {
            let (name, expected, got) = (variable.name(), variable.spec(), value.spec());
            return Err(Error::shape(format!("assign to '{name}': expected {expected}, got {got}")));
        }
        Ok((self.variable(variable), self.import(value)?))
    }

    /// Copies a tensor's node and all that it is computed from, without recursion: chains may be long.
    fn import(&mut self, root: &Tensor) -> Result<Value> {
        let mut stack = vec![root.clone()];
        while let Some(tensor) = stack.last().cloned() {
            if self.values.contains_key(&Builder::key(&tensor)) || self.leaf(&tensor)? {
                stack.pop();
                continue;
            }
            let (source, inputs) = tensor.source();
            // Another thread may have stored its numbers meanwhile: then it is a leaf.
            let Source::Op(op) = source else { continue };
            let missing = inputs.iter().filter(|input| !self.values.contains_key(&Builder::key(input)));
            let before = stack.len();
            stack.extend(missing.cloned());
            if stack.len() == before {
                let inputs = inputs.iter().map(|input| self.value(input)).collect();
                self.push(&tensor, Kind::Op(op), inputs);
                stack.pop();
            }
        }
        Ok(self.value(root))
    }

    /// Copies the node where it is a leaf or its numbers are known.
    fn leaf(&mut self, tensor: &Tensor) -> Result<bool> {
        if let Some(memory) = tensor.evaluated() {
            self.ir.constants.push(memory);
            let node = leaf(Kind::Constant(self.ir.constants.len() - 1), tensor.spec().clone());
            self.values.insert(Builder::key(tensor), Value { node: self.ir.nodes.len(), output: 0 });
            self.ir.nodes.push(node);
            return Ok(true);
        }
        let kind = match tensor.source().0 {
            Source::Op(_) => return Ok(false),
            Source::Value => unreachable!("a value is evaluated"),
            Source::Fill(value) => Kind::Fill(value),
            Source::Variable(variable) => Kind::Variable(self.variable(&variable)),
            Source::Placeholder => {
                let what = format!(
                    "a placeholder {} has no numbers: it is only known inside a traced function",
                    tensor.spec()
                );
                return Err(Error::new(ErrorCode::State, what));
            }
        };
        self.push(tensor, kind, SmallVec::new());
        Ok(true)
    }

    fn variable(&mut self, variable: &Variable) -> usize {
        *self.variables.entry(variable.id()).or_insert_with(|| {
            self.ir.variables.push(variable.clone());
            self.ir.variables.len() - 1
        })
    }

    fn value(&self, tensor: &Tensor) -> Value {
        self.values[&Builder::key(tensor)]
    }

    /// Tells outputs of nodes apart.
    fn key(tensor: &Tensor) -> (usize, usize) {
        (tensor.node_id(), tensor.index())
    }

    fn push(&mut self, tensor: &Tensor, kind: Kind<Arc<dyn Op>>, inputs: SmallVec<[Value; 2]>) {
        let siblings = tensor.siblings();
        let outputs = siblings.iter().map(|sibling| sibling.spec().clone()).collect();
        let node = self.ir.nodes.len();
        self.values.extend((0..siblings.len()).map(|output| ((tensor.node_id(), output), Value { node, output })));
        self.ir.nodes.push(Node { kind, inputs, outputs });
    }
}

/// Adds a name: its length, then its bytes, eight to a number.
fn push_name(name: &str, key: &mut Vec<u64>) {
    key.push(name.len() as u64);
    key.extend(name.as_bytes().chunks(8).map(|bytes| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    }));
}

/// A leaf without inputs.
pub(crate) fn leaf<O>(kind: Kind<O>, spec: Spec) -> Node<O> {
    Node { kind, inputs: SmallVec::new(), outputs: smallvec![spec] }
}
