//! An op of the user's own through the seams alone: its kernel is made where it stands, sees inputs as they lie, and is
//! told which of its outputs somebody reads; another one sums windows and takes in the bias and activation after it, and a
//! third hands over its rows as they are finished, so that whatever is elementwise ends them.

#[path = "support/targets.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod targets;

use ferrograd_graph::op::{
    Activation, Backward, ByRows, End, Epilogue, Fault, Gradients, Io, Kernel, Layout, Layouts, Lowering, Op, Recipe,
    RowKernel, Site, Specs,
};
use ferrograd_graph::ops::{add, mul, relu, sum, tanh, transpose};
use ferrograd_graph::{DType, Request, Result, Shape, Spec, Tensor, compile};
use ferrograd_kernels::threads::Threads;
use smallvec::smallvec;
use std::sync::Arc;
use targets::sets;

/// `sum = Σ x`, `last = x[-1, -1]` of a matrix, read where it lies.
#[derive(Debug)]
struct SumAndLast;

impl Op for SumAndLast {
    fn name(&self) -> &'static str {
        "sumAndLast"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let scalar = Spec::new([0; 0], inputs[0].dtype);
        Ok(smallvec![scalar.clone(), scalar])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::Kernel(Box::new(Strided { sizes: [inputs[0].shape[0], inputs[0].shape[1]] }))
    }

    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![None])
    }
}

#[derive(Debug)]
struct Strided {
    sizes: [usize; 2],
}

impl Recipe for Strided {
    fn layouts(&self) -> Layouts {
        Layouts::Any
    }

    fn cpu(&self, site: &Site<'_>) -> Box<dyn Kernel> {
        Box::new(Walk { sizes: self.sizes, x: site.inputs[0].clone(), live: site.live })
    }
}

struct Walk {
    sizes: [usize; 2],
    x: Layout,
    live: u64,
}

impl Kernel for Walk {
    fn name(&self) -> &'static str {
        "walk"
    }

    fn describe(&self) -> Option<String> {
        Some(format!("offset {}, strides {:?}, live {:02b}", self.x.offset, self.x.strides, self.live))
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let (x, [rows, cols]) = (io.input::<f64>(0), self.sizes);
        let at = |i: usize, j: usize| {
            x[(self.x.offset as isize + i as isize * self.x.strides[0] + j as isize * self.x.strides[1]) as usize]
        };
        if self.live & 1 != 0 {
            io.output::<f64>(0)[0] = (0..rows).map(|i| (0..cols).map(|j| at(i, j)).sum::<f64>()).sum();
        }
        if self.live & 2 != 0 {
            io.output::<f64>(1)[0] = at(rows - 1, cols - 1);
        }
        Ok(())
    }
}

#[test]
fn a_kernel_is_made_for_the_place_where_it_stands() {
    for target in sets() {
        let x = Tensor::from_slice([2, 3], &[1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let turned = transpose(&x, &[1, 0]).unwrap();
        let cut = ferrograd_graph::ops::slice(&turned, &[1, 0], &[2, 2], &[1, 1]).unwrap();
        let both = Tensor::apply_all(Arc::new(SumAndLast), smallvec![cut]).unwrap();
        for (outputs, live, expected) in
            [(vec![both[0].clone()], "01", vec![16.0]), (vec![both[1].clone(), both[0].clone()], "11", vec![6.0, 16.0])]
        {
            let request = Request { inputs: &[], outputs: &outputs, updates: &[], guard: None };
            let program = compile(&request, target).unwrap();
            let kernels = program.kernels();
            let details: Vec<&str> = kernels.iter().map(|kernel| kernel.detail.as_str()).collect();
            assert_eq!(details, [format!("offset 1, strides [1, 3], live {live}")], "nothing is copied first");
            let values = program.run(&[], &Threads::serial()).unwrap();
            for (value, expected) in values.iter().zip(expected) {
                assert_eq!(value.as_slice::<f64>()[0], expected);
            }
        }
        assert_eq!(x.dtype(), DType::F64);
    }
}

/// `y[i, j] = x[i, j] + x[i + 1, j]`: the sum of each window of two rows.
#[derive(Debug)]
struct PairSums;

impl Op for PairSums {
    fn name(&self) -> &'static str {
        "pairSums"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        Ok(smallvec![Spec::new([inputs[0].shape[0] - 1, inputs[0].shape[1]], inputs[0].dtype)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        Lowering::Kernel(Box::new(Pairs { cols: inputs[0].shape[1], epilogue: Epilogue::NONE }))
    }

    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![None])
    }
}

#[derive(Clone, Debug)]
struct Pairs {
    cols: usize,
    epilogue: Epilogue,
}

impl Recipe for Pairs {
    fn with_epilogue(&self, epilogue: Epilogue) -> Option<Box<dyn Recipe>> {
        let known = matches!(epilogue.activation, Activation::None | Activation::Relu);
        (known && self.epilogue == Epilogue::NONE)
            .then(|| Box::new(Pairs { epilogue, ..self.clone() }) as Box<dyn Recipe>)
    }

    fn cpu(&self, _: &Site<'_>) -> Box<dyn Kernel> {
        Box::new(self.clone())
    }
}

impl Kernel for Pairs {
    fn name(&self) -> &'static str {
        "pairs"
    }

    fn describe(&self) -> Option<String> {
        Some(format!("windows of 2{}", self.epilogue.describe()))
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let (x, y) = (io.input::<f64>(0), io.output::<f64>(0));
        let bias = self.epilogue.bias.then(|| io.input::<f64>(1));
        for (at, y) in y.iter_mut().enumerate() {
            let sum = x[at] + x[at + self.cols] + bias.map_or(0.0, |bias| bias[at % self.cols]);
            *y = if self.epilogue.activation == Activation::Relu { sum.max(0.0) } else { sum };
        }
        Ok(())
    }
}

