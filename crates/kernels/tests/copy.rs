//! Strided copies against one index at a time.

use ferrograd_kernels::copy::{StridedCopy, fill, iota, row_major};
use ferrograd_kernels::element::{Element, Truth};
use ferrograd_kernels::threads::Threads;

/// Every index below `shape`, the last axis fastest.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for &dim in shape {
        all = all.iter().flat_map(|index| (0..dim).map(move |i| [index.as_slice(), &[i]].concat())).collect();
    }
    all
}

fn at(offset: usize, strides: &[isize], index: &[usize]) -> usize {
    let sum: isize = strides.iter().zip(index).map(|(&s, &i)| s * i as isize).sum();
    (offset as isize + sum) as usize
}

fn numbers(n: usize) -> Vec<i32> {
    (0..n as i32).map(|i| i.wrapping_mul(747_796_405) ^ 0x55).collect()
}

type Side<'a> = (&'a [isize], usize, usize);

fn check<T: Element>(shape: &[usize], src: Side<'_>, dst: Side<'_>, make: fn(i32) -> T) {
    let copy = StridedCopy::new(shape, src, dst).unwrap();
    let from: Vec<T> = numbers(src.2).into_iter().map(make).collect();
    let before: Vec<T> = numbers(dst.2).into_iter().map(|i| make(!i)).collect();
    let mut expected = before.clone();
    for index in indices(shape) {
        expected[at(dst.1, dst.0, &index)] = from[at(src.1, src.0, &index)];
    }
    for count in [1, 2, 3, 8] {
        let mut out = before.clone();
        copy.run(&Threads::new(count), &from, &mut out);
        assert!(out == expected, "{shape:?} {src:?} {dst:?} on {count} threads");
    }
}

fn check_all(shape: &[usize], src: Side<'_>, dst: Side<'_>) {
    check::<i32>(shape, src, dst, |i| i);
    check::<f64>(shape, src, dst, f64::from);
    // Bits that no shift repeats.
    check::<Truth>(shape, src, dst, |i| Truth::from(i.count_ones() % 2 == 1));
}

#[test]
fn slices_broadcasts_and_flips() {
    check_all(&[], (&[], 2, 5), (&[], 0, 1));
    check_all(&[7], (&[1], 3, 10), (&[1], 0, 7));
    check_all(&[7], (&[-1], 6, 7), (&[2], 1, 14));
    check_all(&[7], (&[1], 0, 7), (&[-1], 6, 7));
    check_all(&[3, 5], (&[10, 2], 1, 31), (&[5, 1], 0, 15));
    check_all(&[3, 5], (&[0, 1], 0, 5), (&[5, 1], 0, 15));
    check_all(&[3, 5], (&[1, 0], 0, 3), (&[5, 1], 0, 15));
    check_all(&[4, 1, 6], (&[6, 99, 1], 0, 24), (&[6, -7, 1], 0, 24));
    check_all(&[2, 0, 3], (&[1, 1, 1], 0, 0), (&[1, 1, 1], 0, 0));
    check_all(&[2, 3, 4], (&[12, -4, -1], 11, 24), (&[1, 2, 6], 0, 24));
    check_all(&[300, 301], (&[301, 1], 0, 90_300), (&[301, 1], 0, 90_300));
    check_all(&[300, 301], (&[400, 1], 5, 120_005), (&[301, 1], 0, 90_300));
    check_all(&[3, 50_001], (&[50_001, 1], 0, 150_003), (&[60_000, 1], 1, 180_001));
}

#[test]
fn transposes_of_every_order() {
    for shape in [vec![1, 1], vec![17, 33], vec![257, 129], vec![2, 3, 5], vec![19, 7, 31], vec![3, 4, 5, 6]] {
        for axes in orders(shape.len()) {
            let strides = row_major(&shape);
            let to: Vec<usize> = axes.iter().map(|&a| shape[a]).collect();
            let src: Vec<isize> = axes.iter().map(|&a| strides[a]).collect();
            let n = shape.iter().product();
            check_all(&to, (&src, 0, n), (&row_major(&to), 0, n));
            let from = numbers(n);
            let mut out = vec![0; n];
            StridedCopy::transpose(&shape, &axes).unwrap().run(&Threads::serial(), &from, &mut out);
            for (i, index) in indices(&to).iter().enumerate() {
                assert_eq!(out[i], from[at(0, &src, index)]);
            }
        }
    }
}

fn orders(n: usize) -> Vec<Vec<usize>> {
    let all = indices(&vec![n; n]);
    all.into_iter().filter(|order| (0..n).all(|axis| order.contains(&axis))).collect()
}

#[test]
fn what_leaves_an_array_or_overlaps_is_refused() {
    let refused = |shape: &[usize], src: Side<'_>, dst: Side<'_>| StridedCopy::new(shape, src, dst).unwrap_err();
    assert!(refused(&[4], (&[1], 0, 3), (&[1], 0, 4)).contains("source reaches elements 0 to 3, it has 3"));
    assert!(refused(&[4], (&[-1], 2, 9), (&[1], 0, 4)).contains("source reaches elements -1 to 2"));
    assert!(refused(&[4], (&[1], 0, 4), (&[1], 1, 4)).contains("destination"));
    assert!(refused(&[4], (&[1], 0, 4), (&[0], 0, 4)).contains("twice"));
    assert!(refused(&[2, 3], (&[3, 1], 0, 6), (&[2, 1], 0, 6)).contains("twice"));
    assert!(refused(&[2, 3], (&[3], 0, 6), (&[3, 1], 0, 6)).contains("stride each"));
    let huge = usize::MAX / 2;
    assert!(StridedCopy::new(&[huge, 3], (&[0, 0], 0, 1), (&[3, 1], 0, 6)).is_err());
    assert!(StridedCopy::new(&[1; 17], (&[1; 17], 0, 1), (&[1; 17], 0, 1)).is_err());
    assert!(StridedCopy::transpose(&[2, 3], &[0, 0]).is_err());
    assert!(StridedCopy::transpose(&[2, 3], &[0]).is_err());
    assert!(StridedCopy::transpose(&[2, 3], &[0, 2]).is_err());
}

#[test]
fn fills_and_counts() {
    for n in [0, 1, 100, 1_000_003] {
        let mut out = vec![0.0f64; n];
        fill(&Threads::new(3), 2.5, &mut out);
        assert!(out.iter().all(|&x| x == 2.5));
        iota(&Threads::new(3), 1.0, 0.5, &mut out);
        assert!(out.iter().enumerate().all(|(i, &x)| x == 1.0 + 0.5 * i as f64));
        let mut whole = vec![0; n];
        iota(&Threads::new(3), 10, -3, &mut whole);
        assert!(whole.iter().enumerate().all(|(i, &x)| x == 10 - 3 * i as i32));
    }
}
