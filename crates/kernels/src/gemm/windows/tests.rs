//! Products of windows against the whole matrix of windows, which ndarray holds here and nobody elsewhere.

use super::{WindowAxis, Windows};
use crate::gemm::tests::{Random, SPECS, Tested, activate};
use crate::gemm::window_direct::DirectWindows;
use crate::gemm::{EpilogueSpec, Operand, WindowSums, WindowsGemm, WindowsTransposed};
use crate::isa::Isa;
use crate::threads::Threads;
use ndarray::{Array2, ArrayView2, ArrayView5, s};

const fn axis(size: usize, out: usize, kernel: usize, stride: usize, step: usize, offset: isize) -> WindowAxis {
    WindowAxis { size, out, kernel, stride, step, offset }
}

const NONE: WindowAxis = WindowAxis::NONE;

fn windows(images: usize, axes: [WindowAxis; 3], channels: usize, pixel: usize) -> Windows {
    Windows { images, axes, channels, pixel }
}

/// Windows of every kind: short and long runs, padding on any side, windows that miss the picture, steps, groups.
fn cases() -> Vec<Windows> {
    let same = |size| axis(size, size, 3, 1, 1, -1);
    vec![
        windows(2, [NONE, same(7), same(9)], 32, 32),
        windows(3, [NONE, same(12), same(13)], 3, 3),
        windows(2, [NONE, same(12), same(13)], 1, 1),
        windows(2, [NONE, NONE, axis(40, 40, 4, 1, 2, -6)], 5, 5),
        windows(1, [NONE, NONE, axis(300, 98, 5, 3, 1, -1)], 20, 20),
        windows(2, [axis(4, 3, 2, 1, 1, 0), axis(5, 3, 3, 2, 1, -1), same(6)], 6, 6),
        windows(2, [NONE, axis(11, 6, 3, 2, 1, 0), axis(10, 5, 3, 2, 1, 0)], 17, 17),
        windows(2, [NONE, same(8), same(8)], 8, 24),
        windows(2, [NONE, same(8), same(8)], 16, 48),
        windows(1, [NONE, axis(3, 9, 3, 1, 2, -5), axis(2, 8, 5, 1, 1, -5)], 4, 4),
        windows(2, [NONE, same(5), same(6)], 400, 400),
        windows(9, [NONE, axis(1, 1, 1, 1, 1, 0), axis(30, 30, 1, 1, 1, 0)], 33, 33),
        windows(1, [NONE, axis(8, 0, 3, 1, 1, 0), same(4)], 4, 4),
        windows(600, [NONE, same(4), same(5)], 3, 3),
        windows(2, [NONE, axis(9, 4, 3, 2, 1, -1), same(9)], 3, 3),
        windows(1, [NONE, axis(4, 4, 1, 1, 1, 0), same(33)], 2, 2),
        windows(1, [NONE, same(1), same(1)], 2, 2),
        // Windows that begin behind the picture's first place, and behind its last.
        windows(2, [NONE, NONE, axis(5, 9, 2, 1, 3, 2)], 1, 1),
        windows(1, [NONE, axis(1, 3, 1, 1, 1, 2), axis(2, 4, 2, 1, 1, 3)], 4, 4),
        windows(1, [NONE, same(3), axis(0, 17, 3, 1, 1, -1)], 2, 2),
        // Lines that are copied in parts.
        windows(2, [NONE, NONE, same(2500)], 4, 4),
        windows(1, [NONE, axis(2, 2, 2, 1, 1, -1), axis(2100, 2100, 5, 1, 2, -4)], 3, 3),
        windows(1, [NONE, NONE, axis(4000, 1333, 4, 3, 1, 0)], 4, 4),
    ]
}

/// All windows, one a row.
fn matrix<T: Tested>(windows: &Windows, x: &[T]) -> Array2<f64> {
    let [depth, high, wide] = &windows.axes;
    let whole = (windows.images, depth.size, high.size, wide.size, windows.pixel);
    let x = ArrayView5::from_shape(whole, x).unwrap();
    let x = x.slice(s![.., .., .., .., ..windows.channels]);
    let each = |axis: &WindowAxis, index: usize| {
        let place = (index / axis.kernel * axis.stride + index % axis.kernel * axis.step) as isize + axis.offset;
        usize::try_from(place).ok().filter(|&place| place < axis.size)
    };
    Array2::from_shape_fn((windows.rows().unwrap(), windows.cols().unwrap()), |(row, col)| {
        let c = col % windows.channels;
        let (mut row, mut col) = (row, col / windows.channels);
        let mut places = [0, 0, 0];
        for (place, axis) in places.iter_mut().zip(&windows.axes).rev() {
            let index = row % axis.out * axis.kernel + col % axis.kernel;
            (row, col) = (row / axis.out, col / axis.kernel);
            *place = each(axis, index).unwrap_or(usize::MAX);
        }
        let [z, y, w] = places;
        x.get((row, z, y, w, c)).map_or(0.0, |&x| x.to_f64())
    })
}

