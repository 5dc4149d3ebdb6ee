//! Every op's numbers against its definition, written down once more and naively; and what an op promises besides.

#[path = "support/attention.rs"]
mod attention;
#[path = "support/fourier.rs"]
mod fourier;
#[path = "support/pictures.rs"]
mod pictures;
#[path = "support/searches.rs"]
mod searches;
mod support;

use ferrograd_graph::gradient::gradient;
use ferrograd_graph::op::{AttributeKind, Declaration, Example, Inputs, Reader};
use ferrograd_graph::ops::{self, Law, Pool, Steps, TABLE};
use ferrograd_graph::{DType, ErrorCode, Request, Shape, Spec, Tensor, compile, evaluate};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::target::Target;
use std::collections::HashSet;
use support::targets::sets;
use support::{Filled, filled, numbers, placeholders, program, run};

fn examples() -> impl Iterator<Item = (&'static Declaration, Example)> {
    TABLE
        .iter()
        .flat_map(|declaration| (declaration.examples)().into_iter().map(move |example| (*declaration, example)))
}

/// The examples on every instruction set, each with a seed for its numbers.
fn cases() -> impl Iterator<Item = (Target, u32, &'static Declaration, Example)> {
    sets().flat_map(|set| {
        (0..).zip(examples()).map(move |(seed, (declaration, example))| (set, seed, declaration, example))
    })
}

fn value(tensor: &Tensor) -> Vec<f64> {
    numbers(&evaluate(std::slice::from_ref(tensor), Isa::detect()).expect("no fault")[0], tensor.spec())
}

fn floats(shape: &[usize], values: &[f64]) -> Tensor {
    Tensor::from_slice(Shape::new(shape), values)
}

/// The outputs of an example with floats as `float`, and their specs.
fn outputs(example: &Example, inputs: &[Filled], float: DType, target: Target) -> (Vec<Vec<f64>>, Vec<Spec>) {
    let xs = placeholders(inputs, float);
    let ys = Tensor::apply_all(example.op.clone(), xs.iter().cloned().collect()).expect("an example fits");
    let memory: Vec<_> = inputs.iter().map(|input| input.memory(float)).collect();
    (run(&program(&xs, &ys, target), &memory), ys.iter().map(|y| y.spec().clone()).collect())
}

#[test]
fn names_are_distinct_and_sorted_and_inputs_and_outputs_as_declared() {
    let names: Vec<&str> = TABLE.iter().map(|declaration| declaration.name).collect();
    assert!(names.is_sorted());
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    for (declaration, example) in examples() {
        assert_eq!(example.op.name(), declaration.name);
        if let Inputs::Named(inputs) = declaration.inputs {
            assert_eq!(inputs.len(), example.inputs.len(), "{}", declaration.name);
        }
        let specs: Vec<Spec> = filled(&example, 0).iter().map(|input| input.spec(DType::F64)).collect();
        assert_eq!(example.op.infer(&specs).unwrap().len(), declaration.outputs, "{}", declaration.name);
    }
}

/// How many numbers an attribute takes at the head of `encoded`.
fn width(kind: AttributeKind, encoded: &[f64]) -> usize {
    match kind {
        AttributeKind::Float | AttributeKind::Int | AttributeKind::Bool | AttributeKind::DType => 1,
        AttributeKind::Ints | AttributeKind::Floats => 1 + encoded[0] as usize,
    }
}

#[test]
fn attributes_come_back_from_their_encoding() {
    for (declaration, example) in examples() {
        let encoded = example.op.attributes();
        let read = (declaration.read)(&mut Reader::new(declaration.name, &encoded)).expect("own attributes");
        assert_eq!((read.name(), read.attributes()), (declaration.name, encoded.clone()));
        let used = declaration.attributes.iter().fold(0, |at, attribute| at + width(attribute.kind, &encoded[at..]));
        assert_eq!(used, encoded.len(), "{}: attributes are encoded as declared", declaration.name);
        let too_few = &encoded[..encoded.len().saturating_sub(1)];
        let refused = (declaration.read)(&mut Reader::new(declaration.name, too_few)).is_err();
        assert_eq!(refused, !encoded.is_empty(), "{}: an attribute is missing", declaration.name);
    }
}

/// Rounding of one function and of the few terms that an example sums: some dozen units of the last place of f32.
const F32: f64 = 3e-6;

#[test]
fn both_float_widths_agree() {
    for (target, seed, declaration, example) in cases() {
        let inputs = filled(&example, seed);
        let [(narrow, _), (wide, _)] = [DType::F32, DType::F64].map(|float| outputs(&example, &inputs, float, target));
        for (narrow, wide) in narrow.iter().flatten().zip(wide.iter().flatten()) {
            let error = (narrow - wide).abs() / wide.abs().max(1.0);
            assert!(error <= F32, "{}: {narrow} in f32, {wide} in f64", declaration.name);
        }
    }
}

