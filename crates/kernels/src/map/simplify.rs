//! From an expression to instructions: constants folded, equal values shared.

use std::collections::HashMap;

use super::expr::{Binary, Expr, Node, Unary, ValueId};
use super::fuse::fuse;
use super::op::{Fused, Op};
use super::sweep::{MAX_OPERANDS, MapType, Operands, RESULTS};
use crate::isa::Isa;

/// A value of the simplified program, made from earlier ones.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term<T> {
    Input(usize),
    Constant(T),
    Apply(Op, Vec<usize>),
}

/// What equal terms have in common. Constants compare by bits, as `f64`.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Input(usize),
    Constant(u64),
    Apply(Op, Vec<usize>),
}

/// The simplified program: terms in an order fit to run, and the term of each wanted value.
pub(super) struct Terms<T> {
    pub terms: Vec<Term<T>>,
    pub wanted: Vec<usize>,
    /// How often each term's value changes.
    pub class: Vec<Class>,
}

/// How often a value changes along the iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// One number for the whole run.
    Run,
    /// One number per tile.
    Tile,
    /// One number per element.
    Element,
}

/// `expr` simplified to what `wanted` needs; `inputs[i]` says how often input `i` changes.
pub(super) fn simplify<T: MapType>(expr: &Expr, wanted: &[ValueId], inputs: &[Class], isa: Isa) -> Terms<T> {
    let mut builder = Builder { isa, terms: Vec::new(), known: HashMap::new() };
    let live = live(expr, wanted);
    let mut term_of = vec![usize::MAX; expr.nodes.len()];
    for (i, node) in expr.nodes.iter().enumerate().filter(|(i, _)| live[*i]) {
        let t = |id: &ValueId| term_of[id.index()];
        term_of[i] = match node {
            Node::Input(i) => builder.push(Term::Input(*i)),
            Node::Constant(bits) => builder.constant(f64::from_bits(*bits)),
            Node::Unary(op, a) => builder.unary(*op, t(a)),
            Node::Binary(op, a, b) => builder.binary(*op, t(a), t(b)),
            Node::Select(m, a, b) => builder.select(t(m), t(a), t(b)),
        };
    }
    let wanted: Vec<usize> = wanted.iter().map(|id| term_of[id.index()]).collect();
    let class = classes(&builder.terms, inputs);
    let mut terms = Terms { terms: builder.terms, wanted, class };
    fuse(&mut terms);
    terms.put_scalars_second();
    terms
}

fn live(expr: &Expr, wanted: &[ValueId]) -> Vec<bool> {
    let mut live = vec![false; expr.nodes.len()];
    wanted.iter().for_each(|id| live[id.index()] = true);
    for (i, node) in expr.nodes.iter().enumerate().rev() {
        if live[i] {
            match *node {
                Node::Input(_) | Node::Constant(_) => {}
                Node::Unary(_, a) => live[a.index()] = true,
                Node::Binary(_, a, b) => [a, b].iter().for_each(|id| live[id.index()] = true),
                Node::Select(m, a, b) => [m, a, b].iter().for_each(|id| live[id.index()] = true),
            }
        }
    }
    live
}

fn classes<T>(terms: &[Term<T>], inputs: &[Class]) -> Vec<Class> {
    let mut classes = Vec::with_capacity(terms.len());
    for term in terms {
        classes.push(match term {
            Term::Input(i) => inputs[*i],
            Term::Constant(_) => Class::Run,
            Term::Apply(_, args) => args.iter().map(|&a| classes[a]).max().unwrap_or(Class::Run),
        });
    }
    classes
}

struct Builder<T> {
    isa: Isa,
    terms: Vec<Term<T>>,
    known: HashMap<Key, usize>,
}

impl<T: MapType> Builder<T> {
    fn push(&mut self, term: Term<T>) -> usize {
        let key = match &term {
            Term::Input(i) => Key::Input(*i),
            Term::Constant(c) => Key::Constant(c.to_f64().to_bits()),
            Term::Apply(op, args) => Key::Apply(*op, args.clone()),
        };
        let terms = &mut self.terms;
        *self.known.entry(key).or_insert_with(|| {
            terms.push(term);
            terms.len() - 1
        })
    }

