//! Neighbouring instructions made one, where a single reader wants what they compute.

use super::expr::{Binary, Unary};
use super::op::{Fused, Op};
use super::simplify::{Class, Term, Terms};
use super::sweep::MapType;

/// Joins an instruction with those that only it reads, from the results down, until nothing joins.
pub(super) fn fuse<T: MapType>(terms: &mut Terms<T>) {
    for i in (0..terms.terms.len()).rev() {
        while let Some((op, args)) = join(terms, i) {
            terms.terms[i] = Term::Apply(op, args);
        }
    }
}

/// A joined instruction: it reads what the absorbed ones read.
type Joined = (Op, Vec<usize>);

fn join<T: MapType>(terms: &Terms<T>, i: usize) -> Option<Joined> {
    let Term::Apply(op, args) = &terms.terms[i] else { return None };
    // Counted anew each time: programs are short, and a stale count would join what others still read.
    let look = Look { terms, uses: terms.uses(), class: terms.class[i] };
    if look.uses[i] == 0 {
        return None;
    }
    match op {
        Op::Binary(Binary::Add) => look.add(args[0], args[1]),
        Op::Binary(Binary::Sub) => look.sub(args[0], args[1]),
        Op::Binary(Binary::Mul) => look.mul(args[0], args[1]),
        Op::Binary(Binary::Min) => look.min(args[0], args[1]),
        Op::Fused(Fused::Select) => look.select(args[0], args[1], args[2]),
        Op::Fused(Fused::MulAdd) => look.mul_add(args[0], args[1], args[2]),
        Op::Copy | Op::Unary(_) | Op::Binary(_) | Op::Fused(_) | Op::Chain(_) => None,
    }
}

/// Pattern matching over terms that have a single reader.
struct Look<'a, T> {
    terms: &'a Terms<T>,
    uses: Vec<usize>,
    class: Class,
}

