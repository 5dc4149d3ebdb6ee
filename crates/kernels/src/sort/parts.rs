//! One long row in order: its parts sorted on all threads, then neighbours merged until there is one part.
//!
//! The order of places is total, so that there is one result, however the row is cut and whoever merges.

use super::{Direction, compare, sort_places};
use crate::element::Element;
use crate::threads::{Chunks, Disjoint, Threads};
use std::cmp::Ordering;

/// The places of a row, in order; `spare` is as long as `places`.
pub(super) fn sort<T: Element>(
    threads: &Threads,
    parts: Chunks,
    (row, direction): (&[T], Direction),
    places: &mut [i32],
    spare: &mut [i32],
) {
    // Each round moves all from one to the other; the last one ends in `places`.
    let rounds = parts.count().next_power_of_two().ilog2();
    let (mut from, mut to) = if rounds.is_multiple_of(2) { (places, spare) } else { (spare, places) };
    threads.for_each_part(parts, from, 1, |range, part| {
        part.iter_mut().zip(range).for_each(|(place, i)| *place = i as i32);
        sort_places(row, direction, part);
    });
    let order = |a: &i32, b: &i32| compare(row, direction, *a, *b);
    let mut sorted = parts.size();
    while sorted < from.len() {
        merge_neighbours(threads, sorted, from, to, &order);
        (from, to) = (to, from);
        sorted *= 2;
    }
}

/// Merges every two parts of `sorted` places, two tasks each: one from the front, one from the back, as far as the middle.
fn merge_neighbours(
    threads: &Threads,
    sorted: usize,
    from: &[i32],
    to: &mut [i32],
    order: &(impl Fn(&i32, &i32) -> Ordering + Sync),
) {
    let len = from.len();
    let to = Disjoint::new(to);
    threads.run(2 * len.div_ceil(2 * sorted), &|task| {
        let start = task / 2 * 2 * sorted;
        let (middle, end) = ((start + sorted).min(len), (start + 2 * sorted).min(len));
        let (left, right, half) = (&from[start..middle], &from[middle..end], start + (end - start) / 2);
        // Safety: the two halves of each pair are one task's each.
        unsafe {
            if task.is_multiple_of(2) {
                merge_front(left, right, to.slice(start..half), order);
            } else {
                merge_back(left, right, to.slice(half..end), order);
            }
        }
    });
}

/// The first of both, as many as `out` holds.
fn merge_front<'a>(mut left: &'a [i32], mut right: &'a [i32], out: &mut [i32], order: impl Fn(&i32, &i32) -> Ordering) {
    for place in out {
        let take = match (left.first(), right.first()) {
            (Some(a), Some(b)) if order(b, a) == Ordering::Less => &mut right,
            (None, Some(_)) => &mut right,
            _ => &mut left,
        };
        *place = take[0];
        *take = &take[1..];
    }
}

/// The last of both, as many as `out` holds.
fn merge_back<'a>(mut left: &'a [i32], mut right: &'a [i32], out: &mut [i32], order: impl Fn(&i32, &i32) -> Ordering) {
    for place in out.iter_mut().rev() {
        let take = match (left.last(), right.last()) {
            (Some(a), Some(b)) if order(b, a) == Ordering::Less => &mut left,
            (Some(_), None) => &mut left,
            _ => &mut right,
        };
        *place = take[take.len() - 1];
        *take = &take[..take.len() - 1];
    }
}