#[test]
fn a_kernel_takes_in_the_bias_and_the_activation_after_it() {
    for target in sets() {
        let x = Tensor::from_slice([3, 2], &[1.0f64, 2.0, 3.0, -4.0, -5.0, 6.0]);
        let bias = Tensor::from_slice([2], &[0.5f64, -1.0]);
        let sums = Tensor::apply(PairSums, &[&x]).unwrap();
        let biased = add(&sums, &bias).unwrap();
        for (y, steps, expected) in [
            (relu(&biased).unwrap(), vec!["windows of 2 + bias, relu"], [4.5, 0.0, 0.0, 1.0]),
            (relu(&sums).unwrap(), vec!["windows of 2, relu"], [4.0, 0.0, 0.0, 2.0]),
            (biased.clone(), vec!["windows of 2 + bias"], [4.5, -3.0, -1.5, 1.0]),
        ] {
            let request = Request { inputs: &[], outputs: &[y], updates: &[], guard: None };
            let program = compile(&request, target).unwrap();
            let kernels = program.kernels();
            assert_eq!(kernels.iter().map(|kernel| kernel.detail.as_str()).collect::<Vec<_>>(), steps);
            let values = program.run(&[], &Threads::serial()).unwrap();
            assert_eq!(values[0].as_slice::<f64>()[..4], expected);
        }
        let tanh = ferrograd_graph::ops::tanh(&biased).unwrap();
        let request = Request { inputs: &[], outputs: &[tanh], updates: &[], guard: None };
        let names: Vec<_> = compile(&request, target).unwrap().step_names().map(str::to_owned).collect();
        assert_eq!(names[0], "pairs", "what it does not know stays a pass of its own: {names:?}");
        assert_eq!(names.len(), 2);
    }
}

/// `y[i, …, j] = x[i, …, j] + x[i + 1, …, j]`: the sum of each window of two along the first axis.
#[derive(Debug)]
struct Neighbours;

impl Op for Neighbours {
    fn name(&self) -> &'static str {
        "neighbours"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let shape = &inputs[0].shape;
        let sums: Shape = std::iter::once(shape[0] - 1).chain(shape[1..].iter().copied()).collect();
        Ok(smallvec![Spec::new(sums, inputs[0].dtype)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let shape = &inputs[0].shape;
        let (count, cols) = (shape[0] - 1, shape[shape.rank() - 1]);
        Lowering::Kernel(Box::new(Windows { count, rows: shape.size() / shape[0] / cols, cols }))
    }

    fn gradient(&self, _: &Backward<'_>) -> Result<Gradients> {
        Ok(smallvec![None])
    }
}

/// So many windows of so many rows each.
#[derive(Clone, Debug)]
struct Windows {
    count: usize,
    rows: usize,
    cols: usize,
}

impl Windows {
    /// A window, by its number.
    fn sum(&self, x: &[f64], window: usize, y: &mut [f64]) {
        let (len, start) = (y.len(), window * y.len());
        let pairs = x[start..start + len].iter().zip(&x[start + len..]);
        y.iter_mut().zip(pairs).for_each(|(y, (a, b))| *y = a + b);
    }
}

impl Recipe for Windows {
    fn by_rows(&self, _: &Site<'_>) -> Option<RowKernel> {
        Some(RowKernel::F64(Box::new(self.clone())))
    }