impl<T: MapType> Look<'_, T> {
    /// The operands of `term` where it is `op`, is read once, and is computed as often as its reader.
    fn is(&self, op: Op, term: usize) -> Option<&[usize]> {
        match &self.terms.terms[term] {
            Term::Apply(found, args)
                if *found == op && self.uses[term] == 1 && self.terms.class[term] == self.class =>
            {
                Some(args)
            }
            Term::Apply(..) | Term::Input(_) | Term::Constant(_) => None,
        }
    }

    /// The factors of `term` where it is a product or a square.
    fn product(&self, term: usize) -> Option<(usize, usize)> {
        let product = self.is(Op::Binary(Binary::Mul), term).map(|f| (f[0], f[1]));
        product.or_else(|| self.is(Op::Unary(Unary::Square), term).map(|f| (f[0], f[0])))
    }

    fn add(&self, a: usize, b: usize) -> Option<Joined> {
        if a == b {
            return None;
        }
        if let (Some((x0, x1)), Some((x2, x3))) = (self.product(a), self.product(b)) {
            return Some(self.sum_of_products((x0, x1), (x2, x3)));
        }
        for (a, b) in [(a, b), (b, a)] {
            if let Some((x0, x1)) = self.product(a) {
                return Some((Op::Fused(Fused::MulAdd), vec![x0, x1, b]));
            }
        }
        for (a, b) in [(a, b), (b, a)] {
            if let Some(args) = self.is(Op::Unary(Unary::Sqrt), a) {
                return Some((Op::Fused(Fused::SqrtAdd), vec![args[0], b]));
            }
        }
        None
    }

    /// `x0·x1 + x2·x3`, with a product inside `x0` or `x2` opened.
    fn sum_of_products(&self, left: (usize, usize), right: (usize, usize)) -> Joined {
        for ((x0, x1), (x2, x3)) in [(left, right), (right, left)] {
            for (inner, outer) in [(x0, x1), (x1, x0)] {
                if let (Some((y0, y1)), true) = (self.product(inner), x0 != x1) {
                    return (Op::Fused(Fused::Mul3AddMul), vec![y0, y1, outer, x2, x3]);
                }
            }
        }
        (Op::Fused(Fused::MulAddMul), vec![left.0, left.1, right.0, right.1])
    }

    fn sub(&self, a: usize, b: usize) -> Option<Joined> {
        if a == b {
            return None;
        }
        if let Some(step) = self.step(a, b) {
            return Some(step);
        }
        match (self.product(a), self.product(b)) {
            (Some((x0, x1)), Some((x2, x3))) => Some((Op::Fused(Fused::MulSubMul), vec![x0, x1, x2, x3])),
            (Some((x0, x1)), None) => Some((Op::Fused(Fused::MulSub), vec![x0, x1, b])),
            (None, Some((x0, x1))) => Some((Op::Fused(Fused::NegMulAdd), vec![x0, x1, a])),
            (None, None) => None,
        }
    }

    /// `p − (m·s)/(√v + e)`, `p − s·(m/(√v + e))` and `p − (m·s)/√(v + e)`: the tail of Adam and its kin, with `m` and
    /// `v` as they are or over scalars.
    fn step(&self, p: usize, b: usize) -> Option<Joined> {
        if let Some((m, v, e)) = self.over_root(b) {
            let (m, s) = self.product(m)?;
            return Some(self.hats(p, (m, s), v, e).unwrap_or((Op::Fused(Fused::ScaledStep), vec![p, m, s, v, e])));
        }
        if let Some((m, v, e)) = self.over_root_of_sum(b) {
            let (m, s) = self.product(m)?;
            return Some((Op::Fused(Fused::RootStep), vec![p, m, s, v, e]));
        }
        let (x0, x1) = self.product(b)?;
        for (x, s) in [(x0, x1), (x1, x0)] {
            if let (Some((m, v, e)), true) = (self.over_root(x), x0 != x1) {
                let hats = self.hat(m).zip(self.hat(v)).map(|((m, j), (v, k))| vec![p, m, s, v, e, j, k]);
                let hats = hats.map(|args| (Op::Fused(Fused::HatStepScaled), args));
                return Some(hats.unwrap_or((Op::Fused(Fused::StepScaled), vec![p, m, s, v, e])));
            }
        }
        None
    }

    /// The step of `x0·x1` where one of the two and `v` are quotients by scalars.
    fn hats(&self, p: usize, (x0, x1): (usize, usize), v: usize, e: usize) -> Option<Joined> {
        let (v, k) = self.hat(v)?;
        let (m, j, s) = [(x0, x1), (x1, x0)].into_iter().find_map(|(m, s)| self.hat(m).map(|(m, j)| (m, j, s)))?;
        Some((Op::Fused(Fused::HatStep), vec![p, m, s, v, e, j, k]))
    }

    /// The operands of `term` where it is a quotient by a scalar.
    fn hat(&self, term: usize) -> Option<(usize, usize)> {
        let quotient = self.is(Op::Binary(Binary::Div), term)?;
        (self.terms.class[quotient[1]] == Class::Run).then_some((quotient[0], quotient[1]))
    }

    /// `(m, v, e)` where `term = m/(√v + e)`.
    fn over_root(&self, term: usize) -> Option<(usize, usize, usize)> {
        let quotient = self.is(Op::Binary(Binary::Div), term)?;
        let sum = self.is(Op::Binary(Binary::Add), quotient[1])?;
        for (x, e) in [(sum[0], sum[1]), (sum[1], sum[0])] {
            if let Some(v) = self.is(Op::Unary(Unary::Sqrt), x) {
                return Some((quotient[0], v[0], e));
            }
        }
        None
    }

    /// `(m, v, e)` where `term = m/√(v + e)`, `e` a scalar.
    fn over_root_of_sum(&self, term: usize) -> Option<(usize, usize, usize)> {
        let quotient = self.is(Op::Binary(Binary::Div), term)?;
        let root = self.is(Op::Unary(Unary::Sqrt), quotient[1])?;
        let sum = self.is(Op::Binary(Binary::Add), root[0])?;
        let scalar = |t: usize| self.terms.class[t] < Class::Element;
        let (v, e) = if scalar(sum[1]) { (sum[0], sum[1]) } else { (sum[1], sum[0]) };
        Some((quotient[0], v, e))
    }

    fn mul(&self, a: usize, b: usize) -> Option<Joined> {
        for (a, b) in [(a, b), (b, a)] {
            if let (Some((x0, x1)), true) = (self.product(a), a != b) {
                return Some((Op::Fused(Fused::Mul3), vec![x0, x1, b]));
            }
        }
        None
    }

    /// A value between constants.
    fn min(&self, a: usize, high: usize) -> Option<Joined> {
        let bounds = self.is(Op::Binary(Binary::Max), a)?;
        let (x, low) = (bounds[0], bounds[1]);
        (self.bound(low) && self.bound(high)).then(|| (Op::Fused(Fused::Clamp), vec![x, low, high]))
    }

    /// Whether the term is a constant that things can be compared with.
    fn bound(&self, term: usize) -> bool {
        matches!(self.terms.terms[term], Term::Constant(c) if !c.to_f64().is_nan())
    }

    /// `(x0 − x1)·x2 + x3` and `(x0·x1 − x2)·x3 + x4`, in fewer operands where the last moves towards the first.
    fn mul_add(&self, a: usize, b: usize, c: usize) -> Option<Joined> {
        for (a, b) in [(a, b), (b, a)] {
            if let (Some(args), true) = (self.is(Op::Binary(Binary::Sub), a), a != b && a != c) {
                let (x0, x1) = (args[0], args[1]);
                return Some(match self.product(x0) {
                    Some((y, z)) if y == z && x1 == c => (Op::Fused(Fused::BlendSquare), vec![y, c, b]),
                    Some((y0, y1)) => (Op::Fused(Fused::MulSubMulAdd), vec![y0, y1, x1, b, c]),
                    None if x1 == c => (Op::Fused(Fused::Blend), vec![x0, c, b]),
                    None => (Op::Fused(Fused::SubMulAdd), vec![x0, x1, b, c]),
                });
            }
        }
        None
    }

    fn select(&self, mask: usize, yes: usize, no: usize) -> Option<Joined> {
        for (op, fused) in [
            (Binary::Lt, Fused::SelectLt),
            (Binary::Le, Fused::SelectLe),
            (Binary::Eq, Fused::SelectEq),
            (Binary::Ne, Fused::SelectEq),
        ] {
            if let Some(args) = self.is(Op::Binary(op), mask) {
                let (yes, no) = if op == Binary::Ne { (no, yes) } else { (yes, no) };
                return Some((Op::Fused(fused), vec![args[0], args[1], yes, no]));
            }
        }
        None
    }
}