    fn constant(&mut self, value: f64) -> usize {
        self.push(Term::Constant(T::from_f64(value)))
    }

    fn value(&self, term: usize) -> Option<f64> {
        match &self.terms[term] {
            Term::Constant(c) => Some(c.to_f64()),
            Term::Input(_) | Term::Apply(..) => None,
        }
    }

    /// The argument of `term` where it is `op` of something.
    fn argument(&self, op: Unary, term: usize) -> Option<usize> {
        match &self.terms[term] {
            Term::Apply(found, args) if *found == Op::Unary(op) => Some(args[0]),
            Term::Apply(..) | Term::Input(_) | Term::Constant(_) => None,
        }
    }

    /// `op` of `args`, computed now where all are constants.
    fn apply(&mut self, op: Op, args: &[usize]) -> usize {
        let constants: Option<Vec<T>> = args
            .iter()
            .map(|&a| match self.terms[a] {
                Term::Constant(c) => Some(c),
                Term::Input(_) | Term::Apply(..) => None,
            })
            .collect();
        match constants {
            Some(values) => self.push(Term::Constant(evaluate(op, self.isa, &values))),
            None => self.push(Term::Apply(op, args.to_vec())),
        }
    }

    fn unary(&mut self, op: Unary, a: usize) -> usize {
        match (op, self.argument(Unary::Neg, a)) {
            (Unary::Neg, Some(inner)) => inner,
            (Unary::Square | Unary::Abs, Some(inner)) => self.apply(Op::Unary(op), &[inner]),
            _ => self.apply(Op::Unary(op), &[a]),
        }
    }

    fn binary(&mut self, op: Binary, a: usize, b: usize) -> usize {
        match op {
            // NaN answers no to both orders, so swapping is exact.
            Binary::Gt => self.apply(Op::Binary(Binary::Lt), &[b, a]),
            Binary::Ge => self.apply(Op::Binary(Binary::Le), &[b, a]),
            Binary::Pow => self.power(a, b),
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div => self.arithmetic(op, a, b),
            Binary::Min
            | Binary::Max
            | Binary::Arctan2
            | Binary::FloorDiv
            | Binary::Mod
            | Binary::Eq
            | Binary::Ne
            | Binary::Lt
            | Binary::Le
            | Binary::And
            | Binary::Or => self.apply(Op::Binary(op), &[a, b]),
        }
    }

    /// Rewrites that keep every bit.
    fn arithmetic(&mut self, op: Binary, a: usize, b: usize) -> usize {
        let (left, right) = (self.value(a), self.value(b));
        let (minus_a, minus_b) = (self.argument(Unary::Neg, a), self.argument(Unary::Neg, b));
        match op {
            Binary::Mul | Binary::Div if right == Some(1.0) => a,
            Binary::Mul if left == Some(1.0) => b,
            Binary::Mul | Binary::Div if right == Some(-1.0) => self.unary(Unary::Neg, a),
            Binary::Mul if left == Some(-1.0) => self.unary(Unary::Neg, b),
            Binary::Mul if a == b => self.unary(Unary::Square, a),
            Binary::Div if right.is_some_and(|c| power_of_two(c) && T::from_f64(1.0 / c).to_f64() == 1.0 / c) => {
                let inverse = self.constant(1.0 / right.expect("checked"));
                self.apply(Op::Binary(Binary::Mul), &[a, inverse])
            }
            Binary::Sub if right.is_some_and(|c| c == 0.0 && c.is_sign_positive()) => a,
            Binary::Add if minus_b.is_some() => self.apply(Op::Binary(Binary::Sub), &[a, minus_b.expect("checked")]),
            Binary::Add if minus_a.is_some() => self.apply(Op::Binary(Binary::Sub), &[b, minus_a.expect("checked")]),
            Binary::Sub if minus_b.is_some() => self.apply(Op::Binary(Binary::Add), &[a, minus_b.expect("checked")]),
            _ => self.apply(Op::Binary(op), &[a, b]),
        }
    }

