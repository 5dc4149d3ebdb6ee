//! Convolution, its gradients and pooling against their definitions.

use super::geometry::{Axis, Geometry};
use super::{AveragePool, ConvolutionFilter, ConvolutionInput, ConvolutionOutput, MaxPool};
use crate::gemm::tests::{Random, Tested, activate};
use crate::gemm::{Activation, End};
use crate::isa::Isa;
use crate::math::Compute;
use crate::threads::Threads;
use ndarray::{Array4, Array5, ArrayView4, ArrayView5};

const NONE: Axis = Axis::NONE;

const fn axis(input: usize, kernel: usize, stride: usize, dilation: usize, before: usize, after: usize) -> Axis {
    let output = (input + before + after - (kernel - 1) * dilation - 1) / stride + 1;
    Axis { input, output, kernel, stride, dilation, before }
}

fn geometry(images: usize, axes: [Axis; 3], channels: usize, filters: usize, groups: usize) -> Geometry {
    Geometry { images, axes, channels, filters, groups }
}

fn cases() -> Vec<Geometry> {
    let same = axis(9, 3, 1, 1, 1, 1);
    vec![
        geometry(2, [NONE, same, same], 3, 8, 1),
        geometry(2, [NONE, same, axis(12, 3, 2, 1, 0, 1)], 16, 20, 1),
        geometry(3, [NONE, NONE, axis(30, 5, 3, 1, 2, 2)], 4, 6, 1),
        geometry(2, [NONE, NONE, axis(30, 4, 1, 3, 9, 0)], 20, 7, 1),
        geometry(2, [NONE, axis(11, 3, 2, 2, 2, 2), axis(10, 2, 3, 2, 1, 0)], 6, 4, 2),
        geometry(1, [axis(5, 2, 1, 1, 0, 1), axis(6, 3, 2, 1, 1, 1), axis(7, 3, 3, 1, 0, 0)], 4, 5, 1),
        geometry(4, [NONE, axis(8, 1, 1, 1, 0, 0), axis(9, 1, 1, 1, 0, 0)], 24, 17, 1),
        geometry(4, [NONE, axis(8, 1, 2, 1, 0, 0), axis(9, 1, 2, 1, 0, 0)], 8, 17, 1),
        geometry(2, [NONE, same, same], 40, 40, 40),
        geometry(2, [NONE, axis(10, 3, 2, 1, 0, 1), same], 5, 15, 5),
        geometry(1, [NONE, axis(7, 2, 4, 1, 0, 0), axis(7, 3, 2, 2, 1, 1)], 7, 7, 7),
        geometry(2, [NONE, axis(9, 5, 1, 1, 2, 2), axis(16, 7, 1, 1, 3, 3)], 20, 20, 20),
        geometry(1, [axis(4, 2, 1, 1, 1, 0), axis(6, 3, 2, 2, 2, 2), axis(17, 4, 1, 2, 3, 3)], 17, 17, 17),
        geometry(0, [NONE, same, same], 3, 8, 1),
        geometry(1, [NONE, axis(3, 2, 1, 1, 0, 0), axis(2, 2, 1, 1, 0, 0)], 1, 1, 1),
    ]
}

/// The form's three derivatives, and the sums of the sizes of their terms.
struct Naive {
    y: [Vec<f64>; 2],
    dx: [Vec<f64>; 2],
    dw: [Vec<f64>; 2],
}

/// The places `(z, y, x)` of all windows and their numbers: `(n, o, k, place)`.
fn each_number(geometry: &Geometry, mut call: impl FnMut(usize, [usize; 3], [usize; 3], [usize; 3])) {
    let sizes: [fn(&Axis) -> usize; 2] = [|axis| axis.output, |axis| axis.kernel];
    let [outputs, kernels] = sizes.map(|size| {
        let [d, h, w] = [0, 1, 2].map(|i| size(&geometry.axes[i]));
        move |index: usize| [index / w / h % d, index / w % h, index % w]
    });
    let count = |size: fn(&Axis) -> usize| geometry.axes.iter().map(size).product::<usize>();
    for n in 0..geometry.images {
        for o in (0..count(|axis| axis.output)).map(&outputs) {
            for k in (0..count(|axis| axis.kernel)).map(&kernels) {
                let place = [0, 1, 2].map(|i| {
                    let axis = &geometry.axes[i];
                    (o[i] * axis.stride + k[i] * axis.dilation).wrapping_sub(axis.before)
                });
                if (0..3).all(|i| place[i] < geometry.axes[i].input) {
                    call(n, o, k, place);
                }
            }
        }
    }
}

