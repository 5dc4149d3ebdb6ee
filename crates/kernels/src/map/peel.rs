//! What a product does by itself of the pass that follows it.

use super::expr::{Binary, Expr, Node, ValueId};
use super::{MapOutput, OutputKind};

impl Expr {
    /// Where the only use of input `product` is its sum with an input that `is_row`: the same with the sum for the product,
    /// which then has to begin with that row, and which input it is.
    pub(crate) fn without_row(
        &self,
        outputs: &[MapOutput],
        product: usize,
        is_row: impl Fn(usize) -> bool,
    ) -> Option<(Expr, usize)> {
        let plain = self.nodes.iter().position(|&node| node == Node::Input(product))?;
        let uses = |node: &Node| match *node {
            Node::Input(_) | Node::Constant(_) => false,
            Node::Unary(_, a) => a.index() == plain,
            Node::Binary(_, a, b) => a.index() == plain || b.index() == plain,
            Node::Select(a, b, c) => [a, b, c].iter().any(|x| x.index() == plain),
        };
        let mut users = (0..self.nodes.len()).filter(|&at| uses(&self.nodes[at]));
        let (sum, None) = (users.next()?, users.next()) else { return None };
        let Node::Binary(Binary::Add, a, b) = self.nodes[sum] else { return None };
        let other = if a.index() == plain { b } else { a };
        let Node::Input(row) = self.nodes[other.index()] else { return None };
        if row == product || !is_row(row) || outputs.iter().any(|output| output.value.index() == plain) {
            return None;
        }
        let mut expr = self.clone();
        expr.nodes[sum] = Node::Input(product);
        Some((expr, row))
    }

    /// Whether an output stores input `product` as it is.
    pub(crate) fn stores(&self, output: &MapOutput, product: usize) -> bool {
        output.kind == OutputKind::Store && output.scale.is_none() && self.is_input(output.value, product)
    }

    fn is_input(&self, value: ValueId, input: usize) -> bool {
        self.nodes[value.index()] == Node::Input(input)
    }
}
