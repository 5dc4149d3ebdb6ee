//! Corners that chance would miss.

use super::naive::{Buffer, Case, output_len};
use crate::element::DType;
use crate::isa::Isa;
use crate::map::{
    Axes, Binary, Expr, Layout, Map, MapInput, MapOutput, MapType, OutputKind, Reduce, Unary, ValueId, reduction_layout,
};
use crate::threads::Threads;

fn contiguous(shape: &[usize], dtype: DType) -> MapInput {
    MapInput { dtype, layout: Layout::contiguous(shape) }
}

/// One output of inputs that lie row-major over `shape`, on every instruction set.
fn results<T: MapType>(
    shape: &[usize],
    inputs: &[&[f64]],
    build: impl Fn(&mut Expr, &[ValueId]) -> (ValueId, OutputKind),
) -> Vec<Vec<f64>> {
    let mut expr = Expr::new();
    let ids: Vec<ValueId> = (0..inputs.len()).map(|i| expr.input(i)).collect();
    let (value, kind) = build(&mut expr, &ids);
    let inputs = inputs.iter().map(|v| (contiguous(shape, T::DTYPE), Buffer::of(T::DTYPE, v))).collect();
    let outputs = vec![MapOutput { value, dtype: T::DTYPE, kind, scale: None }];
    let case = Case { shape: shape.to_vec(), expr, inputs, outputs, alias: vec![None] };
    let values = |b: &Buffer| (0..output_len(kind, shape)).map(|i| b.get(i)).collect();
    Isa::available().into_iter().map(|isa| values(&case.run::<T>(isa, 1)[0])).collect()
}

/// `op` of pairs, as bits so that NaN and −0 compare.
fn check_pairs<T: MapType>(op: Binary, cases: &[(f64, f64, f64)]) {
    let a: Vec<f64> = cases.iter().map(|c| c.0).collect();
    let b: Vec<f64> = cases.iter().map(|c| c.1).collect();
    for got in results::<T>(&[cases.len()], &[&a, &b], |e, x| (e.binary(op, x[0], x[1]), OutputKind::Store)) {
        for (got, &(a, b, expected)) in got.into_iter().zip(cases) {
            let same = got == expected && got.is_sign_negative() == expected.is_sign_negative();
            assert!(same || got.is_nan() && expected.is_nan(), "{op:?}({a}, {b}) = {got}, not {expected}");
        }
    }
}

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[test]
fn division_to_whole_numbers_is_numpys() {
    let quotients = [
        (7.0, 3.0, 2.0),
        (-7.0, 3.0, -3.0),
        (7.0, -3.0, -3.0),
        (-7.0, -3.0, 2.0),
        (0.0, 5.0, 0.0),
        (-0.0, 5.0, -0.0),
        (1.0, 0.0, INF),
        (-1.0, 0.0, -INF),
        (0.0, 0.0, NAN),
        (1.0, INF, 0.0),
        (-1.0, INF, -1.0),
        (INF, 1.0, NAN),
        (NAN, 1.0, NAN),
        (5.5, 0.5, 11.0),
    ];
    check_pairs::<f32>(Binary::FloorDiv, &quotients);
    check_pairs::<f64>(Binary::FloorDiv, &quotients);
    check_pairs::<f64>(Binary::FloorDiv, &[(6.0, 0.1, 59.0), (1.0, 0.1, 9.0)]);
    let rests = [
        (7.0, 3.0, 1.0),
        (-7.0, 3.0, 2.0),
        (7.0, -3.0, -2.0),
        (-7.0, -3.0, -1.0),
        (6.0, 3.0, 0.0),
        (6.0, -3.0, -0.0),
        (1.0, 0.0, NAN),
        (1.0, INF, 1.0),
        (-1.0, INF, INF),
        (INF, 1.0, NAN),
    ];
    check_pairs::<f32>(Binary::Mod, &rests);
    check_pairs::<f64>(Binary::Mod, &rests);
    check_pairs::<i32>(Binary::FloorDiv, &[(7.0, 3.0, 2.0), (-7.0, 3.0, -3.0), (7.0, -3.0, -3.0), (7.0, 0.0, 0.0)]);
    check_pairs::<i32>(Binary::Mod, &[(7.0, 3.0, 1.0), (-7.0, 3.0, 2.0), (7.0, -3.0, -2.0), (7.0, 0.0, 0.0)]);
    let least = f64::from(i32::MIN);
    check_pairs::<i32>(Binary::FloorDiv, &[(least, -1.0, least)]);
}