fn assert_near<T: Tested>(got: f64, value: f64, terms: usize, size: f64, what: &dyn std::fmt::Debug) {
    let tolerance = T::ROUNDOFF * (terms as f64 + 12.0) * (size + value.abs());
    assert!((got - value).abs() <= tolerance, "{what:?}: {got}, not {value}");
}

fn as_f64<T: Tested>(from: &[T], shape: (usize, usize)) -> Array2<f64> {
    ArrayView2::from_shape(shape, &from[..shape.0 * shape.1]).unwrap().mapv(T::to_f64)
}

/// Elements of a workspace beyond what was asked for.
const SPARE: usize = 5000;

fn nan<T: Tested>(len: usize) -> Vec<T> {
    vec![T::from_f64(f64::NAN); len]
}

/// A way to compute a result.
type Way<'a, T> = &'a dyn Fn(&Threads, &mut [T]);

/// What `run` writes on one thread, held to be the same on others.
fn on_threads<T: Tested>(pools: &[Threads], len: usize, run: Way<'_, T>, what: &dyn std::fmt::Debug) -> Vec<T> {
    let on = |threads: &Threads| {
        let mut c = nan(len);
        run(threads, &mut c);
        c
    };
    let c = on(&Threads::serial());
    for threads in pools {
        let same = on(threads).iter().zip(&c).all(|(x, y)| x.bits() == y.bits());
        assert!(same, "{what:?} with {} threads", threads.count());
    }
    c
}