fn naive<T: Tested>(geometry: &Geometry, x: &[T], w: &[T], dy: &[T]) -> Naive {
    let sizes = |size: fn(&Axis) -> usize| geometry.axes.map(|axis| size(&axis));
    let [inputs, outputs, kernels] = [sizes(|a| a.input), sizes(|a| a.output), sizes(|a| a.kernel)];
    let picture = |[d, h, w]: [usize; 3], channels| (geometry.images, d, h, w, channels);
    let (own, filters) = (geometry.channels / geometry.groups, geometry.filters / geometry.groups);
    let taps = kernels.iter().product::<usize>();
    let x = ArrayView5::from_shape(picture(inputs, geometry.channels), x).unwrap().mapv(T::to_f64);
    let dy = ArrayView5::from_shape(picture(outputs, geometry.filters), dy).unwrap().mapv(T::to_f64);
    let w = ArrayView4::from_shape((taps, 1, own, geometry.filters), w).unwrap().mapv(T::to_f64);
    let (mut y, mut dx) =
        ([Array5::zeros(dy.dim()), Array5::zeros(dy.dim())], [Array5::zeros(x.dim()), Array5::zeros(x.dim())]);
    let mut dw = [Array4::zeros(w.dim()), Array4::zeros(w.dim())];
    let forms: [fn(f64) -> f64; 2] = [|x| x, f64::abs];
    each_number(geometry, |n, o, k, [p, q, r]| {
        let tap = (k[0] * kernels[1] + k[1]) * kernels[2] + k[2];
        for j in 0..geometry.filters {
            for c in 0..own {
                let (from, to) = ((n, p, q, r, j / filters * own + c), (n, o[0], o[1], o[2], j));
                let at = (tap, 0, c, j);
                for (i, size) in forms.into_iter().enumerate() {
                    y[i][to] += size(x[from] * w[at]);
                    dx[i][from] += size(dy[to] * w[at]);
                    dw[i][at] += size(x[from] * dy[to]);
                }
            }
        }
    });
    let flat = |arrays: [Array5<f64>; 2]| arrays.map(|array| array.into_raw_vec_and_offset().0);
    Naive { y: flat(y), dx: flat(dx), dw: dw.map(|array| array.into_raw_vec_and_offset().0) }
}

fn check<T: Tested>(got: &[T], [value, size]: &[Vec<f64>; 2], what: &dyn std::fmt::Debug) {
    assert_eq!(got.len(), value.len());
    for (i, got) in got.iter().enumerate() {
        let tolerance = T::ROUNDOFF * 200.0 * (size[i] + 1e-30);
        assert!((got.to_f64() - value[i]).abs() <= tolerance, "{what:?} at {i}: {got:?}, not {}", value[i]);
    }
}

/// What `run` gives on one thread, held to be the same on others.
fn on_threads<T: Tested>(
    pools: &[Threads],
    len: usize,
    workspace: usize,
    run: impl Fn(&Threads, &mut [T], &mut [T]),
) -> Vec<T> {
    let nan = T::from_f64(f64::NAN);
    let result = |threads: &Threads| {
        let (mut result, mut workspace) = (vec![nan; len], vec![nan; workspace]);
        run(threads, &mut result, &mut workspace);
        result
    };
    let serial = result(&Threads::serial());
    for threads in pools {
        let same = result(threads).iter().zip(&serial).all(|(a, b)| a.bits() == b.bits());
        assert!(same, "bits change with {} threads", threads.count());
    }
    serial
}

/// The values of `activation(y + bias)`, and the sums of the sizes of their terms.
fn ended<T: Tested>([y, sizes]: &[Vec<f64>; 2], bias: Option<&[T]>, activation: Activation) -> [Vec<f64>; 2] {
    let bias = |at: usize| bias.map_or(0.0, |bias| bias[at % bias.len()].to_f64());
    let value = |(at, y): (usize, &f64)| activate(activation, y + bias(at));
    [
        y.iter().enumerate().map(value).collect(),
        sizes.iter().enumerate().map(|(at, size)| size + bias(at).abs()).collect(),
    ]
}