/// The kernels of these sum in lanes, so that the widths of vectors show in the last bits.
#[test]
fn a_kernel_is_made_for_the_instruction_set_of_its_program() {
    // Plain Rust and AVX2 sum in as many lanes, and may agree to the last bit: only wider vectors show.
    if !sets().any(|set| set.isa == Isa::Avx512) {
        eprintln!("skipped: this processor has no vectors wider than the others'");
        return;
    }
    let given = |turn: f32| (0..64 * 37).map(|i| (12.9898 * i as f32 + turn).sin().abs()).collect::<Vec<f32>>();
    let [x, t] = [0.0, 1.0].map(|turn| Tensor::from_slice([64, 37], &given(turn)));
    let labels = Tensor::from_slice([64], &[5i32; 64]);
    for y in [
        ops::softmax(&x),
        ops::log_softmax(&x),
        ops::softmax_cross_entropy(&x, &t),
        ops::sparse_softmax_cross_entropy(&x, &labels),
        ops::sigmoid_cross_entropy(&x, &t),
    ] {
        let y = y.unwrap();
        let mut values: Vec<Vec<f64>> =
            sets().map(|set| numbers(&evaluate(std::slice::from_ref(&y), set).unwrap()[0], y.spec())).collect();
        let all = values.len();
        values.dedup();
        assert_eq!(values.len() > 1, all > 1, "{:?}", y.source().0);
    }
}

/// `2/√π · Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1))`
fn erf(x: f64) -> f64 {
    let mut power = x;
    let mut total = 0.0;
    for n in 0..60 {
        total += power / f64::from(2 * n + 1);
        power *= -x * x / f64::from(n + 1);
    }
    total * std::f64::consts::FRAC_2_SQRT_PI
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn unary(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "abs" => f64::abs,
        "ceil" => f64::ceil,
        "cos" => f64::cos,
        "erf" => erf,
        "exp" => f64::exp,
        "expm1" => f64::exp_m1,
        "floor" => f64::floor,
        "isFinite" => |x| truth(x.is_finite()),
        "isNan" => |x| truth(x.is_nan()),
        "log" => f64::ln,
        "log1p" => f64::ln_1p,
        "logicalNot" => |x| truth(x == 0.0),
        "negative" => |x| -x,
        "reciprocal" => |x| 1.0 / x,
        "relu" => |x| x.max(0.0),
        "round" => f64::round_ties_even,
        "rsqrt" => |x| 1.0 / x.sqrt(),
        "sigmoid" => |x| 1.0 / (1.0 + (-x).exp()),
        "sign" => f64::signum,
        "sin" => f64::sin,
        "softplus" => |x| (1.0 + x.exp()).ln(),
        "sqrt" => f64::sqrt,
        "square" => |x| x * x,
        "stopGradient" => |x| x,
        "tanh" => f64::tanh,
        "trunc" => f64::trunc,
        _ => return None,
    })
}

fn binary(name: &str) -> Option<fn(f64, f64) -> f64> {
    Some(match name {
        "add" => |a, b| a + b,
        "arctan2" => f64::atan2,
        "divide" => |a, b| a / b,
        "equal" => |a, b| truth(a == b),
        "floorDivide" => |a, b| (a / b).floor(),
        "greater" => |a, b| truth(a > b),
        "greaterEqual" => |a, b| truth(a >= b),
        "less" => |a, b| truth(a < b),
        "lessEqual" => |a, b| truth(a <= b),
        "logicalAnd" => |a, b| truth(a != 0.0 && b != 0.0),
        "logicalOr" => |a, b| truth(a != 0.0 || b != 0.0),
        "maximum" => f64::max,
        "minimum" => f64::min,
        "mod" => |a, b| a - b * (a / b).floor(),
        "multiply" => |a, b| a * b,
        "notEqual" => |a, b| truth(a != b),
        "power" => f64::powf,
        "sigmoidCrossEntropy" => |x, t| -t * -(-x).exp().ln_1p() - (1.0 - t) * -x.exp().ln_1p(),
        "subtract" => |a, b| a - b,
        _ => return None,
    })
}

fn as_numbers(input: &Filled) -> (Shape, Vec<f64>) {
    match input {
        Filled::Float(shape, values) => (shape.clone(), values.clone()),
        Filled::Int(shape, values) => (shape.clone(), values.iter().map(|&value| f64::from(value)).collect()),
        Filled::Bool(shape, values) => (shape.clone(), values.iter().map(|&value| f64::from(value)).collect()),
    }
}

/// The index of element `at` of `shape`, axis by axis.
fn unravel(at: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = at;
    let mut index = vec![0; shape.len()];
    for (place, &size) in index.iter_mut().zip(shape).rev() {
        (*place, rest) = (rest % size, rest / size);
    }
    index
}

/// The element of a row-major array at `index`, whose last axes it has; axes of size 1 repeat.
fn element((shape, values): &(Shape, Vec<f64>), index: &[usize]) -> f64 {
    let own = &index[index.len() - shape.rank()..];
    let at = shape.iter().zip(own).fold(0, |at, (&size, &i)| at * size + if size == 1 { 0 } else { i });
    values[at]
}

/// `rule` at every index of `shape`.
fn tabulate(shape: &[usize], rule: impl FnMut(Vec<usize>) -> f64) -> Vec<f64> {
    (0..shape.iter().product()).map(|at| unravel(at, shape)).map(rule).collect()
}

fn joined(parts: &[&[usize]]) -> Vec<usize> {
    parts.concat()
}

/// `index` with its element at `axis` changed.
fn with(index: &[usize], axis: usize, value: usize) -> Vec<usize> {
    let mut index = index.to_vec();
    index[axis] = value;
    index
}

fn from_end(axis: f64, rank: usize) -> usize {
    if axis < 0.0 { (axis + rank as f64) as usize } else { axis as usize }
}