#[test]
fn angles_of_points_are_those_of_c() {
    // Sines and cosines of angles all around, in which rounding is below the tolerance; then every corner to the bit.
    let angles: Vec<f64> = (-314..=314).map(|i| f64::from(i) / 100.0).collect();
    for size in [1e-30, 1.0, 1e30] {
        let [y, x] = [f64::sin, f64::cos].map(|of| angles.iter().map(|&angle| size * of(angle)).collect::<Vec<_>>());
        let build = |e: &mut Expr, i: &[ValueId]| (e.binary(Binary::Arctan2, i[0], i[1]), OutputKind::Store);
        let check = |all: Vec<Vec<f64>>, tolerance: f64| {
            for (got, angle) in all.iter().flat_map(|got| got.iter().zip(&angles)) {
                assert!((got - angle).abs() <= tolerance * angle.abs(), "{got}, not {angle}, of {size}");
            }
        };
        check(results::<f32>(&[angles.len()], &[&y, &x], build), 4e-7);
        check(results::<f64>(&[angles.len()], &[&y, &x], build), 1e-15);
    }
    let around = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 2.0];
    let corners = || around.into_iter().flat_map(|y| around.map(|x| (y, x)));
    let narrow: Vec<_> = corners().map(|(y, x)| (y, x, f64::from((y as f32).atan2(x as f32)))).collect();
    let exact = |(y, x, _): &(f64, f64, f64)| ![(1.0, 2.0), (2.0, 1.0)].contains(&(y.abs(), x.abs()));
    check_pairs::<f32>(Binary::Arctan2, &narrow.into_iter().filter(exact).collect::<Vec<_>>());
    check_pairs::<f64>(Binary::Arctan2, &corners().map(|(y, x)| (y, x, y.atan2(x))).collect::<Vec<_>>());
}

#[test]
fn powers_have_their_special_values() {
    let powers = [
        (0.0, 0.0, 1.0),
        (NAN, 0.0, 1.0),
        (1.0, NAN, 1.0),
        (-2.0, 3.0, -8.0),
        (-2.0, 2.0, 4.0),
        (-2.0, 0.5, NAN),
        (2.0, -2.0, 0.25),
        (0.0, -1.0, INF),
        (-0.0, -3.0, -INF),
        (INF, -1.0, 0.0),
        (3.0, 4.0, 81.0),
        (9.0, 0.5, 3.0),
    ];
    check_pairs::<f32>(Binary::Pow, &powers);
    check_pairs::<f64>(Binary::Pow, &powers);
    check_pairs::<i32>(
        Binary::Pow,
        &[(2.0, 10.0, 1024.0), (-3.0, 3.0, -27.0), (0.0, 0.0, 1.0), (2.0, -1.0, 0.0), (-1.0, -3.0, -1.0)],
    );
}

#[test]
fn constant_powers_take_a_shorter_way() {
    let x = [0.5, 2.0, 3.0, 10.0, 0.1];
    for power in [0.0, 1.0, 2.0, 3.0, 0.5, -0.5, -1.0, -2.0, 2.5] {
        let got = results::<f64>(&[x.len()], &[&x], |e, i| {
            let c = e.constant(power);
            (e.binary(Binary::Pow, i[0], c), OutputKind::Store)
        });
        for (got, x) in got[0].iter().zip(x) {
            assert!((got - x.powf(power)).abs() <= 1e-15 * got.abs(), "{x}^{power} = {got}");
        }
    }
}

