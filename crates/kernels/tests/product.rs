//! A product and the pass that follows it in one step: the numbers of the two, however the product is run, and the same
//! bits at any number of threads.

use ferrograd_kernels::element::{DType, Element, Float};
use ferrograd_kernels::exec::{Arg, Base, Batch, Kernel, Memory, Pass, Plan, ProductKernel, Space, Step};
use ferrograd_kernels::gemm::{BatchStrides, GemmShape, Operand};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::map::{Axes, Binary, Expr, Layout, MapInput, MapOutput, MapType, Reduce, Unary};
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;

/// Batch, rows, columns, depth, and whether `a` and `b` are transposes: one tile, tiles of packed operands and in place,
/// several blocks of the depth, units of some columns, dot products, rows that are spread, narrow results, the depth
/// shared out, many small products and a few large ones.
const CASES: [(usize, usize, usize, usize, bool, bool); 14] = [
    (1, 3, 5, 4, false, false),
    (1, 61, 67, 71, false, false),
    (1, 300, 310, 600, false, true),
    (1, 130, 900, 70, true, false),
    (1, 40, 3, 300, false, true),
    (1, 2, 500, 64, false, true),
    (1, 1, 700, 300, false, false),
    (1, 3, 2100, 400, false, false),
    (1, 90, 3, 40, true, false),
    (1, 16, 20, 9000, true, false),
    (3, 40, 50, 30, false, false),
    (40, 17, 9, 12, false, true),
    (9, 120, 130, 140, false, false),
    (1, 0, 7, 3, false, false),
];

/// The pass over the product `x`, a row `b`, a matrix `r` and a mask `m`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    /// `y = relu(x + b)`
    Relu,
    /// `y = tanh(x + b) · m + r`, and `x + b` itself.
    Residual,
    /// `y = x` where `r > 0`, else 0, and the sums and largest numbers of its columns.
    Slope,
    /// `y = x²`, and whether it is above `b`.
    Cast,
}

fn pass(what: What, shape: [usize; 3], dtype: DType) -> Pass {
    let dims = shape.to_vec();
    let whole = |dtype| MapInput { dtype, layout: Layout::contiguous(&dims) };
    let row = MapInput { dtype, layout: Layout { offset: 0, strides: vec![0, 0, 1] } };
    let inputs = vec![row, whole(dtype), whole(dtype), whole(DType::Bool)];
    let mut expr = Expr::new();
    let [b, x, r, m] = [0, 1, 2, 3].map(|i| expr.input(i));
    let store = |value| MapOutput::store(value, dtype);
    let outputs = match what {
        What::Relu => {
            let sum = expr.binary(Binary::Add, x, b);
            vec![store(expr.unary(Unary::Relu, sum))]
        }
        What::Residual => {
            let sum = expr.binary(Binary::Add, b, x);
            let tanh = expr.unary(Unary::Tanh, sum);
            let kept = expr.binary(Binary::Mul, tanh, m);
            vec![store(expr.binary(Binary::Add, kept, r)), store(sum)]
        }
        What::Slope => {
            let zero = expr.constant(0.0);
            let mask = expr.binary(Binary::Gt, r, zero);
            let y = expr.select(mask, x, zero);
            let over = |op| MapOutput::reduce(y, dtype, op, Axes::Leading(2));
            vec![over(Reduce::Sum), store(y), over(Reduce::Max)]
        }
        What::Cast => {
            let square = expr.unary(Unary::Square, x);
            let above = expr.binary(Binary::Gt, square, b);
            vec![MapOutput::store(above, DType::Bool), store(square)]
        }
    };
    Pass { shape: dims, expr, inputs, outputs, product: 1, hosts: u64::MAX }
}

fn shape((_, rows, cols, depth, a, b): (usize, usize, usize, usize, bool, bool)) -> GemmShape {
    let operand = |rows, cols, transposed: bool| {
        if transposed { Operand::row_major(rows).transposed() } else { Operand::row_major(cols) }
    };
    GemmShape { rows, cols, depth, a: operand(rows, depth, a), b: operand(depth, cols, b), c_row_stride: cols }
}

fn numbers<T: Float>(count: usize, turn: usize) -> Vec<T> {
    (0..count).map(|i| T::from_f64(((i * 37 + turn * 11) % 23) as f64 / 11.0 - 1.0)).collect()
}

