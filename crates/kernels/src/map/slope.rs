//! Seeing that an expression is a gradient times the slope of an activation.

use super::expr::{Expr, Node, ValueId};
use super::functions::{Binary, Unary};
use crate::gemm::Slope;

impl Expr {
    /// Where `value` is input `dy` times the slope of an activation whose result is another input: which slope, and
    /// which input. As the gradients of relu, sigmoid and tanh are drawn.
    pub(crate) fn slope_of(&self, value: ValueId, dy: usize) -> Option<(Slope, usize)> {
        match self.node(value) {
            Node::Select(mask, yes, no) if self.input_of(yes) == Some(dy) && self.is(no, 0.0) => {
                match self.node(mask) {
                    Node::Binary(Binary::Gt, y, zero) if self.is(zero, 0.0) => Some((Slope::Relu, self.input_of(y)?)),
                    _ => None,
                }
            }
            Node::Binary(Binary::Mul, x, slope) if self.input_of(x) == Some(dy) => {
                self.tanh(slope).or_else(|| self.sigmoid(slope))
            }
            _ => None,
        }
    }

    /// `−(y·y) + 1`
    fn tanh(&self, slope: ValueId) -> Option<(Slope, usize)> {
        let square = self.one_minus(slope)?;
        match self.node(square) {
            Node::Binary(Binary::Mul, y, again) if y == again => Some((Slope::Tanh, self.input_of(y)?)),
            _ => None,
        }
    }

    /// `y·(−y + 1)`
    fn sigmoid(&self, slope: ValueId) -> Option<(Slope, usize)> {
        match self.node(slope) {
            Node::Binary(Binary::Mul, y, rest) if self.one_minus(rest) == Some(y) => {
                Some((Slope::Sigmoid, self.input_of(y)?))
            }
            _ => None,
        }
    }

    /// The `x` of `−x + 1`.
    fn one_minus(&self, value: ValueId) -> Option<ValueId> {
        match self.node(value) {
            Node::Binary(Binary::Add, negative, one) if self.is(one, 1.0) => match self.node(negative) {
                Node::Unary(Unary::Neg, x) => Some(x),
                _ => None,
            },
            _ => None,
        }
    }

    fn node(&self, value: ValueId) -> Node {
        self.nodes[value.index()]
    }

    fn input_of(&self, value: ValueId) -> Option<usize> {
        match self.node(value) {
            Node::Input(input) => Some(input),
            _ => None,
        }
    }

    fn is(&self, value: ValueId, number: f64) -> bool {
        matches!(self.node(value), Node::Constant(bits) if f64::from_bits(bits) == number)
    }
}