#[test]
fn a_nan_anywhere_reaches_maximum_and_minimum() {
    let shape = [13, 37];
    for at in [0, 1, 15, 16, 36, 37, 240, 480] {
        let mut x: Vec<f64> = (0..13 * 37).map(|i| f64::from(i % 29)).collect();
        x[at] = NAN;
        for op in [Reduce::Max, Reduce::Min] {
            for axes in [Axes::All, Axes::Trailing(1), Axes::Leading(1)] {
                let kind = OutputKind::Reduce { op, axes };
                for got in results::<f32>(&shape, &[&x], |_, i| (i[0], kind)) {
                    let hit = match axes {
                        Axes::All => 0,
                        Axes::Trailing(_) => at / 37,
                        Axes::Leading(_) => at % 37,
                    };
                    let nans: Vec<usize> = (0..got.len()).filter(|&i| got[i].is_nan()).collect();
                    assert_eq!(nans, [hit], "{op:?} {axes:?} at {at}");
                }
            }
        }
    }
}

#[test]
fn nothing_reduces_to_the_neutral_value() {
    let expected = [(Reduce::Sum, 0.0), (Reduce::Prod, 1.0), (Reduce::Max, -INF), (Reduce::Min, INF)];
    for (op, neutral) in expected {
        for (shape, axes, len) in [
            (&[0, 3][..], Axes::Leading(1), 3),
            (&[3, 0][..], Axes::Trailing(1), 3),
            (&[0][..], Axes::All, 1),
            (&[2, 0, 2][..], Axes::Trailing(2), 2),
            (&[0, 3][..], Axes::Trailing(1), 0),
        ] {
            for got in results::<f32>(shape, &[&[]], |_, i| (i[0], OutputKind::Reduce { op, axes })) {
                assert_eq!(got, vec![neutral; len], "{op:?} of {shape:?} over {axes:?}");
            }
        }
    }
}

#[test]
fn long_sums_stay_accurate() {
    let rows = 30_000;
    let x: Vec<f64> = (0..rows * 33).map(|i| f64::from(0.1f32) + f64::from((i % 7) as u32)).collect();
    for axes in [Axes::All, Axes::Leading(1), Axes::Trailing(2)] {
        let kind = OutputKind::Reduce { op: Reduce::Sum, axes };
        let columns = if axes == Axes::Leading(1) { 33 } else { 1 };
        let mut exact = vec![0.0; columns];
        x.iter().enumerate().for_each(|(i, x)| exact[i % columns] += f64::from(*x as f32));
        for got in results::<f32>(&[rows, 33], &[&x], |_, i| (i[0], kind)) {
            for (got, exact) in got.iter().zip(&exact) {
                // The last rounding, and that of blocks of 64 additions: naive sums are off by 1e-3 here.
                assert!((got - exact).abs() <= 1e-6 * exact, "{axes:?}: {got} instead of {exact}");
            }
        }
    }
}

/// A program with its inputs and outputs over memory that they share, run in place.
fn swap(threads: usize) -> (Vec<f32>, Vec<f32>) {
    // Several tasks' worth.
    let shape = [700_000];
    let mut e = Expr::new();
    let (a, b) = (e.input(0), e.input(1));
    let one = e.constant(1.0);
    let b1 = e.binary(Binary::Add, b, one);
    let outputs = vec![MapOutput::store(b1, DType::F32), MapOutput::store(a, DType::F32)];
    let map = Map::<f32>::new(&shape, e, vec![contiguous(&shape, DType::F32); 2], outputs, Isa::detect()).unwrap();
    assert!(map.tasks > 1);
    let mut a: Vec<f32> = (0..shape[0]).map(|i| i as f32).collect();
    let mut b: Vec<f32> = (0..shape[0]).map(|i| -(i as f32)).collect();
    let pointers = [a.as_mut_ptr().cast::<u8>(), b.as_mut_ptr().cast::<u8>()];
    let mut workspace = vec![0; map.workspace_len()];
    // Safety: each output is the whole memory of a contiguous input.
    unsafe { map.run(&Threads::new(threads), &pointers.map(<*mut u8>::cast_const), &pointers, &mut workspace) };
    (a, b)
}

