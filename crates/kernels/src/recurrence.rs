//! First-order linear recurrences along an axis.

use crate::element::Float;
use crate::threads::{Disjoint, Threads, grain, split};

/// Neighbouring columns that one task carries along.
const STRIPE: usize = 64;

/// `y[o, k, i] = a[o, k, i] · y[o, k−1, i] + b[o, k, i]`, all (outer, len, inner), with 0 before the first.
#[derive(Clone, Copy, Debug)]
pub struct Recurrence {
    outer: usize,
    len: usize,
    inner: usize,
    reverse: bool,
}

impl Recurrence {
    /// `reverse` begins at the end.
    pub fn new((outer, len, inner): (usize, usize, usize), reverse: bool) -> Result<Self, String> {
        crate::sizes::elements("recurrence", &[outer, len, inner])?;
        Ok(Recurrence { outer, len, inner, reverse })
    }

    /// Runs along `a` and `b` into `y`.
    ///
    /// # Panics
    /// When a slice has not outer · len · inner elements.
    pub fn run<T: Float>(&self, threads: &Threads, a: &[T], b: &[T], y: &mut [T]) {
        let size = self.outer * self.len * self.inner;
        assert!([a.len(), b.len(), y.len()] == [size; 3], "recurrence: lengths differ from those planned");
        let per_outer = self.inner.div_ceil(STRIPE);
        let cost = self.len * self.inner.min(STRIPE) * 2000;
        let y = Disjoint::new(y);
        threads.for_each_chunk(split(self.outer * per_outer, grain(cost)), |_, units| {
            for unit in units {
                let start = unit % per_outer * STRIPE;
                let width = STRIPE.min(self.inner - start);
                self.stripe(a, b, y, unit / per_outer * self.len * self.inner + start, width);
            }
        });
    }

    /// Runs along `width` neighbouring columns, the first of which begins at element `start`.
    fn stripe<T: Float>(&self, a: &[T], b: &[T], y: Disjoint<'_, T>, start: usize, width: usize) {
        let mut carried = [T::ZERO; STRIPE];
        for step in 0..self.len {
            let k = if self.reverse { self.len - 1 - step } else { step };
            let at = start + k * self.inner;
            // Safety: every task has columns of its own.
            let y = unsafe { y.slice(at..at + width) };
            let coefficients = a[at..at + width].iter().zip(&b[at..at + width]);
            for ((carried, (&a, &b)), y) in carried.iter_mut().zip(coefficients).zip(y) {
                // A first coefficient multiplies nothing, not even where it is infinite.
                *carried = if step == 0 { b } else { a * *carried + b };
                *y = *carried;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Key, Uniform, fill};

    fn numbers<const STREAM: u32>(count: usize) -> Vec<f64> {
        let mut out = vec![0.0; count];
        let key = Key { seed: 5, stream: STREAM, step: 0 };
        fill(&Uniform, &key, 0, crate::isa::Isa::detect(), &Threads::serial(), &mut out);
        out
    }

    #[test]
    fn agrees_with_the_definition_at_any_thread_count() {
        for (outer, len, inner) in [(1, 7, 1), (3, 5, 2), (2, 1, 130), (5, 33, 67), (4, 0, 3), (0, 3, 3)] {
            let size = outer * len * inner;
            let (a, b) = (numbers::<1>(size), numbers::<2>(size));
            for reverse in [false, true] {
                let mut y = vec![0.0; size];
                let recurrence = Recurrence::new((outer, len, inner), reverse).unwrap();
                recurrence.run(&Threads::serial(), &a, &b, &mut y);
                for i in 0..size {
                    let k = i / inner % len;
                    let previous = match reverse {
                        false if k > 0 => y[i - inner],
                        true if k + 1 < len => y[i + inner],
                        _ => 0.0,
                    };
                    assert_eq!(y[i], a[i] * previous + b[i]);
                }
                let mut shared = vec![0.0; size];
                recurrence.run(&Threads::new(3), &a, &b, &mut shared);
                assert_eq!(shared, y);
            }
        }
    }
}