/// What a step is given: `a`, `b`, the row, the matrix and the mask.
struct Given<T> {
    a: Vec<T>,
    b: Vec<T>,
    row: Vec<T>,
    matrix: Vec<T>,
    mask: Vec<u8>,
}

impl<T: Float> Given<T> {
    fn new((batch, rows, cols, depth, ..): (usize, usize, usize, usize, bool, bool)) -> Given<T> {
        let size = batch * rows * cols;
        let mask = (0..size).map(|i| u8::from(i % 3 != 0)).collect();
        let (a, b) = (numbers(batch * rows * depth, 1), numbers(batch * depth * cols, 2));
        Given { a, b, row: numbers(cols, 3), matrix: numbers(size, 4), mask }
    }
}

/// The outputs of one run, as numbers; none where the kernel refuses.
fn run<T: Float + MapType + Element>(
    case: (usize, usize, usize, usize, bool, bool),
    what: What,
    isa: Isa,
    threads: &Threads,
) -> Option<Vec<Vec<f64>>> {
    let (batch, rows, cols, depth, ..) = case;
    let pass = pass(what, [batch, rows, cols], T::DTYPE);
    let strides = BatchStrides { a: rows * depth, b: depth * cols, c: rows * cols };
    let kernel = ProductKernel::<T>::with_pass(&Batch::Regular(batch, strides), shape(case), &pass, Target::from(isa))?;
    let Given { a, b, row, matrix, mask } = Given::<T>::new(case);
    let given = [a, b, row, matrix].map(|list| Memory::from_slice(&list));
    let mask = Memory::from_slice(&mask);
    let size = |output: &MapOutput| match output.kind {
        ferrograd_kernels::map::OutputKind::Store => batch * rows * cols,
        ferrograd_kernels::map::OutputKind::Reduce { .. } => cols,
    };
    // What lies around from before must not be seen.
    let dirty = |bytes: usize| Memory::from_slice(&vec![0xa5u8; bytes.max(1)]);
    let mut outputs: Vec<Memory> =
        pass.outputs.iter().map(|output| dirty(size(output) * output.dtype.size())).collect();
    let mut scratch = Memory::from_slice(&vec![0xffu8; kernel.workspace().max(1)]);
    let arg = |space, len, dtype| Arg { space, offset: 0, len, dtype };
    let inputs = [
        arg(0, given[0].len() / size_of::<T>(), T::DTYPE),
        arg(1, given[1].len() / size_of::<T>(), T::DTYPE),
        arg(2, cols, T::DTYPE),
        arg(3, batch * rows * cols, T::DTYPE),
        arg(4, batch * rows * cols, DType::Bool),
    ];
    let written: Vec<Arg> =
        pass.outputs.iter().enumerate().map(|(i, output)| arg(5 + i, size(output), output.dtype)).collect();
    let space = 5 + written.len();
    let workspace = (kernel.workspace() > 0).then(|| arg(space, kernel.workspace(), DType::Bool));
    let step = Step { kernel: Box::new(kernel), inputs: inputs.into(), outputs: written.clone().into(), workspace };
    let reads = given.iter().chain([&mask]);
    let spaces = reads.clone().map(|memory| Space { bytes: memory.len(), writable: false });
    let writes = outputs.iter().chain([&scratch]).map(|memory| Space { bytes: memory.len(), writable: true });
    let plan = Plan::new(vec![step], spaces.chain(writes).collect()).unwrap();
    let bases = reads.map(Base::Read).chain(outputs.iter_mut().chain([&mut scratch]).map(Base::Write)).collect();
    let mut bound = plan.bind(bases);
    bound.run(threads).unwrap();
    let read = |arg: &Arg| match arg.dtype {
        DType::Bool => bound.slice::<u8>(arg).iter().map(|&x| f64::from(x)).collect(),
        _ => bound.slice::<T>(arg).iter().map(|&x| Float::to_f64(x)).collect(),
    };
    Some(written.iter().map(read).collect())
}