fn check_convolution<T: Tested + Compute>(geometry: Geometry, pools: &[Threads]) {
    let random = &mut Random::new(3);
    let x: Vec<T> = random.vec(geometry.input_len());
    let w: Vec<T> = random.vec(geometry.filter_len());
    let dy: Vec<T> = random.vec(geometry.output_len());
    let bias: Vec<T> = random.vec(geometry.filters);
    let expected = naive(&geometry, &x, &w, &dy);
    for isa in Isa::available() {
        for (bias, activation) in [(None, Activation::None), (Some(&bias[..]), Activation::Relu)] {
            let output = ConvolutionOutput::<T>::new(geometry, bias.is_some(), activation, isa).unwrap();
            let y = on_threads(pools, dy.len(), output.workspace_len(), |threads, y, space| {
                output.run(threads, (&x, &w, bias), y, space, None)
            });
            check(&y, &ended(&expected.y, bias, activation), &("y", activation, isa, geometry));
        }
        let input = ConvolutionInput::<T>::new(geometry, isa).unwrap();
        let dx = on_threads(pools, x.len(), input.workspace_len(), |threads, dx, space| {
            input.run(threads, (&dy, &w), dx, space, None)
        });
        check(&dx, &expected.dx, &("dx", isa, geometry));
        if dy.is_empty() {
            continue;
        }
        if let Some(output) = ConvolutionOutput::<T>::by_rows(geometry, true, Activation::Relu, isa).unwrap() {
            let run = |threads: &Threads, y: &mut [T], space: &mut [T], end: Option<&End<'_, T>>| {
                output.run(threads, (&x, &w, Some(&bias[..])), y, space, end)
            };
            let expected = ended(&expected.y, Some(&bias), Activation::Relu);
            check_rows(pools, geometry.filters, output.workspace_len(), &output.starts(), run, &expected);
        }
        if let Some(input) = ConvolutionInput::<T>::by_rows(geometry, isa).unwrap() {
            let run = |threads: &Threads, dx: &mut [T], space: &mut [T], end: Option<&End<'_, T>>| {
                input.run(threads, (&dy, &w), dx, space, end)
            };
            check_rows(pools, geometry.channels, input.workspace_len(), &input.starts(), run, &expected.dx);
        }
        let filter = ConvolutionFilter::<T>::new(geometry, isa).unwrap();
        let dw = on_threads(pools, w.len(), filter.workspace_len(), |threads, dw, space| {
            filter.run(threads, &x, &dy, dw, space)
        });
        check(&dw, &expected.dw, &("dw", isa, geometry));
    }
}

/// A run, its result, its workspace, and what it hands blocks to.
type Run<'a, T> = dyn Fn(&Threads, &mut [T], &mut [T], Option<&End<'_, T>>) + 'a;