#[test]
fn outputs_may_trade_places_with_inputs() {
    let (a, b) = swap(1);
    assert!(a.iter().enumerate().all(|(i, &x)| x == 1.0 - i as f32));
    assert!(b.iter().enumerate().all(|(i, &x)| x == i as f32));
    assert_eq!((a, b), swap(3));
}

#[test]
fn a_single_sweep_has_long_tiles() {
    let shape = [100_003];
    let x: Vec<f64> = (0..shape[0]).map(|i| (i % 1009) as f64 - 500.0).collect();
    let run = |depth: usize| {
        let mut e = Expr::new();
        let (a, b) = (e.input(0), e.input(1));
        let value = (0..depth).fold(a, |value, _| e.binary(Binary::Max, value, b));
        let value = e.binary(Binary::Sub, value, b);
        let inputs = [&x, &vec![7.0; shape[0]]].map(|v| (contiguous(&shape, DType::F32), Buffer::of(DType::F32, v)));
        let outputs = vec![MapOutput::store(value, DType::F32)];
        let case = Case { shape: shape.to_vec(), expr: e, inputs: inputs.into(), outputs, alias: vec![Some(0)] };
        let layouts = case.inputs.iter().map(|i| i.0.clone()).collect();
        let map = Map::<f32>::new(&shape, case.expr.clone(), layouts, case.outputs.clone(), Isa::detect()).unwrap();
        for (isa, threads) in [(Isa::Portable, 1), (Isa::detect(), 1), (Isa::detect(), 3)] {
            let got = &case.run::<f32>(isa, threads)[0];
            let expected = |x: f64| if depth == 0 { x - 7.0 } else { (x - 7.0).max(0.0) };
            assert!(x.iter().enumerate().all(|(i, &x)| got.get(i) == expected(x)));
        }
        map.tiling.len
    };
    // Two instructions share tiles of 2 KB.
    assert!(run(0) > 3000 && run(1) <= 512);
}

#[test]
fn work_that_does_not_depend_on_the_element_is_done_once() {
    let shape = [40, 600];
    let mut e = Expr::new();
    let [x, variance, t] = [0, 1, 2].map(|i| e.input(i));
    let epsilon = e.constant(1e-3);
    let shifted = e.binary(Binary::Add, variance, epsilon);
    let scale = e.unary(Unary::Rsqrt, shifted);
    let rate = e.unary(Unary::Exp, t);
    let scale = e.binary(Binary::Mul, scale, rate);
    let y = e.binary(Binary::Mul, x, scale);
    let column = MapInput { dtype: DType::F32, layout: Layout::broadcast(&[40, 1], &shape).unwrap() };
    let scalar = MapInput { dtype: DType::F32, layout: Layout::scalar(2) };
    let inputs = vec![contiguous(&shape, DType::F32), column, scalar];
    let outputs = vec![MapOutput::store(y, DType::F32)];
    let map = Map::<f32>::new(&shape, e, inputs, outputs, Isa::detect()).unwrap();
    assert_eq!(map.once.len(), 1);
    assert_eq!(map.body.iter().filter(|i| !i.scalar).count(), 1);
}

#[test]
fn a_program_of_many_values_at_once_is_right() {
    let shape = [700];
    for width in [20, 60, 150] {
        let mut e = Expr::new();
        let x = e.input(0);
        // All squares are alive until the last is made.
        let parts: Vec<ValueId> = (0..width)
            .map(|i| {
                let c = e.constant(f64::from(i));
                let shifted = e.binary(Binary::Sub, x, c);
                e.unary(Unary::Abs, shifted)
            })
            .collect();
        let total = parts.iter().rev().copied().reduce(|a, b| e.binary(Binary::Max, a, b)).unwrap();
        let x: Vec<f64> = (0..700).map(|i| f64::from(i % 90)).collect();
        let inputs = vec![(contiguous(&shape, DType::F32), Buffer::of(DType::F32, &x))];
        let outputs = vec![MapOutput::store(total, DType::F32)];
        Case { shape: shape.to_vec(), expr: e, inputs, outputs, alias: vec![None] }.check::<f32>(1e-7, "wide");
    }
}

