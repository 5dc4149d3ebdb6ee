//! Positions of extremes, sorting and running sums against the plainest way to find them.

use ferrograd_kernels::arg::{ArgExtreme, Extreme};
use ferrograd_kernels::element::Element;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::random::{Integers, Key, Normal, fill};
use ferrograd_kernels::scan::{Accumulate, Join, Scan};
use ferrograd_kernels::sort::{Direction, Sort, TopK};
use ferrograd_kernels::threads::Threads;
use std::cmp::Ordering;

/// Few different values, so that ties are everywhere; some NaN, infinities and both zeros.
fn tied(n: usize) -> Vec<f32> {
    let mut out = vec![0; n];
    let key = Key { seed: 3, stream: n as u32, step: 1 };
    fill(&Integers::new(-4, 12).unwrap(), &key, 0, Isa::detect(), &Threads::serial(), &mut out);
    let value = |i| match i {
        8 => f32::NAN,
        9 => f32::INFINITY,
        10 => f32::NEG_INFINITY,
        11 => -0.0,
        other => other as f32 / 2.0,
    };
    out.into_iter().map(value).collect()
}

fn normal(n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n];
    let key = Key { seed: 4, stream: n as u32, step: 1 };
    fill(&Normal, &key, 0, Isa::detect(), &Threads::serial(), &mut out);
    out
}

fn order<T: Element>(a: T, b: T, direction: Direction) -> Ordering {
    let nan = |x: T| x.partial_cmp(&x).is_none();
    match (nan(a), nan(b)) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => match direction {
            Direction::Ascending => a.partial_cmp(&b).unwrap(),
            Direction::Descending => b.partial_cmp(&a).unwrap(),
        },
    }
}

/// The long rows are sorted in 2 and more parts, an even number of rounds of merging and an odd one.
const SHAPES: [(usize, usize); 10] =
    [(0, 3), (1, 1), (5, 2), (7, 10), (100, 37), (3, 1000), (2, 2111), (4, 5003), (1, 20_011), (5000, 3)];

fn sorts<T: Element>(x: &[T], rows: usize, cols: usize) {
    for direction in [Direction::Ascending, Direction::Descending] {
        let stable = |row: &[T]| {
            let mut places: Vec<i32> = (0..cols as i32).collect();
            places.sort_by(|&a, &b| order(row[a as usize], row[b as usize], direction));
            places
        };
        let expected: Vec<i32> = x.chunks(cols).flat_map(stable).collect();
        for (count, k) in [(1, cols), (2, cols), (8, cols), (1, 1), (3, cols / 2), (2, cols.saturating_sub(1)), (2, 0)]
        {
            let (mut values, mut indices) = (vec![T::default(); rows * k], vec![-1; rows * k]);
            let threads = Threads::new(count);
            if k == cols {
                let sort = Sort::new(rows, cols, direction).unwrap();
                sort.run(&threads, x, &mut values, &mut indices, &mut vec![-7; sort.workspace_len()]);
            } else {
                TopK::new(rows, cols, k, direction).unwrap().run(&threads, x, &mut values, &mut indices);
            }
            for r in 0..rows {
                assert_eq!(indices[r * k..][..k], expected[r * cols..][..k], "{rows}x{cols} {direction:?} {k}");
                for (value, &i) in values[r * k..][..k].iter().zip(&indices[r * k..]) {
                    let from = x[r * cols + i as usize];
                    assert!(*value == from || from.partial_cmp(&from).is_none() && value.partial_cmp(value).is_none());
                }
            }
        }
    }
}

#[test]
fn sorted_rows_and_their_best() {
    for (rows, cols) in SHAPES {
        let x = tied(rows * cols);
        sorts(&x, rows, cols);
        sorts(&normal(rows * cols), rows, cols);
        sorts(&x.iter().map(|&x| x as i32).collect::<Vec<_>>(), rows, cols);
    }
    assert!(TopK::new(2, 3, 4, Direction::Ascending).unwrap_err().contains("at most 3"));
    assert!(Sort::new(1, 1 << 31, Direction::Ascending).is_err());
}

#[test]
fn first_extremes() {
    for (rows, cols) in SHAPES {
        let x = tied(rows * cols);
        for extreme in [Extreme::Max, Extreme::Min] {
            let direction = if extreme == Extreme::Max { Direction::Descending } else { Direction::Ascending };
            let first = |row: &[f32]| {
                let nan = row.iter().position(|x| x.is_nan());
                let best = (0..cols).min_by(|&a, &b| order(row[a], row[b], direction)).unwrap();
                nan.unwrap_or(best) as i32
            };
            let expected: Vec<i32> = x.chunks(cols).map(first).collect();
            for count in [1, 2, 8] {
                let mut out = vec![-1; rows];
                ArgExtreme::new(rows, cols, extreme).unwrap().run(&Threads::new(count), &x, &mut out);
                assert_eq!(out, expected, "{rows}x{cols} {extreme:?}");
            }
        }
    }
    assert!(ArgExtreme::new(3, 0, Extreme::Max).is_err());
}

fn scans<T: Accumulate>(x: &[T], shape: (usize, usize, usize), join: Join, reverse: bool, exclusive: bool) {
    let (outer, len, inner) = shape;
    let mut expected = vec![T::NOTHING; x.len()];
    for o in 0..outer {
        for i in 0..inner {
            let mut sum = if join == Join::Sum { T::NOTHING } else { T::UNIT };
            for step in 0..len {
                let k = if reverse { len - 1 - step } else { step };
                let at = (o * len + k) * inner + i;
                let next = if join == Join::Sum { sum.plus(x[at]) } else { sum.times(x[at]) };
                expected[at] = if exclusive { sum } else { next };
                sum = next;
            }
        }
    }
    for count in [1, 2, 3, 8] {
        let mut out = vec![T::UNIT; x.len()];
        Scan::new(shape, join, reverse, exclusive).unwrap().run(&Threads::new(count), x, &mut out);
        assert!(out == expected, "{shape:?} {join:?} reverse {reverse} exclusive {exclusive}");
    }
}

#[test]
fn running_sums_and_products() {
    let shapes = [(1, 1, 1), (3, 5, 1), (2, 7, 13), (1, 100, 300), (400, 31, 5), (0, 3, 2), (2, 0, 2), (1, 3, 100_003)];
    for shape in shapes {
        let n = shape.0 * shape.1 * shape.2;
        for (reverse, exclusive) in [(false, false), (false, true), (true, false), (true, true)] {
            for join in [Join::Sum, Join::Product] {
                scans(&normal(n), shape, join, reverse, exclusive);
                let whole: Vec<i32> = normal(n).into_iter().map(|x| (x * 1e8) as i32).collect();
                scans(&whole, shape, join, reverse, exclusive);
            }
        }
    }
    let mut out = [0.0; 4];
    let scan = Scan::new((1, 4, 1), Join::Sum, true, true).unwrap();
    scan.run(&Threads::serial(), &[1.0, 2.0, 3.0, 4.0], &mut out);
    assert_eq!(out, [9.0, 7.0, 4.0, 0.0]);
}
