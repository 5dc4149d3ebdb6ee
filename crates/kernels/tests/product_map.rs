//! A product and the pass over its elements in one step have the numbers of the two, at any number of threads.

use ferrograd_kernels::element::{DType, Element, Float};
use ferrograd_kernels::exec::{Arg, Base, Kernel, Memory, Plan, ProductMapKernel, Space, Step};
use ferrograd_kernels::gemm::{GemmShape, Operand};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::map::{Axes, Binary, Expr, Layout, MapInput, MapOutput, MapType, Reduce, ValueId};
use ferrograd_kernels::threads::Threads;

/// Rows, columns, depth: whole rows and cut ones, one block of the depth and several, few rows and many.
const SHAPES: [(usize, usize, usize); 8] = [
    (40, 64, 20),
    (100, 96, 300),
    (257, 33, 65),
    (85, 800, 40),
    (300, 1100, 64),
    (9, 70, 520),
    (700, 40, 3),
    (1100, 40, 2048),
];

/// What a pass is made of.
struct Pass {
    expr: Expr,
    inputs: Vec<MapInput>,
    outputs: Vec<MapOutput>,
}

/// `p ← p − g·s`, `q = g²` with the product `g` as input 1 and a scalar `s`.
fn update(rows: usize, cols: usize, dtype: DType) -> Pass {
    let mut expr = Expr::new();
    let [p, g, s] = [0, 1, 2].map(|i| expr.input(i));
    let step = expr.binary(Binary::Mul, g, s);
    let new = expr.binary(Binary::Sub, p, step);
    let square = expr.binary(Binary::Mul, g, g);
    let whole = MapInput { dtype, layout: Layout::contiguous(&[rows, cols]) };
    let scalar = MapInput { dtype, layout: Layout::scalar(2) };
    let outputs = vec![MapOutput::store(new, dtype), MapOutput::store(square, dtype)];
    Pass { expr, inputs: vec![whole.clone(), whole, scalar], outputs }
}

fn kernel<T: Float + MapType>(shape: GemmShape, pass: Pass, isa: Isa) -> Option<ProductMapKernel<T>> {
    ProductMapKernel::new(shape, pass.expr, pass.inputs, pass.outputs, 1, isa)
}

fn shape((rows, cols, depth): (usize, usize, usize), a_transposed: bool, b_transposed: bool) -> GemmShape {
    let operand = |rows, cols, transposed: bool| {
        if transposed { Operand::row_major(rows).transposed() } else { Operand::row_major(cols) }
    };
    let (a, b) = (operand(rows, depth, a_transposed), operand(depth, cols, b_transposed));
    GemmShape { rows, cols, depth, a, b, c_row_stride: cols }
}

fn numbers<T: Float>(count: usize, turn: usize) -> Vec<T> {
    (0..count).map(|i| T::from_f64(((i * 37 + turn * 11) % 23) as f64 / 11.0 - 1.0)).collect()
}

/// `p` and `q` after one run over `p` in place.
fn run<T: Float + MapType + Element>(shape: &GemmShape, isa: Isa, threads: &Threads) -> [Vec<T>; 2] {
    let (rows, cols, depth) = (shape.rows, shape.cols, shape.depth);
    let kernel = kernel::<T>(*shape, update(rows, cols, T::DTYPE), isa).expect("a shape to cut");
    assert!(kernel.in_place(2, 0).is_some() && kernel.in_place(0, 0).is_none() && kernel.in_place(3, 0).is_none());
    let size = rows * cols;
    let arg = |space, start, len| Arg { space, offset: start * size_of::<T>(), len, dtype: T::DTYPE };
    let scratch = kernel.workspace();
    let workspace = Some(Arg { space: 2, offset: 0, len: scratch, dtype: DType::Bool });
    let inputs = [arg(0, 0, rows * depth), arg(0, rows * depth, depth * cols), arg(1, 0, size), arg(0, 0, 1)];
    let outputs = [arg(1, 0, size), arg(1, size, size)];
    let step = Step { kernel: Box::new(kernel), inputs: inputs.into(), outputs: outputs.into(), workspace };
    let given = Memory::from_slice(&numbers::<T>((rows + cols) * depth, 1));
    let mut changed = Memory::from_slice(&[numbers::<T>(size, 2), vec![T::ZERO; size]].concat());
    let mut scratch = Memory::zeroed(scratch);
    // What lies around from before must not be seen.
    scratch.bytes_mut().fill(0xff);
    let spaces = [(given.len(), false), (changed.len(), true), (scratch.len(), true)];
    let spaces = spaces.map(|(bytes, writable)| Space { bytes, writable });
    let plan = Plan::new(vec![step], spaces.into()).unwrap();
    let mut bound = plan.bind(vec![Base::Read(&given), Base::Write(&mut changed), Base::Write(&mut scratch)]);
    bound.run(threads).unwrap();
    outputs_of(&plan).map(|arg| bound.slice::<T>(&arg).to_vec())
}

