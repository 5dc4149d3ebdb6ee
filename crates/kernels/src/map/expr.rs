//! Elementwise expressions in single-assignment form, built value by value.

use super::functions::{Binary, Unary};
use std::collections::HashMap;

/// A value of one [`Expr`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub(super) u32);

impl ValueId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What makes a value. Constants are bits of `f64`, so that nodes can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Input(usize),
    Constant(u64),
    Unary(Unary, ValueId),
    Binary(Binary, ValueId, ValueId),
    Select(ValueId, ValueId, ValueId),
}

/// An expression over inputs, as a list of values each made from earlier ones; equal values are made once.
#[derive(Clone, Debug, Default)]
pub struct Expr {
    pub(super) nodes: Vec<Node>,
    known: HashMap<Node, ValueId>,
}

impl Expr {
    /// No values yet.
    pub fn new() -> Expr {
        Expr::default()
    }

    fn push(&mut self, node: Node) -> ValueId {
        let next = ValueId(self.nodes.len() as u32);
        let id = *self.known.entry(node).or_insert(next);
        if id == next {
            self.nodes.push(node);
        }
        id
    }

    /// The element of input `i`.
    pub fn input(&mut self, i: usize) -> ValueId {
        self.push(Node::Input(i))
    }

    /// The same number everywhere.
    pub fn constant(&mut self, value: f64) -> ValueId {
        self.push(Node::Constant(value.to_bits()))
    }

    /// `op(a)`
    pub fn unary(&mut self, op: Unary, a: ValueId) -> ValueId {
        self.check(&[a]);
        self.push(Node::Unary(op, a))
    }

    /// `op(a, b)`
    pub fn binary(&mut self, op: Binary, a: ValueId, b: ValueId) -> ValueId {
        self.check(&[a, b]);
        self.push(Node::Binary(op, a, b))
    }

    /// `yes` where `mask` is not zero, `no` elsewhere.
    pub fn select(&mut self, mask: ValueId, yes: ValueId, no: ValueId) -> ValueId {
        self.check(&[mask, yes, no]);
        self.push(Node::Select(mask, yes, no))
    }

    /// The names of its functions, each once, in the order in which they are first used.
    pub fn functions(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for node in &self.nodes {
            let name = match node {
                Node::Input(_) | Node::Constant(_) => continue,
                Node::Unary(op, _) => op.name(),
                Node::Binary(op, ..) => op.name(),
                Node::Select(..) => "select",
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn check(&self, used: &[ValueId]) {
        assert!(used.iter().all(|id| id.index() < self.nodes.len()), "a value of another expression");
    }
}
