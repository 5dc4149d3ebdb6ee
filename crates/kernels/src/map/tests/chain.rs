//! An optimizer's pass in one sweep against its parts one by one.

use super::naive::{Buffer, Case, Random};
use crate::element::DType::F32;
use crate::isa::Isa;
use crate::map::{Binary, Expr, Layout, Map, MapInput, MapOutput, Unary, ValueId};
use Binary::{Add, Div, Max, Min, Mul, Sub};

const LEN: usize = 1061;

/// The inputs of a pass, in this order; the last three are one number each.
const INPUTS: usize = 7;
struct Operands {
    g: ValueId,
    m: ValueId,
    v: ValueId,
    w: ValueId,
    rate: ValueId,
    grown_m: ValueId,
    grown_v: ValueId,
}

impl Operands {
    fn of(e: &mut Expr) -> Operands {
        let [g, m, v, w, rate, grown_m, grown_v] = std::array::from_fn::<_, INPUTS, _>(|i| e.input(i));
        Operands { g, m, v, w, rate, grown_m, grown_v }
    }
}

/// `old + (new − old)·part`
fn towards(e: &mut Expr, old: ValueId, new: ValueId, part: f64) -> ValueId {
    let part = e.constant(part);
    let change = e.binary(Sub, new, old);
    let change = e.binary(Mul, change, part);
    e.binary(Add, old, change)
}

/// `old·(1 − part) + new·part`
fn weighted(e: &mut Expr, old: ValueId, new: ValueId, part: f64) -> ValueId {
    let (keep, part) = (e.constant(1.0 - part), e.constant(part));
    let (kept, added) = (e.binary(Mul, old, keep), e.binary(Mul, new, part));
    e.binary(Add, kept, added)
}

type Moment = fn(&mut Expr, ValueId, ValueId, f64) -> ValueId;
type Step = fn(&mut Expr, &Operands, ValueId, ValueId) -> ValueId;

/// None leaves the mean as it is.
const MEANS: [Option<Moment>; 3] = [Some(towards), Some(weighted), None];
const SQUARES: [Moment; 2] = [towards, weighted];

fn root(e: &mut Expr, v: ValueId) -> ValueId {
    let (root, epsilon) = (e.unary(Unary::Sqrt, v), e.constant(1e-7));
    e.binary(Add, root, epsilon)
}

const STEPS: [Step; 5] = [
    |e, x, m, v| {
        let (up, down) = (e.binary(Mul, x.rate, m), root(e, v));
        let step = e.binary(Div, up, down);
        e.binary(Sub, x.w, step)
    },
    |e, x, m, v| {
        let down = root(e, v);
        let step = e.binary(Div, m, down);
        let step = e.binary(Mul, step, x.rate);
        e.binary(Sub, x.w, step)
    },
    |e, x, m, v| {
        let (up, epsilon) = (e.binary(Mul, x.rate, m), e.constant(1e-7));
        let down = e.binary(Add, v, epsilon);
        let down = e.unary(Unary::Sqrt, down);
        let step = e.binary(Div, up, down);
        e.binary(Sub, x.w, step)
    },
    |e, x, m, v| {
        let (m, v) = (e.binary(Div, m, x.grown_m), e.binary(Div, v, x.grown_v));
        let (up, down) = (e.binary(Mul, x.rate, m), root(e, v));
        let step = e.binary(Div, up, down);
        e.binary(Sub, x.w, step)
    },
    |e, x, m, v| {
        let (m, v) = (e.binary(Div, m, x.grown_m), e.binary(Div, v, x.grown_v));
        let down = root(e, v);
        let step = e.binary(Div, m, down);
        let step = e.binary(Mul, x.rate, step);
        e.binary(Sub, x.w, step)
    },
];

/// `x` brought between bounds that hold some of the numbers here.
fn clamped(e: &mut Expr, x: ValueId) -> ValueId {
    let (low, high) = (e.constant(-0.05), e.constant(0.0625));
    let raised = e.binary(Max, x, low);
    e.binary(Min, raised, high)
}

