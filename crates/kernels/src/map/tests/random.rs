//! Random programs.

use super::naive::{Buffer, Case, Random, output_len};
use crate::element::DType;
use crate::isa::Isa;
use crate::map::{Axes, Binary, Expr, Layout, MapInput, MapOutput, MapType, OutputKind, Reduce, Unary, ValueId};

fn expr(random: &mut Random, inputs: usize, float: bool) -> (Expr, Vec<ValueId>) {
    let mut e = Expr::new();
    let mut values: Vec<ValueId> = (0..inputs).map(|i| e.input(i)).collect();
    values.push(e.constant(if float { 1.5 } else { 2.0 }));
    values.rotate_right(1);
    for _ in 0..1 + random.below(14) {
        // Later values more often, so that chains grow.
        let a = values[values.len() - 1 - random.below(values.len().min(5))];
        let b = random.pick(&values);
        let c = random.pick(&values);
        let value = match random.below(10) {
            0 if float => e.constant(random.pick(&[0.0, 1.0, -1.0, 2.0, 0.5, 3.0, -0.5, 0.1, 7.0])),
            0 => e.constant(random.pick(&[0.0, 1.0, -1.0, 2.0, 3.0])),
            1 | 2 => match random.pick(Unary::ALL) {
                op if op.float_only() && !float => e.unary(Unary::Neg, a),
                op => e.unary(op, a),
            },
            3 => {
                let (x, y) = if random.chance(50) { (a, b) } else { (b, a) };
                e.select(c, x, y)
            }
            4 => {
                let mask = e.binary(
                    random.pick(&[Binary::Lt, Binary::Le, Binary::Gt, Binary::Ge, Binary::Eq, Binary::Ne]),
                    a,
                    b,
                );
                e.select(mask, b, c)
            }
            // Angles jump where rounding changes a sign: they have a test of their own.
            5 => match random.pick(&Binary::ALL.into_iter().filter(|op| *op != Binary::Arctan2).collect::<Vec<_>>()) {
                // The naive quotient is of reals; NumPy's corner cases have a test of their own.
                Binary::FloorDiv | Binary::Mod | Binary::Pow => e.binary(Binary::Max, a, b),
                Binary::Div if !float => e.binary(Binary::Min, a, b),
                op => e.binary(op, a, b),
            },
            _ => e.binary(random.pick(&[Binary::Add, Binary::Sub, Binary::Mul]), a, b),
        };
        values.push(value);
    }
    (e, values)
}

fn shape(random: &mut Random) -> Vec<usize> {
    let small = [1, 1, 2, 3, 4, 5, 7, 8, 10, 13, 16, 17, 31];
    match random.below(8) {
        0 => vec![],
        1 => vec![random.below(1500)],
        2 => vec![random.below(40), random.below(40)],
        3 => vec![1 + random.below(6), 200 + random.below(900)],
        4 => vec![1 + random.below(400), 1 + random.below(20)],
        5 => vec![random.pick(&small), random.pick(&small), random.pick(&small)],
        6 => vec![random.pick(&small[..7]), random.pick(&small[..7]), random.pick(&small[..7]), random.pick(&small)],
        _ => vec![2, 3, random.below(300)],
    }
}

/// A layout over `shape`: contiguous, broadcast, permuted, reversed, spread out; and how long its memory is.
fn layout(random: &mut Random, shape: &[usize]) -> (Layout, usize) {
    let mut order: Vec<usize> = (0..shape.len()).collect();
    let style = random.below(6);
    if style == 3 || style == 5 {
        for i in (1..order.len()).rev() {
            order.swap(i, random.below(i + 1));
        }
    }
    let mut strides = vec![0isize; shape.len()];
    let mut stride = if style == 4 { 1 + random.below(3) } else { 1 } as isize;
    let mut offset = if style == 0 { 0 } else { random.below(4) };
    let mut end = 1;
    for &d in order.iter().rev() {
        let repeated = (style == 1 || style == 2 || style == 5) && random.chance(50);
        if repeated {
            continue;
        }
        let reach = stride * shape[d].saturating_sub(1) as isize;
        end += reach as usize;
        let backwards = style == 4 && random.chance(30);
        strides[d] = if backwards { -stride } else { stride };
        offset += if backwards { reach as usize } else { 0 };
        stride *= shape[d].max(1) as isize;
    }
    (Layout { offset, strides }, end + offset)
}

fn output_kind(random: &mut Random, dims: usize) -> OutputKind {
    let op = random.pick(&[Reduce::Sum, Reduce::Sum, Reduce::Max, Reduce::Min, Reduce::Prod]);
    let axes = match random.below(8) {
        0..4 => return OutputKind::Store,
        4 => Axes::All,
        5 | 6 => Axes::Leading(random.below(dims + 1)),
        _ => Axes::Trailing(random.below(dims + 1)),
    };
    OutputKind::Reduce { op, axes }
}