fn outputs_of(plan: &Plan) -> [Arg; 2] {
    let outputs = &plan.steps()[0].outputs;
    [outputs[0].clone(), outputs[1].clone()]
}

/// The same, one number after the other.
fn naive<T: Float>(shape: &GemmShape) -> [Vec<f64>; 2] {
    let (rows, cols, depth) = (shape.rows, shape.cols, shape.depth);
    let given: Vec<f64> = numbers::<T>((rows + cols) * depth, 1).into_iter().map(Float::to_f64).collect();
    let p: Vec<f64> = numbers::<T>(rows * cols, 2).into_iter().map(Float::to_f64).collect();
    let at = |o: Operand, i: usize, j: usize| i * o.row_stride as usize + j * o.col_stride as usize;
    let product = |i: usize, j: usize| -> f64 {
        let b = &given[rows * depth..];
        (0..depth).map(|d| given[at(shape.a, i, d)] * b[at(shape.b, d, j)]).sum()
    };
    let g: Vec<f64> = (0..rows * cols).map(|at| product(at / cols, at % cols)).collect();
    let new = p.iter().zip(&g).map(|(p, g)| p - g * given[0]).collect();
    [new, g.iter().map(|g| g * g).collect()]
}

fn check<T: Float + MapType + Element>(tolerance: f64) {
    let pools = [2, 3, 5].map(Threads::new);
    for (case, (a, b)) in SHAPES.into_iter().zip([(false, false), (true, false), (false, true)].into_iter().cycle()) {
        let shape = shape(case, a, b);
        let expected = naive::<T>(&shape);
        for isa in Isa::available() {
            let alone = run::<T>(&shape, isa, &Threads::serial());
            for (got, expected) in alone.iter().zip(&expected) {
                for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
                    let error = (Float::to_f64(*got) - expected).abs();
                    let room = tolerance * shape.depth as f64 * expected.abs().max(1.0);
                    assert!(error <= room, "{isa:?} {shape:?} {at}: {got:?} for {expected}");
                }
            }
            for threads in &pools {
                let same = run::<T>(&shape, isa, threads) == alone;
                assert!(same, "{isa:?} {shape:?} with {} threads", threads.count());
            }
        }
    }
}

#[test]
fn single_precision() {
    check::<f32>(1e-6);
}

#[test]
fn double_precision() {
    check::<f64>(1e-14);
}

#[test]
fn what_does_not_go_together_stays_apart() {
    let shape = |case| shape(case, false, false);
    let makes = |case: (usize, usize, usize), change: &dyn Fn(&mut Pass)| {
        let mut pass = update(case.0, case.1, DType::F32);
        change(&mut pass);
        kernel::<f32>(shape(case), pass, Isa::detect()).is_some()
    };
    let value = |pass: &Pass| -> ValueId { pass.outputs[0].value };
    assert!(makes((40, 64, 20), &|_| {}));
    assert!(!makes((40, 3, 20), &|_| {}), "too narrow");
    let sums =
        |pass: &mut Pass| pass.outputs[1] = MapOutput::reduce(value(pass), DType::F32, Reduce::Sum, Axes::Leading(1));
    assert!(!makes((40, 64, 20), &sums), "a reduction");
    let row = |pass: &mut Pass| pass.inputs[0].layout.strides = vec![0, 1];
    assert!(!makes((40, 64, 20), &row), "a row for all");
}