/// Whether it can be computed directly.
fn check_rows<T: Tested>(windows: Windows, cols: usize, spec: EpilogueSpec, pools: &[Threads]) -> bool {
    let random = &mut Random::new(cols as u64 + 7);
    let (rows, depth) = (windows.rows().unwrap(), windows.cols().unwrap());
    let x: Vec<T> = random.vec(windows.images * windows.axes.iter().map(|a| a.size).product::<usize>() * windows.pixel);
    let (b, bias) = (random.vec::<T>(depth * cols), spec.bias.then(|| random.vec::<T>(cols)));
    let (whole, other) = (matrix(&windows, &x), as_f64(&b, (depth, cols)));
    let (sum, size) = (whole.dot(&other), whole.mapv(f64::abs).dot(&other.mapv(f64::abs)));
    let stride = cols + 3;
    let mut directly = false;
    for isa in Isa::available() {
        let gemm = WindowsGemm::<T>::new(windows, cols, (Operand::row_major(cols), stride), spec, isa).unwrap();
        let direct = DirectWindows::<T>::new(windows, cols, (cols, stride), spec, isa).unwrap();
        let in_rows = |threads: &Threads, c: &mut [T]| {
            gemm.run(threads, &x, &b, bias.as_deref(), c, &mut nan(gemm.workspace_len() + SPARE));
        };
        let bias_given = bias.as_deref();
        directly |= direct.is_some();
        let in_place = direct.as_ref().map(|direct| {
            |threads: &Threads, c: &mut [T]| {
                direct.run(threads, (&x, &b, bias_given), c, &mut nan(direct.workspace_len() + SPARE), None);
            }
        });
        let ways: [Option<Way<'_, T>>; 2] = [Some(&in_rows), in_place.as_ref().map(|way| way as _)];
        for way in ways.into_iter().flatten() {
            let c = on_threads(pools, rows * stride, way, &(isa, windows, cols));
            for ((row, col), &sum) in sum.indexed_iter() {
                let bias = bias.as_ref().map_or(0.0, |bias| bias[col].to_f64());
                let value = activate(spec.activation, sum + bias);
                let got = c[row * stride + col].to_f64();
                assert_near::<T>(got, value, depth, size[(row, col)] + bias.abs(), &(isa, windows, cols, row, col));
            }
            let untouched = (0..rows).all(|row| c[row * stride + cols..][..3].iter().all(|x| !x.is_finite()));
            assert!(untouched, "{isa:?} {windows:?} wrote between rows");
        }
    }
    directly
}

/// Whether it can be summed in place.
fn check_cols<T: Tested>(windows: Windows, cols: usize, pools: &[Threads]) -> bool {
    let random = &mut Random::new(cols as u64 + 9);
    let (rows, depth) = (windows.cols().unwrap(), windows.rows().unwrap());
    let x: Vec<T> = random.vec(windows.images * windows.axes.iter().map(|a| a.size).product::<usize>() * windows.pixel);
    let b = random.vec::<T>(depth * cols);
    let (whole, other) = (matrix(&windows, &x), as_f64(&b, (depth, cols)));
    let (sum, size) = (whole.t().dot(&other), whole.mapv(f64::abs).t().dot(&other.mapv(f64::abs)));
    let stride = cols + 2;
    let mut summed = false;
    for isa in Isa::available() {
        let product = WindowsTransposed::<T>::new(windows, cols, (cols, stride), isa).unwrap();
        let sums = WindowSums::<T>::new(windows, cols, (cols, stride), isa).unwrap();
        let packed =
            |threads: &Threads, c: &mut [T]| product.run(threads, &x, &b, c, &mut nan(product.workspace_len() + SPARE));
        summed |= sums.is_some();
        let in_place = sums.as_ref().map(|sums| {
            |threads: &Threads, c: &mut [T]| sums.run(threads, &x, &b, c, &mut nan(sums.workspace_len() + SPARE))
        });
        let ways: [Option<Way<'_, T>>; 2] = [Some(&packed), in_place.as_ref().map(|way| way as _)];
        for way in ways.into_iter().flatten() {
            let c = on_threads(pools, rows * stride, way, &(isa, windows, cols));
            for ((row, col), &value) in sum.indexed_iter() {
                let got = c[row * stride + col].to_f64();
                assert_near::<T>(got, value, depth, size[(row, col)], &(isa, windows, cols, row, col));
            }
        }
    }
    summed
}

#[test]
fn windows_on_the_left_are_right() {
    let pools = [2, 3, 4, 8].map(Threads::new);
    let mut direct = 0;
    for windows in cases() {
        for cols in [1, 6, 40] {
            let spec = SPECS[if cols == 6 { 3 } else { 0 }];
            direct += usize::from(check_rows::<f32>(windows, cols, spec, &pools));
        }
        direct += usize::from(check_rows::<f64>(windows, 20, SPECS[7], &pools));
    }
    // Else one of the two ways would not be held to anything.
    assert!(direct >= 30, "{direct} products were computed directly");
    let wide = windows(1, [NONE, axis(7, 7, 3, 1, 1, -1), axis(7, 7, 3, 1, 1, -1)], 64, 64);
    check_rows::<f32>(wide, 300, SPECS[3], &pools);
}

#[test]
fn long_lines_are_copied_in_parts() {
    let long = windows(1, [NONE, NONE, axis(1 << 20, 1 << 20, 9, 1, 1, -4)], 2, 2);
    let direct = DirectWindows::<f32>::new(long, 40, (40, 40), SPECS[0], Isa::Portable).unwrap().unwrap();
    let sums = WindowSums::<f32>::new(long, 40, (40, 40), Isa::Portable).unwrap().unwrap();
    for numbers in [direct.workspace_len(), sums.workspace_len()] {
        assert!(numbers < 1 << 20, "{numbers} numbers for lines of two million");
    }
}

#[test]
fn windows_without_numbers_leave_the_bias() {
    let of = |kernel, channels| windows(2, [NONE, axis(8, 8, kernel, 1, 1, -1), axis(8, 8, 3, 1, 1, -1)], channels, 3);
    let turned = |windows: Windows| Windows { axes: [NONE, windows.axes[2], windows.axes[1]], ..windows };
    let (cols, spec) = (6, SPECS[3]);
    let bias: Vec<f32> = Random::new(1).vec(cols);
    for isa in Isa::available() {
        for empty in [of(3, 0), of(0, 3), turned(of(0, 3)), of(0, 0)] {
            let gemm = WindowsGemm::<f32>::new(empty, cols, (Operand::row_major(cols), cols), spec, isa).unwrap();
            let direct = DirectWindows::<f32>::new(empty, cols, (cols, cols), spec, isa).unwrap();
            let given = spec.bias.then_some(&bias[..]);
            let check = |run: &dyn Fn(&mut [f32])| {
                let mut c = nan::<f32>(empty.rows().unwrap() * cols);
                run(&mut c);
                for (i, &got) in c.iter().enumerate() {
                    let value = activate(spec.activation, given.map_or(0.0, |bias| f64::from(bias[i % cols])));
                    assert_near::<f32>(f64::from(got), value, 1, value.abs(), &(isa, empty, i));
                }
            };
            let (serial, x) = (&Threads::serial(), &[0.0; 384]);
            check(&|c| gemm.run(serial, x, &[], given, c, &mut nan(gemm.workspace_len())));
            if let Some(direct) = direct {
                check(&|c| direct.run(serial, (x, &[], given), c, &mut nan(direct.workspace_len()), None));
            }
        }
    }
}

#[test]
fn sums_over_windows_are_right() {
    let pools = [2, 3, 4, 8].map(Threads::new);
    let mut summed = 0;
    for windows in cases() {
        for cols in [1, 6, 40] {
            summed += usize::from(check_cols::<f32>(windows, cols, &pools));
        }
        summed += usize::from(check_cols::<f64>(windows, 20, &pools));
    }
    assert!(summed >= 60, "{summed} products were summed in place");
}