fn case<T: MapType>(seed: u64) -> Case {
    let random = &mut Random(seed);
    let float = T::DTYPE.is_float();
    let shape = shape(random);
    let mut inputs = Vec::new();
    for _ in 0..random.below(5) {
        let dtype = match random.below(8) {
            0 => DType::Bool,
            1 => DType::I32,
            2 => random.pick(&[DType::F32, DType::F64]),
            _ => T::DTYPE,
        };
        let (layout, len) = layout(random, &shape);
        let values: Vec<f64> = (0..len)
            .map(|_| {
                let v = if random.chance(10) { 0.0 } else { 8.0 * random.unit() - 4.0 };
                if float { v } else { v.round() }
            })
            .collect();
        inputs.push((MapInput { dtype, layout }, Buffer::of(dtype, &values)));
    }
    let (expr, values) = expr(random, inputs.len(), float);
    let mut outputs = Vec::new();
    let mut alias: Vec<Option<usize>> = Vec::new();
    for _ in 0..1 + random.below(4) {
        let value = values[values.len() - 1 - random.below(values.len().min(4))];
        let dtype =
            if random.chance(80) { T::DTYPE } else { random.pick(&[DType::F32, DType::F64, DType::I32, DType::Bool]) };
        let kind = output_kind(random, shape.len());
        let scale = (float && random.chance(20)).then_some(0.25);
        let free = |i: &usize| {
            let (input, _): &(MapInput, Buffer) = &inputs[*i];
            let contiguous = input.layout == Layout::contiguous(&shape);
            kind == OutputKind::Store && contiguous && input.dtype.size() == dtype.size() && !alias.contains(&Some(*i))
        };
        let over: Vec<usize> = (0..inputs.len()).filter(free).collect();
        let over = if over.is_empty() || random.chance(30) { None } else { Some(random.pick(&over)) };
        alias.push(over);
        outputs.push(MapOutput { value, dtype, kind, scale });
    }
    Case { shape, expr, inputs, outputs, alias }
}

fn random_cases<T: MapType>(count: u64, epsilon: f64) {
    for seed in 0..count {
        let case = case::<T>(seed);
        let check = std::panic::AssertUnwindSafe(|| case.check::<T>(epsilon, &format!("seed {seed}")));
        if std::panic::catch_unwind(check).is_err() {
            panic!(
                "seed {seed}: inputs {:?} outputs {:?} alias {:?}",
                case.inputs.iter().map(|i| &i.0).collect::<Vec<_>>(),
                case.outputs,
                case.alias
            );
        }
    }
}

#[test]
fn random_f32_programs_are_right() {
    // Four ulp for the functions, as their bounds say.
    random_cases::<f32>(1500, 5e-7);
}

#[test]
fn random_f64_programs_are_right() {
    random_cases::<f64>(800, 1e-15);
}

#[test]
fn random_i32_programs_are_right() {
    random_cases::<i32>(400, 0.0);
}

#[test]
fn long_programs_are_right_and_the_same_at_any_number_of_threads() {
    for seed in 0..40 {
        let mut case = case::<f32>(seed);
        if case.shape.is_empty() || case.shape.contains(&0) {
            continue;
        }
        // Long enough for several tasks: the first dimension of a contiguous program grown.
        let grown = 300_000 / case.shape.iter().product::<usize>().max(1);
        case.shape.insert(0, grown.max(1));
        for (input, buffer) in &mut case.inputs {
            input.layout = Layout::contiguous(&case.shape);
            let len: usize = case.shape.iter().product();
            let mut random = Random(seed);
            *buffer = Buffer::of(input.dtype, &(0..len).map(|_| random.unit() - 0.5).collect::<Vec<_>>());
        }
        case.alias = vec![None; case.outputs.len()];
        if seed % 8 == 0 {
            case.check::<f32>(5e-7, &format!("long, seed {seed}"));
        }
        for isa in Isa::available() {
            let one = case.run::<f32>(isa, 1);
            for threads in [2, 3, 4, 8] {
                let many = case.run::<f32>(isa, threads);
                for (o, (one, many)) in one.iter().zip(&many).enumerate() {
                    let len = output_len(case.outputs[o].kind, &case.shape);
                    assert!(len == 0 || one.bits() == many.bits(), "seed {seed} {isa:?} {threads} threads output {o}");
                }
            }
        }
    }
}

/// Every value of a random program, alone and beside all others: what is joined to one instruction depends on who else reads it.
fn alone_or_stored<T: MapType>(count: u64) {
    const LEN: usize = 67;
    for seed in 0..count {
        let random = &mut Random(seed);
        let inputs: Vec<(MapInput, Buffer)> = (0..4)
            .map(|_| {
                let values: Vec<f64> = (0..LEN).map(|_| 8.0 * random.unit() - 4.0).collect();
                let layout = Layout::contiguous(&[LEN]);
                (MapInput { dtype: T::DTYPE, layout }, Buffer::of(T::DTYPE, &values))
            })
            .collect();
        let (expr, values) = expr(random, inputs.len(), true);
        let case = |values: &[ValueId]| Case {
            shape: vec![LEN],
            expr: expr.clone(),
            inputs: inputs.clone(),
            outputs: values.iter().map(|&value| MapOutput::store(value, T::DTYPE)).collect(),
            alias: vec![None; values.len()],
        };
        for isa in Isa::available() {
            let beside = case(&values).run::<T>(isa, 1);
            for (&value, beside) in values.iter().zip(&beside) {
                let alone = case(&[value]).run::<T>(isa, 1).remove(0);
                for i in 0..LEN {
                    let (alone, beside) = (alone.get(i), beside.get(i));
                    let same = alone.to_bits() == beside.to_bits() || alone.is_nan() && beside.is_nan();
                    assert!(same, "seed {seed} {isa:?} {value:?}[{i}]: {alone:e} alone, {beside:e}\n{:#?}", expr.nodes);
                }
            }
        }
    }
}

#[test]
fn what_else_is_stored_changes_no_bit() {
    alone_or_stored::<f32>(400);
    alone_or_stored::<f64>(400);
}