#[test]
fn broken_programs_are_refused() {
    let shape = [2, 3];
    let build = |inputs: Vec<MapInput>, kind: OutputKind| {
        let mut e = Expr::new();
        let x = e.input(0);
        let y = e.unary(Unary::Exp, x);
        let output = MapOutput { value: y, dtype: DType::F32, kind, scale: None };
        (e, inputs, vec![output])
    };
    let fails = |(e, i, o): (Expr, Vec<MapInput>, Vec<MapOutput>), text: &str| {
        let why = Map::<f32>::new(&shape, e, i, o, Isa::detect()).unwrap_err().to_string();
        assert!(why.contains(text), "{why}");
    };
    let good = || contiguous(&shape, DType::F32);
    fails(build(vec![], OutputKind::Store), "input 0 of 0");
    let flat = MapInput { dtype: DType::F32, layout: Layout { offset: 0, strides: vec![1] } };
    fails(build(vec![flat], OutputKind::Store), "1 strides for 2 dimensions");
    let below = MapInput { dtype: DType::F32, layout: Layout { offset: 1, strides: vec![3, -1] } };
    fails(build(vec![below], OutputKind::Store), "before its memory");
    let deep = OutputKind::Reduce { op: Reduce::Sum, axes: Axes::Trailing(3) };
    fails(build(vec![good()], deep), "3 reduced dimensions of 2");
    let (e, i, o) = build(vec![good()], OutputKind::Store);
    assert!(Map::<i32>::new(&shape, e, i, o, Isa::detect()).unwrap_err().to_string().contains("Exp of int32"));
    let (e, i, _) = build(vec![good()], OutputKind::Store);
    let outputs = vec![MapOutput::store(ValueId(9), DType::F32)];
    assert!(Map::<f32>::new(&shape, e, i, outputs, Isa::detect()).is_err());
    let (e, i, o) = build(vec![good()], OutputKind::Store);
    assert!(Map::<f32>::new(&[usize::MAX, 3], e, i, o, Isa::detect()).is_err());
}

#[test]
fn a_mean_over_any_axes_is_a_trailing_reduction() {
    let shape = [4, 5, 6];
    let (permuted, order) = reduction_layout(&shape, &[0, 2]);
    assert_eq!((permuted.as_slice(), order.as_slice()), (&[5, 4, 6][..], &[1, 0, 2][..]));
    let mut e = Expr::new();
    let x = e.input(0);
    let values: Vec<f64> = (0..120).map(f64::from).collect();
    let layout = Layout::contiguous(&shape).permuted(&order);
    let inputs = vec![(MapInput { dtype: DType::F32, layout }, Buffer::of(DType::F32, &values))];
    let mut output = MapOutput::reduce(x, DType::F32, Reduce::Sum, Axes::Trailing(2));
    output.scale = Some(1.0 / 24.0);
    let case = Case { shape: permuted, expr: e, inputs, outputs: vec![output], alias: vec![None] };
    for isa in Isa::available() {
        let got: Vec<f64> = (0..5).map(|i| case.run::<f32>(isa, 1)[0].get(i)).collect();
        assert_eq!(got, [47.5, 53.5, 59.5, 65.5, 71.5]);
    }
}

/// An expression of inputs 0, 1, … that becomes one fused instruction.
type Pattern = fn(&mut Expr, &[ValueId]) -> ValueId;

