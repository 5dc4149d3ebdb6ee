//! Gathering and scattering against one element at a time.

use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::random::{Integers, Key, Normal, fill};
use ferrograd_kernels::rows::*;
use ferrograd_kernels::threads::Threads;

fn key(stream: usize) -> Key {
    Key { seed: 11, stream: stream as u32, step: 0 }
}

fn normal(n: usize) -> Vec<f32> {
    let mut out = vec![0.0; n];
    fill(&Normal, &key(n), 0, Isa::detect(), &Threads::serial(), &mut out);
    out
}

fn below(limit: usize, n: usize) -> Vec<i32> {
    let mut out = vec![0; n];
    let integers = Integers::new(0, limit as i32).unwrap();
    fill(&integers, &key(n + limit), 0, Isa::detect(), &Threads::serial(), &mut out);
    out
}

/// (outer, rows, width, count)
const SHAPES: [(usize, usize, usize, usize); 9] = [
    (1, 1, 1, 1),
    (1, 5, 3, 7),
    (2, 7, 13, 11),
    (3, 4, 0, 5),
    (2, 3, 4, 0),
    (1, 100, 16, 5000),
    (1, 1000, 300, 700),
    (3, 17, 129, 400),
    (1, 40_000, 8, 20_011),
];

#[test]
fn gather_and_scatter_rows() {
    for (outer, rows, width, count) in SHAPES {
        let (table, updates) = (normal(outer * rows * width), normal(outer * count * width));
        let indices = below(rows, count);
        let mut gathered = vec![0.0; outer * count * width];
        // The exact order of additions, so that the bits must agree.
        let mut summed = table.clone();
        let mut largest = table.clone();
        for o in 0..outer {
            for (i, &index) in indices.iter().enumerate() {
                for w in 0..width {
                    let (row, at) = ((o * rows + index as usize) * width + w, (o * count + i) * width + w);
                    gathered[at] = table[row];
                    summed[row] += updates[at];
                    largest[row] = largest[row].max(updates[at]);
                }
            }
        }
        for threads in [1, 2, 3, 4, 8].map(Threads::new) {
            let mut out = vec![f32::NAN; gathered.len()];
            GatherRows::new(outer, rows, width, count).unwrap().run(&threads, &table, &indices, &mut out).unwrap();
            assert!(out == gathered);
            let scatter = ScatterRows::new(outer, rows, width, count).unwrap();
            let mut out = table.clone();
            scatter.add(&threads, &updates, &indices, &mut out).unwrap();
            assert!(out == summed);
            let mut out = table.clone();
            scatter.max(&threads, &updates, &indices, &mut out).unwrap();
            assert!(out == largest);
        }
    }
}

#[test]
fn gather_and_scatter_add_along_an_axis() {
    for (outer, len, inner, count) in SHAPES {
        let (x, updates) = (normal(outer * len * inner), normal(outer * count * inner));
        let indices = below(len, outer * count * inner);
        let mut gathered = vec![0.0; indices.len()];
        let mut summed = x.clone();
        for (at, &index) in indices.iter().enumerate() {
            let (o, n) = (at / (count * inner), at % inner);
            let from = (o * len + index as usize) * inner + n;
            gathered[at] = x[from];
            summed[from] += updates[at];
        }
        let kernel = GatherAxis::new(outer, len, inner, count).unwrap();
        for threads in [1, 2, 3, 4, 8].map(Threads::new) {
            let mut out = vec![f32::NAN; gathered.len()];
            kernel.run(&threads, &x, &indices, &mut out).unwrap();
            assert!(out == gathered);
            let mut out = x.clone();
            kernel.scatter_add(&threads, &updates, &indices, &mut out).unwrap();
            assert!(out == summed);
        }
    }
}

#[test]
fn a_bad_index_is_named_and_nothing_changes() {
    let threads = Threads::new(2);
    for (bad, at) in [(-1, 0), (10, 3000), (i32::MAX, 4999), (i32::MIN, 17)] {
        let mut indices = below(10, 5000);
        indices[at] = bad;
        let named = BadIndex { position: at, index: bad, limit: 10 };
        let expected = Err(named);
        let table = normal(40);
        let mut out = vec![7.0f32; 20_000];
        assert_eq!(GatherRows::new(1, 10, 4, 5000).unwrap().run(&threads, &table, &indices, &mut out), expected);
        assert_eq!(
            GatherAxis::new(1, 10, 1, 5000).unwrap().run(&threads, &table[..10], &indices, &mut out[..5000]),
            expected
        );
        assert!(out.iter().all(|&x| x == 7.0));
        let mut sums = table.clone();
        let updates = normal(20_000);
        let scatter = ScatterRows::new(1, 10, 4, 5000).unwrap();
        assert_eq!(scatter.add(&threads, &updates, &indices, &mut sums), expected);
        assert_eq!(scatter.max(&threads, &updates, &indices, &mut sums), expected);
        let axis = GatherAxis::new(1, 10, 4, 1250).unwrap();
        assert_eq!(axis.scatter_add(&threads, &updates[..5000], &indices, &mut sums), expected);
        assert!(sums == table);
        assert_eq!(named.to_string(), format!("expected indices in [0, 10), got {bad} (index {at})"));
    }
    assert!(GatherRows::new(1, 1 << 31, 1, 1).is_err());
    assert!(GatherRows::new(usize::MAX, 2, 1, 1).is_err());
}

#[test]
fn a_number_that_is_none_is_the_largest_wherever_it_stands() {
    let scatter = ScatterRows::new(1, 3, 1, 6).unwrap();
    for threads in [1, 4].map(Threads::new) {
        let mut out = [f64::NEG_INFINITY; 3];
        scatter.max(&threads, &[f64::NAN, 1.0, 2.0, f64::NAN, -3.0, 9.0], &[0, 0, 1, 1, 2, 1], &mut out).unwrap();
        assert!(out[0].is_nan() && out[1].is_nan() && out[2] == -3.0, "{out:?}");
    }
    let mut whole = [i32::MIN; 2];
    ScatterRows::new(1, 2, 1, 2).unwrap().max(&Threads::serial(), &[-5, -7], &[0, 0], &mut whole).unwrap();
    assert_eq!(whole, [-5, i32::MIN]);
}

#[test]
fn one_hot_rows() {
    let threads = Threads::new(2);
    let mut out = vec![9.0f32; 20];
    OneHot::new(5, 4).unwrap().run(&threads, &[3, -1, 0, 4, 2], (1.0, 0.0), &mut out);
    let rows: Vec<&[f32]> = out.chunks(4).collect();
    assert_eq!(rows, [[0., 0., 0., 1.], [0.; 4], [1., 0., 0., 0.], [0.; 4], [0., 0., 1., 0.]]);
    let mut mask = vec![9u8; 3];
    OneHot::new(1, 3).unwrap().run(&threads, &[1], (0, 1), &mut mask);
    assert_eq!(mask, [1, 0, 1]);
    OneHot::new(3, 0).unwrap().run(&threads, &[0, 1, 2], (1, 0), &mut mask[..0]);
}