/// A pass with its results `m`, `v`, `w`, of gradients between bounds if asked.
fn pass(mean: Option<Moment>, square: Moment, step: Step, bounded: bool) -> (Expr, [ValueId; 3]) {
    let mut e = Expr::new();
    let mut x = Operands::of(&mut e);
    if bounded {
        x.g = clamped(&mut e, x.g);
    }
    let m = mean.map_or(x.m, |mean| mean(&mut e, x.m, x.g, 0.1));
    let squared = e.unary(Unary::Square, x.g);
    let v = square(&mut e, x.v, squared, 0.001);
    let w = step(&mut e, &x, m, v);
    (e, [m, v, w])
}

/// A pass, and its step for means and squares that are inputs.
struct Pass {
    name: String,
    expr: Expr,
    results: [ValueId; 3],
    step: Step,
    /// Whether it divides by numbers.
    divides: bool,
}

fn every_pass() -> Vec<Pass> {
    let mut all = Vec::new();
    for (i, mean) in MEANS.into_iter().enumerate() {
        for (j, square) in SQUARES.into_iter().enumerate() {
            for (k, step) in STEPS.into_iter().enumerate() {
                let (expr, results) = pass(mean, square, step, false);
                all.push(Pass { name: format!("mean {i}, square {j}, step {k}"), expr, results, step, divides: k > 2 });
            }
        }
    }
    for (k, step) in STEPS.into_iter().enumerate() {
        let (expr, results) = pass(MEANS[0], SQUARES[0], step, true);
        all.push(Pass { name: format!("clamped, step {k}"), expr, results, step, divides: k > 2 });
    }
    all
}

fn layouts() -> Vec<MapInput> {
    let shape = [LEN];
    let layout = |i: usize| if i < 4 { Layout::contiguous(&shape) } else { Layout::scalar(1) };
    (0..INPUTS).map(|i| MapInput { dtype: F32, layout: layout(i) }).collect()
}

/// Gradients, means, squares and weights; three numbers.
fn usual(scalars: [f64; 3]) -> Vec<Buffer> {
    let mut random = Random(5);
    let mut values =
        |low: f64, high: f64| -> Vec<f64> { (0..LEN).map(|_| low + (high - low) * random.unit()).collect() };
    let arrays = [values(-0.1, 0.1), values(-0.1, 0.1), values(0.0, 1e-3), values(-1.0, 1.0)];
    let scalars = scalars.map(|s| vec![s]);
    arrays.iter().chain(&scalars).map(|values| Buffer::of(F32, values)).collect()
}