    fn cpu(&self, _: &Site<'_>) -> Box<dyn Kernel> {
        Box::new(self.clone())
    }
}

impl Kernel for Windows {
    fn name(&self) -> &'static str {
        "neighbours"
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let (x, y) = (io.input::<f64>(0), io.output::<f64>(0));
        y.chunks_exact_mut(self.rows * self.cols).enumerate().for_each(|(window, y)| self.sum(x, window, y));
        Ok(())
    }
}

impl ByRows<f64> for Windows {
    fn starts(&self) -> Vec<usize> {
        (0..=self.count).map(|window| window * self.rows).collect()
    }

    fn run_by_rows(&self, io: &Io<'_>, y: &mut [f64], _: &mut [f64], end: &End<'_, f64>) {
        let (x, chunks) = (io.input::<f64>(0), ferrograd_kernels::threads::split(self.count, 1));
        io.threads().for_each_part(chunks, y, self.rows * self.cols, |windows, y| {
            for (window, y) in windows.zip(y.chunks_exact_mut(self.rows * self.cols)) {
                self.sum(x, window, y);
                end(y);
            }
        });
    }
}

fn given(shape: &[usize], turn: usize) -> Tensor {
    let numbers = |i: usize| ((i * 37 + turn * 11) % 23) as f64 / 8.0 - 1.5;
    let numbers: Vec<f64> = (0..shape.iter().product()).map(numbers).collect();
    Tensor::from_slice(Shape::new(shape), &numbers)
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    tensor.evaluated().expect("given").as_slice::<f64>()[..tensor.shape().size()].to_vec()
}

#[test]
fn a_kernel_that_hands_over_its_rows_ends_with_whatever_is_elementwise() {
    let (x, bias, residual) = (given(&[5, 90, 40], 1), given(&[40], 2), given(&[4, 90, 40], 3));
    let sums = Tensor::apply(Neighbours, &[&x]).unwrap();
    let y = relu(&add(&add(&sums, &bias).unwrap(), &residual).unwrap()).unwrap();
    let outputs = [y.clone(), sum(&mul(&y, &y).unwrap(), &[0, 1], false).unwrap()];
    let (x, bias, residual) = (numbers(&x), numbers(&bias), numbers(&residual));
    let expected: Vec<f64> =
        (0..4 * 3600).map(|at| (x[at] + x[at + 3600] + bias[at % 40] + residual[at]).max(0.0)).collect();
    for target in sets() {
        let request = Request { inputs: &[], outputs: &outputs, updates: &[], guard: None };
        let program = compile(&request, target).unwrap();
        assert_eq!(program.step_names().collect::<Vec<_>>(), ["neighbours"], "{:?}", program.kernels());
        for threads in [Threads::serial(), Threads::new(3)] {
            let values = program.run(&[], &threads).unwrap();
            assert_eq!(values[0].as_slice::<f64>()[..4 * 3600], expected);
            for (column, sum) in values[1].as_slice::<f64>()[..40].iter().enumerate() {
                let squares: f64 = expected.iter().skip(column).step_by(40).map(|y| y * y).sum();
                assert!((sum - squares).abs() <= 1e-13 * squares, "column {column}: {sum} for {squares}");
            }
        }
    }
}

#[test]
fn rows_that_others_read_too_are_stored_beside_what_ends_them() {
    let x = given(&[5, 90, 40], 1);
    let sums = Tensor::apply(Neighbours, &[&x]).unwrap();
    let turned = transpose(&sums, &[2, 1, 0]).unwrap();
    let outputs = [tanh(&sums).unwrap(), add(&turned, &turned).unwrap(), sums];
    for target in sets() {
        let request = Request { inputs: &[], outputs: &outputs, updates: &[], guard: None };
        let program = compile(&request, target).unwrap();
        let names: Vec<_> = program.step_names().collect();
        assert_eq!(names, ["neighbours", "map"], "{:?}", program.kernels());
        let values = program.run(&[], &Threads::new(2)).unwrap();
        let (x, [tanh, twice, sums]) = (numbers(&x), [0, 1, 2].map(|i| values[i].as_slice::<f64>()));
        for at in 0..4 * 3600 {
            assert_eq!(sums[at], x[at] + x[at + 3600]);
            assert!((tanh[at] - sums[at].tanh()).abs() < 1e-14);
            let [i, j, k] = [at / 3600, at / 40 % 90, at % 40];
            assert_eq!(twice[(k * 90 + j) * 4 + i], 2.0 * sums[at]);
        }
    }
}