/// Blocks come once each, whole and finished: each number is turned about where it is handed over.
fn check_rows<T: Tested>(
    pools: &[Threads],
    cols: usize,
    workspace: usize,
    starts: &[usize],
    run: impl Fn(&Threads, &mut [T], &mut [T], Option<&End<'_, T>>),
    expected: &[Vec<f64>; 2],
) {
    let run: &Run<'_, T> = &run;
    let len = expected[0].len();
    assert!(starts[0] == 0 && starts.is_sorted() && starts[starts.len() - 1] * cols == len, "{starts:?}");
    let turned = on_threads(pools, len, workspace, |threads, y: &mut [T], space| {
        let (first, came) = (y.as_ptr().addr(), std::sync::Mutex::new(Vec::new()));
        run(
            threads,
            y,
            space,
            Some(&|block: &mut [T]| {
                came.lock().unwrap().push((block.as_ptr().addr() - first) / size_of::<T>() / cols);
                block.iter_mut().for_each(|y| *y = T::from_f64(-y.to_f64()));
            }),
        );
        let mut came = came.into_inner().unwrap();
        came.sort_unstable();
        assert_eq!(came, starts[..starts.len() - 1]);
    });
    check(&turned, &[expected[0].iter().map(|y| -y).collect(), expected[1].clone()], &("ended", starts.len()));
}

#[test]
fn convolutions_and_their_gradients_are_right() {
    let pools = [2, 3, 4, 8].map(Threads::new);
    for geometry in cases() {
        check_convolution::<f32>(geometry, &pools);
        check_convolution::<f64>(geometry, &pools);
    }
}

/// Pooling by definition: for each window and channel the places of its numbers.
fn pooled(geometry: &Geometry) -> Vec<Vec<usize>> {
    let sizes: [fn(&Axis) -> usize; 2] = [|axis| axis.input, |axis| axis.output];
    let [inputs, outputs] = sizes.map(|size| geometry.axes.map(|axis| size(&axis)));
    let index = |n: usize, [p, q, r]: [usize; 3], [d, h, w]: [usize; 3]| ((n * d + p) * h + q) * w + r;
    let mut windows = vec![Vec::new(); geometry.output_len()];
    each_number(geometry, |n, o, _, place| {
        for c in 0..geometry.channels {
            windows[index(n, o, outputs) * geometry.channels + c].push(index(n, place, inputs) * geometry.channels + c);
        }
    });
    windows
}

#[test]
fn pooling_and_its_gradients_are_right() {
    let pools = [2, 3, 4, 8].map(Threads::new);
    let same = axis(9, 3, 2, 1, 1, 1);
    for geometry in [
        geometry(2, [NONE, axis(8, 2, 2, 1, 0, 0), axis(9, 2, 2, 1, 0, 0)], 100, 100, 1),
        geometry(3, [NONE, same, same], 5, 5, 1),
        geometry(2, [axis(4, 3, 1, 1, 1, 1), axis(5, 2, 1, 1, 0, 1), axis(6, 3, 3, 1, 0, 0)], 3, 3, 1),
        // Windows apart that cover the picture, leave its end, begin before it, and leave places between them.
        geometry(2, [NONE, axis(8, 2, 2, 1, 0, 0), axis(9, 3, 3, 1, 0, 0)], 17, 17, 1),
        geometry(1, [NONE, axis(8, 2, 2, 1, 0, 0), axis(11, 3, 3, 1, 0, 0)], 2, 2, 1),
        geometry(2, [NONE, axis(7, 2, 2, 1, 1, 0), axis(8, 3, 3, 1, 1, 0)], 3, 3, 1),
        geometry(2, [NONE, axis(7, 1, 3, 1, 0, 0), axis(9, 2, 4, 1, 1, 1)], 9, 9, 1),
        geometry(8, [NONE, NONE, axis(1, 1, 1, 1, 0, 0)], 1, 1, 1),
    ] {
        let random = &mut Random::new(4);
        // Few different numbers, so that there are ties, and some NaN.
        let x: Vec<f32> = (0..geometry.input_len()).map(|_| random.pick(&[0.0, 1.0, 2.0, 3.0])).collect();
        let mut unordered = x.clone();
        unordered[7] = f32::NAN;
        let (dy, g): (Vec<f32>, Vec<f32>) = (random.vec(geometry.output_len()), random.vec(x.len()));
        let windows = pooled(&geometry);
        for isa in Isa::available() {
            let (max, mean) = (MaxPool::new(geometry, isa), AveragePool::new(geometry, isa));
            for x in [&x, &unordered] {
                let at = |window: &Vec<usize>| {
                    let nan = window.iter().copied().find(|&at| x[at].is_nan());
                    nan.unwrap_or_else(|| {
                        window.iter().copied().reduce(|a, b| if x[b] > x[a] { b } else { a }).unwrap()
                    })
                };
                let places: Vec<usize> = windows.iter().map(at).collect();
                let y = on_threads(&pools, dy.len(), 0, |threads, y, _| max.output(threads, x, y));
                assert!(y.iter().zip(&places).all(|(y, &at)| y.to_bits() == x[at].to_bits()), "{isa:?} {geometry:?}");
                let taken = on_threads(&pools, dy.len(), 0, |threads, y, _| max.taken(threads, x, &g, y));
                assert!(taken.iter().zip(&places).all(|(y, &at)| *y == g[at]), "{isa:?} {geometry:?}");
                let mut dx = vec![0.0; x.len()];
                places.iter().zip(&dy).for_each(|(&at, &dy)| dx[at] += dy);
                assert_eq!(on_threads(&pools, x.len(), 0, |threads, dx, _| max.input(threads, (x, &dy), dx, None)), dx);
            }
            let (mut value, mut slope) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
            for (i, window) in windows.iter().enumerate() {
                value[i] = window.iter().map(|&at| f64::from(x[at])).sum::<f64>() / window.len() as f64;
                window.iter().for_each(|&at| slope[at] += f64::from(dy[i]) / window.len() as f64);
            }
            let y = on_threads(&pools, dy.len(), 0, |threads, y, _| mean.output(threads, &x, y));
            check(&y, &[value.clone(), vec![3.0; value.len()]], &("mean", isa, geometry));
            let dx = on_threads(&pools, x.len(), 0, |threads, dx, _| mean.input(threads, &dy, dx));
            check(&dx, &[slope.clone(), vec![3.0; slope.len()]], &("slope of mean", isa, geometry));
        }
    }
}
