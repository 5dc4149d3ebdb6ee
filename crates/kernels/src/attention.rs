//! Attention over blocks: scores of some queries and some keys at a time, never all of them.
//!
//! `y = softmax(scale · q · kᵀ) · v` head by head, `q` (batch, queries, heads, size), `k` (batch, keys, shared, size), `v` (batch,
//! keys, shared, width), `y` (batch, queries, heads, width): heads are read and written where they lie. A task has some
//! queries of one head and goes over the keys in their order, with a running largest score and sum (Milakov & Gimelshein,
//! 2018; Dao et al., 2022); keys and values are packed once for several blocks of queries. The gradient makes the scores again
//! from their sum. Where there are heads enough, a task has one of them with all its queries and keys; else the scores are
//! made twice, by queries for `dq` and by keys for `dk` and `dv`. Either way all sums have one order whatever the number of
//! threads.

mod backward;
mod blocks;
mod forward;
#[cfg(test)]
mod tests;

pub use backward::AttentionGradient;
pub use forward::Attention;

use std::ops::Range;

/// Queries of a block.
const QUERIES: usize = 64;
/// Queries of a task, for which keys and values are packed once: more where there are tasks enough.
const GROUPS: [usize; 2] = [8 * QUERIES, 4 * QUERIES];
/// Tasks that keep all threads evenly busy.
const ENOUGH: usize = 32;
/// Keys of a block.
const KEYS: usize = 128;
/// Numbers from one row of a block of scores to the next: a line more than it has, so that what lies below one another meets in
/// other sets of the cache.
const PITCH: usize = KEYS + 16;
/// The most threads that share the work: each has room of its own.
const MOST: usize = 32;

/// The sizes of an attention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttentionShape {
    /// Independent attentions.
    pub batch: usize,
    /// Rows of `q` and `y`.
    pub queries: usize,
    /// Rows of `k` and `v`.
    pub keys: usize,
    /// Heads of `q` and `y`.
    pub heads: usize,
    /// Heads of `k` and `v`, a divisor of `heads`: consecutive heads share one.
    pub shared: usize,
    /// Length of a query and a key.
    pub size: usize,
    /// Length of a value.
    pub width: usize,
    /// Factor on the products of queries and keys.
    pub scale: f64,
    /// Whether a query sees no key behind its own place.
    pub causal: bool,
    /// A query sees keys that are less than so many places away; 0 is no bound.
    pub window: usize,
    /// Where the mask is given: from one batch, head, query and key to the next in it, 0 where one serves all.
    pub mask: Option<[usize; 4]>,
}

impl AttentionShape {
    /// Multiplications and additions of the two products.
    pub fn flops(&self) -> f64 {
        let pairs = self.batch * self.heads * self.queries * self.keys;
        2.0 * pairs as f64 * (self.size + self.width) as f64
    }

    /// Checks that the sizes are those of tensors.
    fn check(&self) -> Result<(), String> {
        crate::sizes::elements("attention", &[self.batch, self.queries, self.heads, self.size.max(self.width)])?;
        crate::sizes::elements("attention", &[self.batch, self.keys, self.shared, self.size.max(self.width)])?;
        if self.shared == 0 || !self.heads.is_multiple_of(self.shared) {
            return Err(format!("attention: {} heads do not share {}", self.heads, self.shared));
        }
        Ok(())
    }

    /// Queries of a task.
    fn queries_of_task(&self) -> usize {
        let [more, fewer] = GROUPS;
        if self.batch * self.heads * (self.queries / more) >= ENOUGH { more } else { fewer }
    }

    /// Whether a query may see no key at all.
    fn may_see_nothing(&self) -> bool {
        self.mask.is_some() || (self.window > 0 && self.queries > self.keys)
    }

    /// The keys that query `t` may see, but for the mask.
    fn seen(&self, t: usize) -> Range<usize> {
        let end = if self.causal { (t + 1).min(self.keys) } else { self.keys };
        match self.window {
            0 => 0..end,
            window => (t + 1).saturating_sub(window).min(end)..end.min(t + window),
        }
    }

    /// Whether some of `queries` may see some of `keys`, but for the mask.
    fn meet(&self, queries: &Range<usize>, keys: &Range<usize>) -> bool {
        let seen = self.seen_by(queries);
        seen.start < keys.end && keys.start < seen.end
    }

    /// The keys that some of `queries` may see, but for the mask.
    fn seen_by(&self, queries: &Range<usize>) -> Range<usize> {
        let (first, last) = (self.seen(queries.start), self.seen(queries.end - 1));
        first.start.min(last.start)..first.end.max(last.end)
    }
}

/// A head of a batch.
#[derive(Clone, Copy, Debug)]
struct Head {
    batch: usize,
    head: usize,
}

/// `0..len` in blocks of `size`.
fn block(index: usize, size: usize, len: usize) -> Range<usize> {
    index * size..((index + 1) * size).min(len)
}
