//! Angles of points.

use crate::element::Element;
use crate::threads::{Threads, grain, split};

/// Numbers that are coordinates of points: `f32` and `f64`.
pub trait Coordinate: Element {
    /// The angle of (x, `self`), in (−π, π].
    fn angle(self, x: Self) -> Self;
}

impl Coordinate for f32 {
    fn angle(self, x: f32) -> f32 {
        self.atan2(x)
    }
}

impl Coordinate for f64 {
    fn angle(self, x: f64) -> f64 {
        self.atan2(x)
    }
}

/// `out = the angle of (x, y)`, as C's `atan2`.
///
/// # Panics
/// When lengths differ.
pub fn arctan2<T: Coordinate>(threads: &Threads, y: &[T], x: &[T], out: &mut [T]) {
    assert_eq!((y.len(), x.len()), (out.len(), out.len()), "arctan2: lengths differ");
    threads.for_each_part(split(out.len(), grain(20_000)), out, 1, |range, part| {
        for ((out, &y), &x) in part.iter_mut().zip(&y[range.clone()]).zip(&x[range]) {
            *out = y.angle(x);
        }
    });
}