fn reduction(name: &str, attributes: &[f64], x: &(Shape, Vec<f64>)) -> Option<Vec<f64>> {
    let (start, join): (f64, fn(f64, f64) -> f64) = match name {
        "sum" => (0.0, |a, b| a + b),
        "prod" => (1.0, |a, b| a * b),
        "max" => (f64::NEG_INFINITY, f64::max),
        "min" => (f64::INFINITY, f64::min),
        _ => return None,
    };
    let rank = x.0.rank();
    let axes: Vec<usize> = attributes[1..=attributes[0] as usize].iter().map(|&axis| from_end(axis, rank)).collect();
    let kept: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).collect();
    let sizes: Vec<usize> = kept.iter().map(|&axis| x.0[axis]).collect();
    let mut out = vec![start; sizes.iter().product()];
    for at in 0..x.1.len() {
        let index = unravel(at, &x.0);
        let to = kept.iter().fold(0, |to, &axis| to * x.0[axis] + index[axis]);
        out[to] = join(out[to], x.1[at]);
    }
    Some(out)
}

fn scan(name: &str, attributes: &[f64], inputs: &[(Shape, Vec<f64>)]) -> Option<Vec<f64>> {
    let x = &inputs[0];
    let (axis, reverse) = (from_end(attributes[0], x.0.rank()), attributes[1] != 0.0);
    let line = |index: &[usize]| -> Vec<usize> {
        let (here, len) = (index[axis], x.0[axis]);
        if reverse { (here..len).rev().collect() } else { (0..=here).collect() }
    };
    let shape = x.0.to_vec();
    Some(match name {
        "cumsum" | "cumprod" => tabulate(&shape, |index| {
            let mut taken = line(&index);
            if attributes[2] != 0.0 {
                taken.pop();
            }
            let values = taken.into_iter().map(|k| element(x, &with(&index, axis, k)));
            if name == "cumsum" { values.sum() } else { values.product() }
        }),
        "linearRecurrence" => tabulate(&shape, |index| {
            let values = line(&index).into_iter().map(|k| with(&index, axis, k));
            values.fold(0.0, |y, k| element(x, &k) * y + element(&inputs[1], &k))
        }),
        _ => return None,
    })
}

fn row_function(name: &str, inputs: &[(Shape, Vec<f64>)]) -> Option<Vec<f64>> {
    let (shape, values) = &inputs[0];
    let cols = *shape.last()?;
    let rows = values.chunks(cols.max(1));
    let log_softmax = |row: &[f64]| -> Vec<f64> {
        let total: f64 = row.iter().map(|x| x.exp()).sum();
        row.iter().map(|x| x - total.ln()).collect()
    };
    Some(match name {
        "softmax" => rows.flat_map(|row| log_softmax(row).into_iter().map(f64::exp)).collect(),
        "logSoftmax" => rows.flat_map(log_softmax).collect(),
        "softmaxCrossEntropy" => {
            let targets = inputs[1].1.chunks(cols.max(1));
            rows.zip(targets).map(|(row, t)| -log_softmax(row).iter().zip(t).map(|(y, t)| y * t).sum::<f64>()).collect()
        }
        "sparseSoftmaxCrossEntropy" => {
            rows.zip(&inputs[1].1).map(|(row, &label)| -log_softmax(row)[label as usize]).collect()
        }
        "argmax" => {
            rows.map(|row| (0..cols).rev().max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap() as f64).collect()
        }
        "argmin" => rows.map(|row| (0..cols).min_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap() as f64).collect(),
        _ => return None,
    })
}

/// Values, then indices, of the best `count` of each row.
fn sorted((shape, values): &(Shape, Vec<f64>), descending: bool, count: usize) -> [Vec<f64>; 2] {
    let (mut best, mut from) = (Vec::new(), Vec::new());
    for row in values.chunks((*shape.last().unwrap()).max(1)) {
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|&a, &b| if descending { row[b].total_cmp(&row[a]) } else { row[a].total_cmp(&row[b]) });
        best.extend(order[..count].iter().map(|&i| row[i]));
        from.extend(order[..count].iter().map(|&i| i as f64));
    }
    [best, from]
}

/// Splits encoded lists of one length off the head.
fn lists<const N: usize>(mut encoded: &[f64]) -> [Vec<f64>; N] {
    std::array::from_fn(|_| {
        let (list, rest) = encoded[1..].split_at(encoded[0] as usize);
        encoded = rest;
        list.to_vec()
    })
}

fn movement(name: &str, attributes: &[f64], inputs: &[(Shape, Vec<f64>)], out: &Shape) -> Option<Vec<f64>> {
    let x = inputs.first()?;
    let rank = x.0.rank();
    Some(match name {
        "broadcastTo" => tabulate(out, |index| element(x, &index)),
        "cast" | "reshape" => x.1.clone(),
        "where" => tabulate(out, |index| element(&inputs[if element(x, &index) != 0.0 { 1 } else { 2 }], &index)),
        "transpose" => tabulate(out, |index| {
            let mut from = vec![0; rank];
            (0..rank).for_each(|to| from[attributes[1 + to] as usize] = index[to]);
            element(x, &from)
        }),
        "slice" => {
            let [start, _, step] = lists(attributes);
            tabulate(out, |index| {
                let from = index.iter().enumerate().map(|(k, &i)| (start[k] + step[k] * i as f64) as usize);
                element(x, &from.collect::<Vec<_>>())
            })
        }
        "pad" => {
            let [low, _, between] = lists(attributes);
            let value = attributes[attributes.len() - 1];
            tabulate(out, |index| {
                let from = (0..rank).map(|k| (index[k] as f64 - low[k]) / (between[k] + 1.0)).collect::<Vec<_>>();
                let inside = |(k, &i): (usize, &f64)| i.fract() == 0.0 && i >= 0.0 && i < x.0[k] as f64;
                let there = from.iter().enumerate().all(inside);
                if there { element(x, &from.iter().map(|&i| i as usize).collect::<Vec<_>>()) } else { value }
            })
        }
        "concatenate" => {
            let axis = from_end(attributes[0], rank);
            tabulate(out, |index| {
                let (mut i, mut part) = (index[axis], 0);
                while i >= inputs[part].0[axis] {
                    i -= inputs[part].0[axis];
                    part += 1;
                }
                let (shape, values) = &inputs[part];
                let at = shape.iter().zip(with(&index, axis, i)).fold(0, |at, (&size, i)| at * size + i);
                values[at]
            })
        }
        _ => return None,
    })
}