/// Every fused instruction, with how many inputs it has.
fn patterns() -> Vec<(usize, Pattern)> {
    use Binary::*;
    fn op(e: &mut Expr, op: Binary, a: ValueId, b: ValueId) -> ValueId {
        e.binary(op, a, b)
    }
    fn root(e: &mut Expr, v: ValueId, epsilon: ValueId) -> ValueId {
        let root = e.unary(Unary::Sqrt, v);
        e.binary(Add, root, epsilon)
    }
    fn chosen(e: &mut Expr, compare: Binary, x: &[ValueId]) -> ValueId {
        let mask = e.binary(compare, x[0], x[1]);
        e.select(mask, x[2], x[3])
    }
    vec![
        (3, |e, x| e.select(x[0], x[1], x[2])),
        (4, |e, x| chosen(e, Lt, x)),
        (4, |e, x| chosen(e, Ge, x)),
        (4, |e, x| chosen(e, Eq, x)),
        (4, |e, x| chosen(e, Ne, x)),
        (3, |e, x| {
            let p = op(e, Mul, x[0], x[1]);
            op(e, Add, x[2], p)
        }),
        (3, |e, x| {
            let p = op(e, Mul, x[0], x[1]);
            op(e, Sub, p, x[2])
        }),
        (3, |e, x| {
            let p = op(e, Mul, x[0], x[1]);
            op(e, Sub, x[2], p)
        }),
        (3, |e, x| {
            let p = op(e, Mul, x[0], x[1]);
            op(e, Mul, x[2], p)
        }),
        (2, |e, x| {
            let square = e.unary(Unary::Square, x[0]);
            op(e, Mul, square, x[1])
        }),
        (2, |e, x| root(e, x[0], x[1])),
        (4, |e, x| {
            let (p, q) = (op(e, Mul, x[0], x[1]), op(e, Mul, x[2], x[3]));
            op(e, Add, p, q)
        }),
        (4, |e, x| {
            let (p, q) = (op(e, Mul, x[0], x[1]), op(e, Mul, x[2], x[3]));
            op(e, Sub, p, q)
        }),
        (4, |e, x| {
            let d = op(e, Sub, x[0], x[1]);
            let p = op(e, Mul, x[2], d);
            op(e, Add, x[3], p)
        }),
        (3, |e, x| {
            let d = op(e, Sub, x[0], x[1]);
            let p = op(e, Mul, d, x[2]);
            op(e, Add, x[1], p)
        }),
        (3, |e, x| {
            let square = e.unary(Unary::Square, x[0]);
            let d = op(e, Sub, square, x[1]);
            let p = op(e, Mul, d, x[2]);
            op(e, Add, p, x[1])
        }),
        (5, |e, x| {
            let p = op(e, Mul, x[0], x[1]);
            let (p, q) = (op(e, Mul, x[2], p), op(e, Mul, x[3], x[4]));
            op(e, Add, q, p)
        }),
        (5, |e, x| {
            let p = op(e, Mul, x[0], x[1]);
            let d = op(e, Sub, p, x[2]);
            let p = op(e, Mul, d, x[3]);
            op(e, Add, p, x[4])
        }),
        (5, |e, x| {
            let (up, down) = (op(e, Mul, x[1], x[2]), root(e, x[3], x[4]));
            let step = op(e, Div, up, down);
            op(e, Sub, x[0], step)
        }),
        (5, |e, x| {
            let down = root(e, x[3], x[4]);
            let step = op(e, Div, x[1], down);
            let step = op(e, Mul, x[2], step);
            op(e, Sub, x[0], step)
        }),
        (5, |e, x| {
            let (up, down) = (op(e, Mul, x[1], x[2]), op(e, Add, x[4], x[3]));
            let down = e.unary(Unary::Sqrt, down);
            let step = op(e, Div, up, down);
            op(e, Sub, x[0], step)
        }),
    ]
}

