//! Neighbouring sweeps made one: the moving means of an optimizer and the step that reads them.

use super::assembly::{Assembly, Draft, Place};
use super::chain::{AVERAGED, Chain, MEAN, SQUARE};
use super::op::{Fused, Op};
use super::simplify::Class;
use super::sweep::MapType;

impl<T: MapType> Assembly<'_, '_, T> {
    /// Joins each step with what makes its operands, where there is a kernel for it.
    pub fn join(&mut self) {
        let mut at = 0;
        while at < self.body.len() {
            at = self.join_step(at).unwrap_or(at) + 1;
        }
    }

    /// Joins the instruction at `last` with earlier ones; where it is then.
    fn join_step(&mut self, last: usize) -> Option<usize> {
        let Op::Fused(step) = self.body[last].op else { return None };
        let reads = |k: usize| self.body[last].args.get(k).map(|source| source.place);
        let square = self.made_for(last, reads(SQUARE)?)?;
        let mean = self.made_for(last, reads(MEAN)?).filter(|&mean| mean != square);
        let clamp = mean.and_then(|mean| self.clamp_of(mean, square));
        // With all, or without what does not go.
        let ways = [(clamp, mean), (None, mean), (None, None)];
        let joined = ways.into_iter().find_map(|way| Some((way, self.chained(step, last, way, square)?)));
        let ((clamp, mean), draft) = joined?;
        self.body[last] = draft;
        let mut gone: Vec<usize> = clamp.into_iter().chain(mean).chain([square]).collect();
        gone.sort_unstable();
        gone.iter().rev().for_each(|&at| drop(self.body.remove(at)));
        Some(last - gone.len())
    }

    /// The instruction that makes the value at `place`, where nobody but the one at `last` reads it before that.
    fn made_for(&self, last: usize, place: Place) -> Option<usize> {
        let makes = |draft: &Draft| draft.results.iter().any(|sink| sink.place == place);
        let at = self.body[..last].iter().position(makes)?;
        let read = self.body[at..last].iter().flat_map(|draft| &draft.args).any(|source| source.place == place);
        (!read).then_some(at)
    }

    /// The instruction that brings what the two means average between bounds, where nobody else reads that.
    fn clamp_of(&self, mean: usize, square: usize) -> Option<usize> {
        let place = self.body[mean].args[0].place;
        let at = self
            .body
            .iter()
            .position(|draft| draft.op == Op::Fused(Fused::Clamp) && draft.results[0].place == place)?;
        let mut readers = self.body.iter().flat_map(|draft| &draft.args).filter(|source| source.place == place);
        let both = self.body[square].args[0].place == place && readers.nth(2).is_none();
        let kept = self.body[at].results[0].output.is_some() || self.ends.iter().any(|end| end.0 == place);
        (both && !kept).then_some(at)
    }

    /// The one instruction for them, where there is one.
    fn chained(
        &self,
        step: Fused,
        last: usize,
        (clamp, mean): (Option<usize>, Option<usize>),
        square: usize,
    ) -> Option<Draft> {
        let fused = |at: usize| match self.body[at].op {
            Op::Fused(op) => Some(op),
            Op::Copy | Op::Unary(_) | Op::Binary(_) | Op::Chain(_) => None,
        };
        let drafts = |at: usize| self.body[at].args.iter().copied();
        let given = self.body[last].args[MEAN];
        let first: Vec<_> = mean.map_or_else(|| vec![given], |mean| drafts(mean).collect());
        let rest = drafts(last).enumerate().filter(|(k, _)| ![MEAN, SQUARE].contains(k)).map(|(_, source)| source);
        let mut args: Vec<_> = first.into_iter().chain(drafts(square)).chain(rest).collect();
        if let Some(clamp) = clamp {
            let [averaged, low, high] = self.body[clamp].args[..] else { return None };
            (args[0], args[AVERAGED]) = (averaged, averaged);
            args.splice(0..0, [low, high]);
        }
        let mean_op = match mean {
            Some(at) => Some(fused(at)?),
            None => None,
        };
        let chain = Chain { clamped: clamp.is_some(), mean: mean_op, square: fused(square)?, step };
        let scalars = args.iter().enumerate().fold(0, |bits, (k, source)| bits | u16::from(source.scalar) << k);
        T::chain(chain, self.job.isa, scalars)?;
        let makers = [last, square].into_iter().chain(mean);
        let results: Vec<_> = makers.map(|at| self.body[at].results[0]).collect();
        // The step may read them in other places as well.
        let circular = args.iter().any(|source| results.iter().any(|sink| sink.place == source.place));
        (!circular).then_some(Draft { op: Op::Chain(chain), results, args, class: Class::Element })
    }
}
