//! Slices of one element type into another.

use crate::element::Element;
use crate::threads::{Threads, grain, split};

/// `y[i] = x[i]` in another type.
///
/// Floats round to nearest; towards integers they lose their fraction and saturate, NaN becomes 0; towards `bool`
/// everything but 0 is 1.
///
/// # Panics
/// When the slices differ in length.
pub fn convert<S: Element, D: Element>(threads: &Threads, x: &[S], y: &mut [D]) {
    assert_eq!(x.len(), y.len(), "convert: lengths differ");
    threads.for_each_part(split(x.len(), grain(500)), y, 1, |range, y| {
        for (y, &x) in y.iter_mut().zip(&x[range]) {
            *y = x.cast();
        }
    });
}