    /// A constant exponent mostly has a shorter way.
    fn power(&mut self, a: usize, b: usize) -> usize {
        let float = T::DTYPE.is_float();
        match self.value(b) {
            Some(0.0) => self.constant(1.0),
            Some(1.0) => a,
            Some(2.0) => self.unary(Unary::Square, a),
            Some(3.0) => {
                let square = self.unary(Unary::Square, a);
                self.apply(Op::Binary(Binary::Mul), &[square, a])
            }
            Some(0.5) if float => self.unary(Unary::Sqrt, a),
            Some(-0.5) if float => self.unary(Unary::Rsqrt, a),
            Some(-1.0) if float => self.unary(Unary::Recip, a),
            Some(_) | None => self.apply(Op::Binary(Binary::Pow), &[a, b]),
        }
    }

    fn select(&mut self, mask: usize, yes: usize, no: usize) -> usize {
        match self.value(mask) {
            Some(0.0) => no,
            Some(_) => yes,
            None if yes == no => yes,
            None => self.apply(Op::Fused(Fused::Select), &[mask, yes, no]),
        }
    }
}

fn power_of_two(c: f64) -> bool {
    c.is_normal() && c.to_bits() << 12 == 0
}

/// `op` of single numbers, by the kernel that would run over tiles.
fn evaluate<T: MapType>(op: Op, isa: Isa, args: &[T]) -> T {
    let mut cells = [T::whole(0); MAX_OPERANDS + 1];
    cells[..args.len()].copy_from_slice(args);
    let base = cells.as_mut_ptr();
    let slots: [*mut T; MAX_OPERANDS + 1] = std::array::from_fn(|i| base.wrapping_add(i));
    let src = std::array::from_fn(|k| k as u16);
    let operands = Operands { dst: [MAX_OPERANDS as u16; RESULTS], scalars: 0, src };
    // Safety: every slot is one element of `cells`, and `isa` was clamped to what exists.
    unsafe { T::kernel(op, isa, 0)(slots.as_ptr(), &operands, 1) };
    cells[MAX_OPERANDS]
}

impl<T: MapType> Terms<T> {
    /// How often each term is read, by other terms or as a wanted value.
    pub fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.terms.len()];
        self.wanted.iter().for_each(|&t| uses[t] += 1);
        for (i, term) in self.terms.iter().enumerate().rev() {
            if let (Term::Apply(_, args), true) = (term, uses[i] > 0) {
                args.iter().for_each(|&a| uses[a] += 1);
            }
        }
        uses
    }

    /// Where the order of two operands is free, the scalar goes second: fewer kernels are enough.
    fn put_scalars_second(&mut self) {
        for term in &mut self.terms {
            if let Term::Apply(op, args) = term {
                for &i in commuting(*op) {
                    if self.class[args[i]] < self.class[args[i + 1]] {
                        args.swap(i, i + 1);
                    }
                }
            }
        }
    }
}

/// Where an operand may change places with the next.
fn commuting(op: Op) -> &'static [usize] {
    match op {
        Op::Binary(op) => {
            use Binary::*;
            match op {
                Add | Mul | Eq | Ne | And | Or => &[0],
                Sub | Div | Min | Max | Pow | Arctan2 | FloorDiv | Mod | Lt | Le | Gt | Ge => &[],
            }
        }
        Op::Fused(op) => {
            use Fused::*;
            match op {
                SelectEq | MulAdd | MulSub | NegMulAdd | Mul3 | MulSubMulAdd => &[0],
                MulAddMul | MulSubMul => &[0, 2],
                Mul3AddMul => &[0, 3],
                ScaledStep | RootStep => &[1],
                Select | SelectLt | SelectLe | Clamp | SqrtAdd | SubMulAdd | Blend | BlendSquare | StepScaled
                | HatStep | HatStepScaled => &[],
            }
        }
        Op::Copy | Op::Unary(_) | Op::Chain(_) => &[],
    }
}