fn by_number(name: &str, attributes: &[f64], inputs: &[(Shape, Vec<f64>)], out: &Shape) -> Option<Vec<f64>> {
    let x = inputs.first()?;
    let axis = from_end(*attributes.first()?, x.0.rank());
    let mut sums = vec![0.0; out.size()];
    let place = |index: &[usize]| out.iter().zip(index).fold(0, |at, (&size, &i)| at * size + i);
    Some(match name {
        "gather" => {
            let indices = &inputs[1];
            let end = axis + indices.0.rank();
            tabulate(out, |index| {
                let i = element(indices, &index[axis..end]) as usize;
                element(x, &joined(&[&index[..axis], &[i], &index[end..]]))
            })
        }
        "scatterAdd" => {
            let indices = &inputs[1];
            let end = axis + indices.0.rank();
            for at in 0..x.1.len() {
                let index = unravel(at, &x.0);
                let i = element(indices, &index[axis..end]) as usize;
                sums[place(&joined(&[&index[..axis], &[i], &index[end..]]))] += x.1[at];
            }
            sums
        }
        "scatterMax" => {
            let (indices, mut largest) = (&inputs[1], vec![f64::NEG_INFINITY; out.size()]);
            let end = axis + indices.0.rank();
            for at in 0..x.1.len() {
                let index = unravel(at, &x.0);
                let i = element(indices, &index[axis..end]) as usize;
                let to = &mut largest[place(&joined(&[&index[..axis], &[i], &index[end..]]))];
                *to = to.max(x.1[at]);
            }
            largest
        }
        "takeAlongAxis" => tabulate(out, |index| {
            let i = element(&inputs[1], &index) as usize;
            element(x, &with(&index, axis, i))
        }),
        "scatterAddAlongAxis" => {
            for at in 0..x.1.len() {
                let i = inputs[1].1[at] as usize;
                sums[place(&with(&unravel(at, &x.0), axis, i))] += x.1[at];
            }
            sums
        }
        "oneHot" => tabulate(out, |index| {
            let (&j, rest) = index.split_last().expect("the new axis");
            truth(element(x, rest) == j as f64)
        }),
        _ => return None,
    })
}

fn matmul(attributes: &[f64], inputs: &[(Shape, Vec<f64>)], out: &Shape) -> Vec<f64> {
    let [a, b] = inputs else { unreachable!("two inputs") };
    let (ta, tb) = (attributes[0] != 0.0, attributes[1] != 0.0);
    let inner = a.0[a.0.rank() - if ta { 2 } else { 1 }];
    tabulate(out, |index| {
        let (lead, place) = index.split_at(index.len() - 2);
        let (i, j) = (place[0], place[1]);
        let at = |pair: [usize; 2]| joined(&[lead, &pair]);
        let term =
            |k| element(a, &at(if ta { [k, i] } else { [i, k] })) * element(b, &at(if tb { [j, k] } else { [k, j] }));
        (0..inner).map(term).sum()
    })
}

/// What the definitions say of an example; `None` for random ops, whose law is tested below.
fn expected(example: &Example, inputs: &[(Shape, Vec<f64>)], out: &Shape) -> Option<Vec<Vec<f64>>> {
    let (name, attributes) = (example.op.name(), example.op.attributes());
    if let Some(rule) = unary(name) {
        return Some(vec![inputs[0].1.iter().map(|&x| rule(x)).collect()]);
    }
    if let Some(rule) = binary(name) {
        return Some(vec![tabulate(out, |index| rule(element(&inputs[0], &index), element(&inputs[1], &index)))]);
    }
    match name {
        "sort" => return Some(sorted(&inputs[0], attributes[0] != 0.0, *inputs[0].0.last()?).to_vec()),
        "topK" => return Some(sorted(&inputs[0], true, attributes[0] as usize).to_vec()),
        "iota" => return Some(vec![(0..attributes[0] as usize).map(|i| i as f64).collect()]),
        "matmul" => return Some(vec![matmul(&attributes, inputs, out)]),
        _ => {}
    }
    let found = match name {
        "cumsum" | "cumprod" | "linearRecurrence" => scan(name, &attributes, inputs),
        "sum" | "prod" | "max" | "min" => reduction(name, &attributes, &inputs[0]),
        _ => None,
    };
    let found = found.or_else(|| row_function(name, inputs));
    let found = found.or_else(|| movement(name, &attributes, inputs, out));
    let found = found.or_else(|| by_number(name, &attributes, inputs, out));
    let found = found.or_else(|| pictures::definition(name, &attributes, inputs, out)).map(|values| vec![values]);
    let found = found.or_else(|| attention::definition(name, &attributes, inputs));
    let found = found.or_else(|| searches::definition(name, &attributes, inputs));
    found.or_else(|| fourier::definition(name, &attributes, inputs))
}