/// `pattern` where input `k` is one number if bit `k` of `scalars` is set; how many instructions run on tiles.
fn check_pattern<T: MapType>(inputs: usize, pattern: Pattern, scalars: usize, name: &str) -> usize {
    let shape = [77];
    let mut e = Expr::new();
    let ids: Vec<ValueId> = (0..inputs).map(|i| e.input(i)).collect();
    let value = pattern(&mut e, &ids);
    let operand = |k: usize| {
        let layout = if scalars >> k & 1 == 1 { Layout::scalar(1) } else { Layout::contiguous(&shape) };
        // Equal in places, so that every comparison goes both ways.
        let values: Vec<f64> = (0..77).map(|i| 0.25 * f64::from((i * (k as i32 + 3)) % 11)).collect();
        (MapInput { dtype: T::DTYPE, layout }, Buffer::of(T::DTYPE, &values))
    };
    let case = Case {
        shape: shape.to_vec(),
        expr: e.clone(),
        inputs: (0..inputs).map(operand).collect(),
        outputs: vec![MapOutput::store(value, T::DTYPE)],
        alias: vec![None],
    };
    case.check::<T>(if T::DTYPE == DType::F32 { 2e-7 } else { 1e-15 }, name);
    let layouts = case.inputs.iter().map(|i| i.0.clone()).collect();
    Map::<T>::new(&shape, e, layouts, case.outputs, Isa::detect()).unwrap().body.len()
}

#[test]
fn every_fused_instruction_is_right_wherever_its_scalars_are() {
    for (i, (inputs, pattern)) in patterns().into_iter().enumerate() {
        for scalars in 0..1usize << inputs {
            let name = format!("pattern {i} scalars {scalars:b}");
            let count = check_pattern::<f32>(inputs, pattern, scalars, &name);
            check_pattern::<f64>(inputs, pattern, scalars, &name);
            assert!(scalars != 0 || count == 1, "{name}: {count} instructions");
        }
    }
}

/// `x / divisor` of one divisor for all, on every instruction set.
fn divided(x: &[f32], divisor: f32) -> Vec<Vec<f64>> {
    let shape = [x.len()];
    let mut expr = Expr::new();
    let [a, b] = [0, 1].map(|i| expr.input(i));
    let value = expr.binary(Binary::Div, a, b);
    let numerators: Vec<f64> = x.iter().copied().map(f64::from).collect();
    let inputs = vec![
        (contiguous(&shape, DType::F32), Buffer::of(DType::F32, &numerators)),
        (MapInput { dtype: DType::F32, layout: Layout::scalar(1) }, Buffer::of(DType::F32, &[f64::from(divisor)])),
    ];
    let kind = OutputKind::Store;
    let outputs = vec![MapOutput { value, dtype: DType::F32, kind, scale: None }];
    let case = Case { shape: shape.to_vec(), expr, inputs, outputs, alias: vec![None] };
    let values = |b: &Buffer| (0..shape[0]).map(|i| b.get(i)).collect();
    Isa::available().into_iter().map(|isa| values(&case.run::<f32>(isa, 1)[0])).collect()
}

#[test]
fn division_by_a_scalar_rounds_as_division_does() {
    let mut seed = 7u32;
    let mut next = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Sizes from 2⁻⁶⁰ to 2⁶⁰, any digits, either sign.
        let exponent = 127 - 60 + (seed >> 8) % 121;
        f32::from_bits((seed & 0x8000_0000) | (exponent << 23) | (seed.rotate_left(9) & 0x007f_ffff))
    };
    let special = [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, 49.0];
    let x: Vec<f32> = special.into_iter().chain((0..500).map(|_| next())).collect();
    let divisors = [3.0, 49.0, 0.1, -0.001, 1e38, -1e30, 2e-38, 1e-31, 0.0, f32::INFINITY, f32::NAN];
    for divisor in divisors.into_iter().chain((0..200).map(|_| next())) {
        for got in divided(&x, divisor) {
            for (&a, got) in x.iter().zip(got) {
                let (expected, got) = (a / divisor, got as f32);
                // What is below the normal numbers is flushed.
                let same = got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan();
                assert!(
                    same || expected.is_subnormal() && got == 0.0,
                    "{a:e} / {divisor:e} = {got:e}, not {expected:e}"
                );
            }
        }
    }
}
