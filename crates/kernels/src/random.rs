//! Random numbers that are a pure function of (seed, stream, step, element), on any thread and any processor.
//!
//! Element `e` of a group of 64 (32 for numbers that take 64 random bits) is word `e / 16` (or words `2·(e / 16)` and
//! the next) of Philox block `16 · group + e mod 16`: so a vector of blocks gives whole vectors of elements. Nothing
//! here uses fused multiply-add or a system's mathematics, so that the bits are the same on every instruction set.

mod distributions;
mod math;
mod permutation;
mod philox;

use crate::compiled::{self, Compiled};
use crate::element::Element;
use crate::isa::Isa;
use crate::threads::{Threads, grain, split};

pub use distributions::{Bernoulli, Dropout, Integers, Normal, TruncatedNormal, Uniform, UniformOpen};
pub use permutation::{permutation, permute};
pub use philox::{Key, philox};

use philox::{LANES, Words};

/// How random bits become numbers: a rule from 16 Philox blocks to a group of elements.
pub trait Distribution<T>: Sync {
    /// Elements per group: 64 where an element takes 32 bits, 32 where it takes 64.
    const GROUP: usize;
    /// About what an element costs, in picoseconds, for the decision to split.
    const COST: usize;
    /// Turns `words` into `out`, `GROUP` elements.
    fn group(&self, words: &Words, out: &mut [T]);
}

/// `out[i] = number(key, first + i)`, the numbers drawn from `distribution`.
///
/// # Panics
/// When an element's number reaches 2³³: the counter would wrap.
pub fn fill<T: Element, D: Distribution<T>>(
    distribution: &D,
    key: &Key,
    first: u64,
    isa: Isa,
    threads: &Threads,
    out: &mut [T],
) {
    assert!(first + out.len() as u64 <= 1 << 33, "more random elements than one key has");
    threads.for_each_part(split(out.len(), grain(D::COST)), out, 1, |range, part| {
        compiled::run(isa, Fill { distribution, key, first: first + range.start as u64, out: part });
    });
}

struct Fill<'a, T, D> {
    distribution: &'a D,
    key: &'a Key,
    first: u64,
    out: &'a mut [T],
}

/// Groups whose words are made before any becomes numbers: two loops, each of which vectorises.
const BATCH: usize = 8;

impl<T: Element, D: Distribution<T>> Fill<'_, T, D> {
    /// Up to [`BATCH`] whole groups from `group` on.
    #[inline(always)]
    fn whole_groups(&self, group: u64, out: &mut [T]) {
        let mut batch = [[[0; LANES]; 4]; BATCH];
        let groups = out.len() / D::GROUP;
        for (i, words) in batch[..groups].iter_mut().enumerate() {
            *words = philox::words(self.key, ((group + i as u64) * LANES as u64) as u32);
        }
        for (words, out) in batch[..groups].iter().zip(out.chunks_exact_mut(D::GROUP)) {
            self.distribution.group(words, out);
        }
    }

    /// The elements `skip..` of a group, as many as `out` takes.
    #[inline(always)]
    fn part_of_group(&self, group: u64, skip: usize, out: &mut [T]) {
        let mut whole = [T::default(); 64];
        self.whole_groups(group, &mut whole[..D::GROUP]);
        out.copy_from_slice(&whole[skip..][..out.len()]);
    }
}

impl<T: Element, D: Distribution<T>> Compiled for Fill<'_, T, D> {
    #[inline(always)]
    fn run(mut self) {
        let out = std::mem::take(&mut self.out);
        let mut group = self.first / D::GROUP as u64;
        let skip = (self.first % D::GROUP as u64) as usize;
        let head = if skip == 0 { 0 } else { (D::GROUP - skip).min(out.len()) };
        let (head, rest) = out.split_at_mut(head);
        if !head.is_empty() {
            self.part_of_group(group, skip, head);
            group += 1;
        }
        let (wholes, tail) = rest.split_at_mut(rest.len() / D::GROUP * D::GROUP);
        for batch in wholes.chunks_mut(BATCH * D::GROUP) {
            self.whole_groups(group, batch);
            group += (batch.len() / D::GROUP) as u64;
        }
        if !tail.is_empty() {
            self.part_of_group(group, 0, tail);
        }
    }
}