/// The same, one number after the other.
fn naive<T: Float>(case: (usize, usize, usize, usize, bool, bool), what: What) -> Vec<Vec<f64>> {
    let (batch, rows, cols, depth, ..) = case;
    let (shape, given) = (shape(case), Given::<T>::new(case));
    let get = |list: &[T], o: Operand, start: usize, i: usize, j: usize| {
        list[start + i * o.row_stride as usize + j * o.col_stride as usize].to_f64()
    };
    let mut x = Vec::new();
    for n in 0..batch {
        for (i, j) in (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j))) {
            let product =
                |d| get(&given.a, shape.a, n * rows * depth, i, d) * get(&given.b, shape.b, n * depth * cols, d, j);
            x.push((0..depth).map(product).sum::<f64>());
        }
    }
    let row = |at: usize| given.row[at % cols].to_f64();
    let matrix = |at: usize| given.matrix[at].to_f64();
    let map = |f: &dyn Fn(usize, f64) -> f64| x.iter().enumerate().map(|(at, &x)| f(at, x)).collect::<Vec<f64>>();
    match what {
        What::Relu => vec![map(&|at, x| (x + row(at)).max(0.0))],
        What::Residual => {
            let y = map(&|at, x| (x + row(at)).tanh() * f64::from(given.mask[at]) + matrix(at));
            vec![y, map(&|at, x| x + row(at))]
        }
        What::Slope => {
            let y = map(&|at, x| if matrix(at) > 0.0 { x } else { 0.0 });
            let column = |j: usize| y.iter().copied().skip(j).step_by(cols);
            let sums = (0..cols).map(|j| column(j).sum()).collect();
            let most = (0..cols).map(|j| column(j).fold(f64::NEG_INFINITY, f64::max)).collect();
            vec![sums, y, most]
        }
        What::Cast => vec![map(&|at, x| f64::from(u8::from(x * x > row(at)))), map(&|_, x| x * x)],
    }
}

fn check<T: Float + MapType + Element>(roundoff: f64) {
    let pools = [2, 3, 5].map(Threads::new);
    for case in CASES {
        for what in [What::Relu, What::Residual, What::Slope, What::Cast] {
            let expected = naive::<T>(case, what);
            for isa in Isa::available() {
                let alone = run::<T>(case, what, isa, &Threads::serial());
                let alone = alone.unwrap_or_else(|| panic!("{case:?} {what:?} {isa:?}: the two go together"));
                for (which, (got, expected)) in alone.iter().zip(&expected).enumerate() {
                    assert_eq!(got.len(), expected.len());
                    let flips = what == What::Cast && which == 0;
                    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
                        let most = (case.3 * (case.1 * case.0).max(1)) as f64;
                        let near =
                            got == expected || (got - expected).abs() <= roundoff * most * expected.abs().max(1.0);
                        // Numbers beside the bound may fall on either side.
                        assert!(near || flips, "{isa:?} {case:?} {what:?} {which} {at}: {got} for {expected}");
                    }
                }
                for threads in &pools {
                    let same = run::<T>(case, what, isa, threads).as_ref() == Some(&alone);
                    assert!(same, "{isa:?} {case:?} {what:?} with {} threads", threads.count());
                }
            }
        }
    }
}

#[test]
fn single_precision() {
    check::<f32>(2e-7);
}

#[test]
fn double_precision() {
    check::<f64>(4e-16);
}

#[test]
fn what_leaves_the_product_no_place_stays_apart() {
    let case = (1, 40, 64, 20, false, false);
    let batch = Batch::Regular(1, BatchStrides { a: 0, b: 0, c: 0 });
    let makes =
        |pass: &Pass| ProductKernel::<f32>::with_pass(&batch, shape(case), pass, Target::from(Isa::detect())).is_some();
    let relu = pass(What::Relu, [1, 40, 64], DType::F32);
    assert!(makes(&relu));
    assert!(!makes(&Pass { hosts: 0, ..relu.clone() }), "the only output is taken");
    let value = relu.outputs[0].value;
    let rows = MapOutput::reduce(value, DType::F32, Reduce::Sum, Axes::Trailing(1));
    assert!(!makes(&Pass { outputs: vec![relu.outputs[0], rows], ..relu.clone() }), "joined along the rows");
    assert!(!makes(&Pass { outputs: vec![MapOutput::store(value, DType::F64)], ..relu }), "of another type");
}