#[test]
fn every_example_has_the_numbers_of_its_definition() {
    for (target, seed, declaration, example) in cases() {
        let inputs = filled(&example, 100 + seed);
        let (got, specs) = outputs(&example, &inputs, DType::F64, target);
        let plain: Vec<_> = inputs.iter().map(as_numbers).collect();
        let Some(expected) = expected(&example, &plain, &specs[0].shape) else {
            assert!(declaration.name.starts_with("random"), "{} has no definition here", declaration.name);
            continue;
        };
        assert_eq!(got.len(), expected.len());
        let what = format!("{} {:?} of {:?}", declaration.name, example.op.attributes(), example.inputs);
        for (got, expected) in got.iter().zip(&expected) {
            assert_eq!(got.len(), expected.len(), "{what}");
            for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
                let error = (got - expected).abs() / expected.abs().max(1.0);
                // Some dozen units of the last place of f64.
                assert!(error <= 1e-14, "{what}: element {at} is {got}, should be {expected}");
            }
        }
    }
}

#[test]
fn numbers_at_the_edges() {
    let nan = f64::NAN;
    let x = floats(&[4], &[-0.0, nan, f64::INFINITY, -1.5]);
    assert_eq!(value(&ops::is_nan(&x).unwrap()), [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(value(&ops::is_finite(&x).unwrap()), [1.0, 0.0, 0.0, 1.0]);
    assert!(value(&ops::maximum(&x, &floats(&[], &[0.0])).unwrap())[1].is_nan());
    assert!(value(&ops::max(&x, &[0], false).unwrap())[0].is_nan());
    let rows = |x: &Tensor| ops::scatter_max(x, &Tensor::from_slice([4], &[3i32, 1, 3, 0]), 0, 5).unwrap();
    let largest = value(&rows(&x));
    assert_eq!((largest[0], largest[2], largest[3]), (-1.5, f64::NEG_INFINITY, f64::INFINITY));
    assert!(largest[1].is_nan());
    let whole = value(&rows(&Tensor::from_slice([4], &[-7i32, 2, -9, 4])));
    assert_eq!(whole, [4.0, 2.0, f64::from(i32::MIN), -7.0, f64::from(i32::MIN)]);
    assert_eq!(value(&ops::round(&floats(&[4], &[0.5, 1.5, 2.5, -0.5])).unwrap()), [0.0, 2.0, 2.0, 0.0]);
    assert_eq!(value(&ops::sum(&floats(&[0, 2], &[]), &[0], false).unwrap()), [0.0, 0.0]);
    assert_eq!(value(&ops::prod(&floats(&[0], &[]), &[0], false).unwrap()), [1.0]);
    assert_eq!(value(&ops::modulo(&floats(&[2], &[-7.0, 7.0]), &floats(&[2], &[3.0, -3.0])).unwrap()), [2.0, -2.0]);
    assert_eq!(value(&ops::softplus(&floats(&[2], &[800.0, -800.0])).unwrap()), [800.0, 0.0]);
    let far = ops::sigmoid_cross_entropy(&floats(&[2], &[900.0, -900.0]), &floats(&[2], &[1.0, 1.0])).unwrap();
    assert_eq!(value(&far), [0.0, 900.0]);
    assert_eq!(value(&ops::softmax(&floats(&[1, 2], &[1000.0, -1000.0])).unwrap()), [1.0, 0.0]);
    let labels = Tensor::from_slice([1], &[1i32]);
    let loss = ops::sparse_softmax_cross_entropy(&floats(&[1, 2], &[1000.0, -1000.0]), &labels).unwrap();
    assert_eq!(value(&loss), [2000.0]);
}

/// `∂ Σy/∂x`
fn slope(y: &Tensor, x: &Tensor) -> Option<Vec<f64>> {
    let axes: Vec<usize> = (0..y.shape().rank()).collect();
    let total = ops::sum(y, &axes, false).unwrap();
    gradient(&total, std::slice::from_ref(x), None).unwrap().remove(0).map(|dx| value(&dx))
}

#[test]
fn ties_and_kinks_have_the_stated_gradients() {
    let x = floats(&[4], &[2.0, -1.0, 2.0, 0.0]);
    assert_eq!(slope(&ops::max(&x, &[0], false).unwrap(), &x).unwrap(), [0.5, 0.0, 0.5, 0.0]);
    assert_eq!(slope(&ops::relu(&x).unwrap(), &x).unwrap(), [1.0, 0.0, 1.0, 0.0]);
    assert_eq!(slope(&ops::abs(&x).unwrap(), &x).unwrap(), [1.0, -1.0, 1.0, 0.0]);
    let bound = floats(&[], &[2.0]);
    assert_eq!(slope(&ops::maximum(&x, &bound).unwrap(), &x).unwrap(), [1.0, 0.0, 1.0, 0.0]);
    assert_eq!(slope(&ops::minimum(&x, &bound).unwrap(), &x).unwrap(), [1.0, 1.0, 1.0, 1.0]);
    assert_eq!(slope(&ops::minimum(&bound, &x).unwrap(), &x).unwrap(), [0.0, 1.0, 0.0, 1.0]);
    let numbers = Tensor::from_slice([4], &[1i32, 1, 1, 0]);
    let largest = ops::mask(&Tensor::from_slice([3], &[1u8, 1, 0]), &ops::scatter_max(&x, &numbers, 0, 3).unwrap());
    assert_eq!(slope(&largest.unwrap(), &x).unwrap(), [0.5, 0.0, 0.5, 1.0]);
    let (zero, one) = (floats(&[1], &[0.0]), floats(&[1], &[1.0]));
    assert_eq!(slope(&ops::arctan2(&zero, &(&zero * 1.0)).unwrap(), &zero).unwrap(), [0.0]);
    assert_eq!(slope(&ops::arctan2(&zero, &one).unwrap(), &zero).unwrap(), [1.0]);
    assert_eq!(slope(&ops::prod(&x, &[0], false).unwrap(), &x).unwrap(), [0.0, 0.0, 0.0, -4.0]);
    let two = floats(&[], &[2.0]);
    assert_eq!(slope(&ops::power(&floats(&[1], &[0.0]), &two).unwrap(), &two).unwrap(), [0.0]);
    let base = floats(&[2], &[0.0, -3.0]);
    assert_eq!(slope(&ops::power(&base, &two).unwrap(), &base).unwrap(), [0.0, -6.0]);
    assert_eq!(slope(&ops::power(&base, &floats(&[], &[0.0])).unwrap(), &base).unwrap(), [0.0, 0.0]);
    assert_eq!(slope(&ops::stop_gradient(&x).unwrap(), &x), None);
    assert_eq!(slope(&ops::floor(&x).unwrap(), &x), None);
    assert_eq!(
        slope(&ops::sigmoid_cross_entropy(&x, &Tensor::fill([4], DType::F64, 0.5)).unwrap(), &x).unwrap()[3],
        0.0
    );
}

#[test]
fn an_index_outside_stops_the_run() {
    let (table, bad) = (floats(&[3, 2], &[0.0; 6]), Tensor::from_slice([2], &[1i32, 3]));
    let minus = Tensor::from_slice([3], &[0i32, 1, -1]);
    for tensor in [
        ops::gather(&table, &bad, 0).unwrap(),
        ops::scatter_add(&floats(&[2, 2], &[0.0; 4]), &bad, 0, 3).unwrap(),
        ops::scatter_max(&floats(&[2, 2], &[0.0; 4]), &bad, 0, 3).unwrap(),
        ops::take_along_axis(&floats(&[3], &[0.0; 3]), &bad, 0).unwrap(),
        ops::scatter_add_along_axis(&floats(&[2], &[0.0; 2]), &bad, 0, 2).unwrap(),
        ops::sparse_softmax_cross_entropy(&table, &minus).unwrap(),
    ] {
        assert_eq!(evaluate(&[tensor], Isa::detect()).unwrap_err().code, ErrorCode::Data);
    }
    assert_eq!(value(&ops::one_hot(&minus, 2, DType::I32).unwrap()), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn windows_that_do_not_fit_are_refused_with_both_shapes() {
    let (x, w) = (floats(&[1, 4, 5, 2], &[0.0; 40]), floats(&[3, 3, 2, 4], &[0.0; 72]));
    let message = |result: ferrograd_graph::Result<Tensor>| result.unwrap_err().to_string();
    let convolved = |w: &Tensor, change: fn(&mut Steps), groups| {
        let mut steps = Steps::plain(2);
        change(&mut steps);
        message(ops::convolution(&x, w, &steps, groups))
    };
    let both = |message: &str| message.contains("[1, 4, 5, 2]") && message.contains("[3, 3, 2, 4]");
    let large = convolved(&w, |steps| steps.dilations = vec![2, 1], 1);
    assert!(large.contains("does not fit 4 places") && both(&large), "{large}");
    let still = convolved(&w, |steps| steps.strides = vec![1, 0], 1);
    assert!(still.contains("strides of at least 1"), "{still}");
    let groups = convolved(&w, |_| (), 3);
    assert!(groups.contains("divide 2 channels and 4 filters") && both(&groups), "{groups}");
    let channels = convolved(&floats(&[3, 3, 5, 4], &[0.0; 180]), |_| (), 1);
    assert!(channels.contains("need filters of 2, not 5"), "{channels}");
    let rank = convolved(&floats(&[3, 2, 4], &[0.0; 24]), |_| (), 1);
    assert!(rank.contains("one rank"), "{rank}");
    let pool = |sizes: &[usize], padding: (usize, usize)| {
        let steps = Steps { padding: vec![padding; 2], ..Steps::plain(2) };
        message(ops::max_pool(&x, &Pool { sizes: sizes.to_vec(), steps }))
    };
    assert!(pool(&[5, 2], (0, 0)).contains("does not fit 4 places padded by 0 and 0"));
    assert!(pool(&[2, 2], (2, 0)).contains("in the padding alone"));
    assert!(pool(&[2, 0], (0, 0)).contains("[2, 0]"));
    let steps = Steps { padding: vec![(1, 1)], ..Steps::plain(1) };
    let nowhere = message(ops::max_pool(&floats(&[1, 0, 2], &[]), &Pool { sizes: vec![2], steps }));
    assert!(nowhere.contains("in the padding alone"), "{nowhere}");
    let long = |size: usize| {
        ops::max_pool(&Tensor::fill([1, size, 1], DType::F32, 0.0), &Pool { sizes: vec![size], steps: Steps::plain(1) })
    };
    assert!(long(1 << 24).is_ok());
    assert!(message(long((1 << 24) + 1)).contains("at most 2²⁴ numbers"));
}

#[test]
fn what_does_not_fit_is_refused_with_its_kind() {
    let code = |result: ferrograd_graph::Result<Tensor>| result.unwrap_err().code;
    let (x, ints) = (floats(&[2, 3], &[0.0; 6]), Tensor::from_slice([2], &[0i32, 1]));
    let narrow = Tensor::fill([2, 3], DType::F32, 0.0);
    let scalar = floats(&[], &[0.0]);
    let (shape, dtype, config) = (ErrorCode::Shape, ErrorCode::DType, ErrorCode::Config);
    assert_eq!(code(ops::add(&x, &floats(&[2], &[0.0; 2]))), shape);
    assert_eq!(code(ops::add(&x, &narrow)), dtype);
    assert_eq!(code(ops::exp(&ints)), dtype);
    assert_eq!(code(ops::logical_and(&x, &x)), dtype);
    assert_eq!(code(ops::sum(&x, &[2], false)), shape);
    assert_eq!(code(ops::max(&floats(&[0], &[]), &[0], false)), shape);
    assert_eq!(code(ops::argmax(&floats(&[2, 0], &[]))), shape);
    assert_eq!(code(ops::softmax(&scalar)), shape);
    assert_eq!(code(ops::cumsum(&x, 2, false, false)), shape);
    assert_eq!(code(ops::slice(&x, &[0, 1], &[2, 3], &[1, 1])), shape);
    assert_eq!(code(ops::slice(&x, &[0, 0], &[2, 2], &[1, 0])), config);
    assert_eq!(code(ops::slice(&x, &[0, 1], &[2, 3], &[1, -1])), shape);
    assert_eq!(code(ops::concatenate(&[&x, &floats(&[2], &[0.0; 2])], 0)), shape);
    assert_eq!(code(ops::concatenate(&[&x, &narrow], 0)), dtype);
    assert_eq!(code(ops::gather(&x, &x, 0)), dtype);
    assert_eq!(code(ops::take_along_axis(&x, &ints, 0)), shape);
    assert_eq!(code(ops::softmax_cross_entropy(&x, &floats(&[3, 2], &[0.0; 6]))), shape);
    assert_eq!(code(ops::sparse_softmax_cross_entropy(&x, &Tensor::from_slice([3], &[0i32; 3]))), shape);
    assert_eq!(ops::top_k(&x, 4).unwrap_err().code, shape);
    assert_eq!(code(ops::matmul(&x, &x, false, false)), shape);
    let state = Tensor::from_slice([3], &[0i32; 3]);
    let spec = Spec::new([2], DType::F32);
    assert_eq!(code(ops::random(Law::Bernoulli(1.5), 0, &spec, &state)), config);
    assert_eq!(code(ops::random(Law::Integers(0, 5), 0, &spec, &state)), dtype);
    assert_eq!(code(ops::random(Law::Uniform, 0, &spec, &ints)), dtype);
}

fn drawn(law: Law, seed: u64, stream: u32, step: i32) -> Vec<f64> {
    let state = Tensor::from_slice([3], &[seed as i32, (seed >> 32) as i32, step]);
    let dtype = if matches!(law, Law::Integers(..)) { DType::I32 } else { DType::F64 };
    value(&ops::random(law, stream, &Spec::new([50_000], dtype), &state).unwrap())
}

#[test]
fn random_numbers_depend_on_seed_stream_and_step_alone() {
    let first = drawn(Law::Normal, 1 << 40, 3, 5);
    assert_eq!(first, drawn(Law::Normal, 1 << 40, 3, 5));
    for other in
        [drawn(Law::Normal, 1 << 41, 3, 5), drawn(Law::Normal, 1 << 40, 4, 5), drawn(Law::Normal, 1 << 40, 3, 6)]
    {
        assert_ne!(first, other);
    }
}

#[test]
fn random_numbers_follow_their_law() {
    // (law, mean, deviation, least, largest); the mean of 50,000 strays by σ/224: five of those are allowed.
    let truncated = 0.879_625_661_034_239_8;
    for (law, mean, deviation, least, largest) in [
        (Law::Uniform, 0.5, 12f64.sqrt().recip(), 0.0, 1.0),
        (Law::UniformOpen, 0.5, 12f64.sqrt().recip(), 0.0, 1.0),
        (Law::Normal, 0.0, 1.0, -7.0, 7.0),
        (Law::TruncatedNormal, 0.0, truncated, -2.0, 2.0),
        (Law::Bernoulli(0.3), 0.3, 0.21f64.sqrt(), 0.0, 1.0),
        (Law::Dropout(0.8), 1.0, 0.5, 0.0, 1.25),
        (Law::Integers(-3, 9), 2.5, (143f64 / 12.0).sqrt(), -3.0, 8.0),
    ] {
        let values = drawn(law, 42, 0, 0);
        let count = values.len() as f64;
        let got = values.iter().sum::<f64>() / count;
        let spread = (values.iter().map(|value| (value - got).powi(2)).sum::<f64>() / count).sqrt();
        assert!((got - mean).abs() < 5.0 * deviation / count.sqrt(), "{law:?}: mean {got}");
        assert!((spread / deviation - 1.0).abs() < 0.02, "{law:?}: deviation {spread}");
        assert!(values.iter().all(|value| (least..=largest).contains(value)), "{law:?}");
    }
}

#[test]
fn integers_are_computed_as_integers() {
    let big = Tensor::from_slice([3], &[16_777_217i32, -7, 7]);
    let three = Tensor::from_slice([], &[3i32]);
    assert_eq!(value(&ops::add(&big, &three).unwrap()), [16_777_220.0, -4.0, 10.0]);
    assert_eq!(value(&ops::floor_div(&big, &three).unwrap()), [5_592_405.0, -3.0, 2.0]);
    assert_eq!(value(&ops::modulo(&big, &three).unwrap()), [2.0, 2.0, 1.0]);
    assert_eq!(value(&ops::max(&big, &[0], false).unwrap()), [16_777_217.0]);
    assert_eq!(value(&ops::sum(&big, &[0], false).unwrap()), [16_777_217.0]);
    assert_eq!(value(&ops::cumsum(&big, 0, true, false).unwrap()), [16_777_217.0, 0.0, 7.0]);
    assert_eq!(value(&ops::cast(&floats(&[3], &[2.9, -2.9, 0.0]), DType::I32).unwrap()), [2.0, -2.0, 0.0]);
    assert_eq!(value(&ops::cast(&floats(&[3], &[2.9, -0.1, 0.0]), DType::Bool).unwrap()), [1.0, 1.0, 0.0]);
}

#[test]
fn what_no_tensor_can_hold_is_refused_by_every_op() {
    let axis = |at: usize| {
        let mut shape = [1; 4];
        shape[at] = 1 << 16;
        Tensor::fill(shape, DType::F32, 1.0)
    };
    let refused = |result: ferrograd_graph::Result<Tensor>, words: &str| {
        let error = result.unwrap_err();
        assert_eq!(error.code, ErrorCode::Shape, "{error}");
        assert!(error.message.contains(words), "{error}");
    };
    // 2⁴⁸ elements are a shape; 2⁶⁴ are none, though their count wraps to 0.
    let cube = ops::add(&ops::add(&axis(0), &axis(1)).unwrap(), &axis(2)).unwrap();
    refused(ops::add(&cube, &axis(3)), "add: shape [65536, 65536, 65536, 65536]");
    let (tall, wide) = ([1 << 31, 1], [1, 1 << 31]);
    let [tall, wide] = [tall, wide].map(|shape| Tensor::fill(shape, DType::F32, 1.0));
    refused(ops::matmul(&tall, &wide, false, false), "matmul: shape");
    let long = Tensor::fill([1 << 31], DType::Bool, 0.0);
    refused(ops::concatenate(&[&long, &long], 0), "concatenate: expected axes of at most 4294967295, got 4294967296");
    assert!(ops::reshape(&long, &[1 << 16, 1 << 15].into()).is_ok());
}

#[test]
fn memory_that_cannot_be_had_is_an_error_of_its_own() {
    let ones = |shape: [usize; 2]| Tensor::fill(shape, DType::F32, 1.0);
    let huge = ops::matmul(&ones([1 << 24, 2]), &ones([2, 1 << 24]), false, false).unwrap();
    let total = ops::square(&ops::cumsum(&huge, 1, false, false).unwrap()).unwrap();
    let error = evaluate(&[total], Isa::detect()).unwrap_err();
    assert_eq!(error.code, ErrorCode::Memory, "{error}");
    assert!(error.message.contains("bytes of memory"), "{error}");
    // A program that a machine could never run is refused before it asks for anything.
    let cache = ferrograd_graph::evaluate::Cache::new(1 << 20);
    let run = |rows: usize| {
        let sorted = ops::sort(&ones([rows, 1 << 10]), false).unwrap()[0].clone();
        cache.evaluate(&[sorted], Isa::detect().into(), &ferrograd_kernels::threads::Threads::serial())
    };
    let error = run(1 << 10).unwrap_err();
    assert_eq!(error.code, ErrorCode::Memory);
    assert!(error.message.contains("expected a program that fits 1048576 bytes of memory"), "{error}");
    assert!(run(4).is_ok());
}

#[test]
fn outputs_of_one_op_that_are_known_are_constants_each_for_itself() {
    let mut x = floats(&[4], &[3.0, 1.0, 4.0, 2.0]);
    for _ in 0..3 {
        let [values, indices] = ops::top_k(&x, 4).unwrap();
        let all = [values.clone(), indices.clone()];
        let request = Request { inputs: &[], outputs: &all, updates: &[], guard: None };
        let program = compile(&request, Isa::detect()).unwrap();
        let steps: Vec<_> = program.step_names().collect();
        assert_eq!(steps.iter().filter(|&&name| name == "topK").count(), 1, "{steps:?}");
        let numbers = program.run(&[], &ferrograd_kernels::threads::Threads::serial()).unwrap();
        values.store(numbers.into_iter().collect(), false);
        assert!(values.source().1.is_empty(), "its history is forgotten");
        // Both are read again, neither is computed again.
        let both = ops::add(&values, &ops::cast(&indices, DType::F64).unwrap()).unwrap();
        let request = Request { inputs: &[], outputs: std::slice::from_ref(&both), updates: &[], guard: None };
        assert!(compile(&request, Isa::detect()).unwrap().step_names().all(|name| name != "topK"));
        let expected: Vec<f64> = value(&values).iter().zip(value(&indices)).map(|(a, b)| a + b).collect();
        assert_eq!(value(&both), expected);
        x = values;
    }
    assert_eq!(value(&x), [4.0, 3.0, 2.0, 1.0]);
}