/// Numbers of every size, zeros, and what is not a number; a square of any kind.
fn wild(scalars: [f64; 3]) -> Vec<Buffer> {
    let mut random = Random(7);
    let special = [0.0, -0.0, 1e-45, -1e-40, 1e-38, 1e-30, 1e38, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    let mut value = |i: usize| {
        // Stretches of ordinary numbers and of zeros between the special ones.
        let [any, bits] = [random.below(special.len()), random.bits() as usize];
        match i / 64 % 4 {
            0 => 0.0,
            1 => f64::from(f32::from_bits(bits as u32)),
            2 if bits.is_multiple_of(3) => special[any],
            _ => (bits % 1000) as f64 * 1e-3 - 0.5,
        }
    };
    let arrays: [Vec<f64>; 4] = std::array::from_fn(|_| (0..LEN).map(&mut value).collect());
    let scalars = scalars.map(|s| vec![s]);
    arrays.iter().chain(&scalars).map(|values| Buffer::of(F32, values)).collect()
}

fn case(expr: &Expr, results: &[ValueId], inputs: Vec<Buffer>, alias: Vec<Option<usize>>) -> Case {
    let outputs = results.iter().map(|&value| MapOutput::store(value, F32)).collect();
    Case { shape: vec![LEN], expr: expr.clone(), inputs: layouts().into_iter().zip(inputs).collect(), outputs, alias }
}

#[test]
fn an_optimizer_is_one_instruction() {
    for Pass { name, expr, results, .. } in every_pass() {
        for isa in Isa::available() {
            let outputs = results.map(|value| MapOutput::store(value, F32)).to_vec();
            let map = Map::<f32>::new(&[LEN], expr.clone(), layouts(), outputs, isa).unwrap();
            // Where the mean is as it was, storing it is a copy.
            let copies = usize::from(name.starts_with("mean 2"));
            let clamps = usize::from(name.starts_with("clamped"));
            let apart = isa == Isa::Portable && cfg!(target_arch = "x86_64");
            let expected = if apart { 3 + clamps } else { 1 + copies };
            assert_eq!((map.body.len(), map.workspace_len()), (expected, 0), "{name} {isa:?}");
        }
    }
}

#[test]
fn a_pass_in_one_sweep_is_right() {
    for Pass { name, expr, results, .. } in every_pass() {
        case(&expr, &results, usual([1e-3, 0.19, 0.002]), vec![None; 3]).check::<f32>(2e-7, &name);
    }
}

impl Pass {
    /// Each result by a program of its own.
    fn apart(&self, inputs: &[Buffer], isa: Isa) -> Vec<Buffer> {
        let [m, v] = [0, 1]
            .map(|i| case(&self.expr, &self.results[i..=i], inputs.to_vec(), vec![None]).run::<f32>(isa, 1).remove(0));
        let mut expr = Expr::new();
        let x = Operands::of(&mut expr);
        let w = (self.step)(&mut expr, &x, x.m, x.v);
        let mut from = inputs.to_vec();
        (from[1], from[2]) = (m.clone(), v.clone());
        let w = case(&expr, &[w], from, vec![None]).run::<f32>(isa, 1).remove(0);
        vec![m, v, w]
    }
}

/// Equal bits; of numbers that are none, any.
fn same(a: f64, b: f64) -> bool {
    (a as f32).to_bits() == (b as f32).to_bits() || a.is_nan() && b.is_nan()
}

#[test]
fn one_sweep_has_the_bits_of_three_wherever_its_results_go() {
    let divisors = [[0.19, 0.002], [1.0, 1e-38], [0.0, 0.5], [f64::INFINITY, f64::NAN], [-1e35, 3.0]];
    // Apart, in place as an optimizer's, and over each other's operands.
    let places = [[None; 3], [Some(1), Some(2), Some(3)], [Some(0), Some(1), Some(2)], [Some(3), Some(0), Some(1)]];
    for pass in every_pass() {
        // Three of the five steps have no divisors.
        let divisors = if pass.divides { &divisors[..] } else { &divisors[..1] };
        for &[grown_m, grown_v] in divisors {
            for inputs in [usual([1e-3, grown_m, grown_v]), wild([1e-3, grown_m, grown_v])] {
                for isa in Isa::available() {
                    let apart = pass.apart(&inputs, isa);
                    for alias in places {
                        let got = case(&pass.expr, &pass.results, inputs.clone(), alias.to_vec()).run::<f32>(isa, 1);
                        for (result, (got, apart)) in got.iter().zip(&apart).enumerate() {
                            for i in 0..LEN {
                                let (got, apart) = (got.get(i), apart.get(i));
                                let what = format!("{} {isa:?} {alias:?} result {result} at {i}", pass.name);
                                assert!(same(got, apart), "{what}: {got:e}, not {apart:e}");
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_step_that_reads_the_mean_twice_stays_apart() {
    let mut e = Expr::new();
    let x = Operands::of(&mut e);
    let m = towards(&mut e, x.m, x.g, 0.1);
    let squared = e.unary(Unary::Square, x.g);
    let v = towards(&mut e, x.v, squared, 0.001);
    let moved = STEPS[0](&mut e, &Operands { w: m, ..x }, m, v);
    let inputs = || usual([1e-3, 0.19, 0.002]);
    case(&e, &[moved], inputs(), vec![None]).check::<f32>(2e-7, "the mean moved");
    case(&e, &[m, v, moved], inputs(), vec![Some(1), Some(2), Some(3)]).check::<f32>(2e-7, "the mean moved in place");
}
