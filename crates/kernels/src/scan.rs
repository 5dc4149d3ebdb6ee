//! Running sums and products along an axis.

use crate::element::Element;
use crate::threads::{Disjoint, Threads, grain, split};

/// Numbers that add and multiply; integers wrap.
pub trait Accumulate: Element {
    /// What a sum begins with.
    const NOTHING: Self;
    /// What a product begins with.
    const UNIT: Self;
    /// `self + b`
    fn plus(self, b: Self) -> Self;
    /// `self · b`
    fn times(self, b: Self) -> Self;
    /// The nearest value to a whole number (wrapped in integers).
    fn index(i: usize) -> Self;
}

macro_rules! accumulate {
    ($($t:ty, |$a:ident, $b:ident| $plus:expr, $times:expr;)*) => {$(
        impl Accumulate for $t {
            const NOTHING: Self = 0 as $t;
            const UNIT: Self = 1 as $t;
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                let ($a, $b) = (self, other);
                $plus
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                let ($a, $b) = (self, other);
                $times
            }
            #[inline(always)]
            fn index(i: usize) -> Self {
                i as $t
            }
        }
    )*};
}
accumulate! {
    f32, |a, b| a + b, a * b;
    f64, |a, b| a + b, a * b;
    i32, |a, b| a.wrapping_add(b), a.wrapping_mul(b);
}

/// What a scan joins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// A running sum.
    Sum,
    /// A running product.
    Product,
}

/// Neighbouring columns that one task carries along.
const STRIPE: usize = 64;

/// `y[o, k, i] = x[o, 0, i] ∘ … ∘ x[o, k, i]`, both (outer, len, inner), joined in that order.
#[derive(Clone, Copy, Debug)]
pub struct Scan {
    outer: usize,
    len: usize,
    inner: usize,
    join: Join,
    reverse: bool,
    exclusive: bool,
}

impl Scan {
    /// `reverse` begins at the end; `exclusive` leaves out the element itself (the first result is 0 or 1).
    pub fn new(
        (outer, len, inner): (usize, usize, usize),
        join: Join,
        reverse: bool,
        exclusive: bool,
    ) -> Result<Self, String> {
        crate::sizes::elements("scan", &[outer, len, inner])?;
        Ok(Scan { outer, len, inner, join, reverse, exclusive })
    }

    /// Scans `x` into `y`.
    ///
    /// # Panics
    /// When a slice has not outer · len · inner elements.
    pub fn run<T: Accumulate>(&self, threads: &Threads, x: &[T], y: &mut [T]) {
        let size = self.outer * self.len * self.inner;
        assert_eq!((x.len(), y.len()), (size, size), "scan: lengths differ from those planned");
        match self.join {
            Join::Sum => self.stripes(threads, x, y, T::NOTHING, T::plus),
            Join::Product => self.stripes(threads, x, y, T::UNIT, T::times),
        }
    }

    fn stripes<T: Accumulate>(
        &self,
        threads: &Threads,
        x: &[T],
        y: &mut [T],
        first: T,
        join: impl Fn(T, T) -> T + Copy + Sync,
    ) {
        let per_outer = self.inner.div_ceil(STRIPE);
        let cost = self.len * self.inner.min(STRIPE) * 1000;
        let y = Disjoint::new(y);
        threads.for_each_chunk(split(self.outer * per_outer, grain(cost)), |_, units| {
            for unit in units {
                let start = unit % per_outer * STRIPE;
                let width = STRIPE.min(self.inner - start);
                self.stripe(x, y, unit / per_outer * self.len * self.inner + start, width, first, join);
            }
        });
    }

    /// Scans `width` neighbouring columns, the first of which begins at element `start`.
    fn stripe<T: Accumulate>(
        &self,
        x: &[T],
        y: Disjoint<'_, T>,
        start: usize,
        width: usize,
        first: T,
        join: impl Fn(T, T) -> T,
    ) {
        if self.inner == 1 {
            // Safety: every task has columns of its own.
            let y = unsafe { y.slice(start..start + self.len) };
            return self.line(&x[start..start + self.len], y, first, join);
        }
        let mut sums = [first; STRIPE];
        for step in 0..self.len {
            let k = if self.reverse { self.len - 1 - step } else { step };
            let at = start + k * self.inner;
            // Safety: every task has columns of its own.
            let y = unsafe { y.slice(at..at + width) };
            for ((sum, &x), y) in sums.iter_mut().zip(&x[at..at + width]).zip(y) {
                let joined = join(*sum, x);
                *y = if self.exclusive { *sum } else { joined };
                *sum = joined;
            }
        }
    }

    /// Scans one column whose elements are neighbours.
    fn line<T: Accumulate>(&self, x: &[T], y: &mut [T], first: T, join: impl Fn(T, T) -> T) {
        let mut sum = first;
        let next = |(&x, y): (&T, &mut T)| {
            let joined = join(sum, x);
            *y = if self.exclusive { sum } else { joined };
            sum = joined;
        };
        let pairs = x.iter().zip(y);
        if self.reverse { pairs.rev().for_each(next) } else { pairs.for_each(next) }
    }
}
