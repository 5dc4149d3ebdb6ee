//! Bias and activation run inside the product or the convolution, whatever else is elementwise over each block of its rows,
//! and change nothing but the number of steps, on every instruction set and at any number of threads.

#[path = "support/targets.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod targets;

use ferrograd_graph::gradient::gradient;
use ferrograd_graph::ops::{self, Steps, add, convolution, matmul};
use ferrograd_graph::{DType, Request, Spec, Tensor, compile, evaluate};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use std::sync::Arc;
use targets::sets;

type Function = fn(&Tensor) -> ferrograd_graph::Result<Tensor>;

const FUNCTIONS: [Function; 5] = [|x| Ok(x.clone()), ops::relu, ops::sigmoid, ops::tanh, ops::softplus];

fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|i| ((i * 37) % 23) as f64 / 11.0 - 1.0).collect()
}

fn given(shape: &[usize]) -> Tensor {
    let size = shape.iter().product();
    Tensor::from_slice(ferrograd_graph::Shape::new(shape), &numbers(size))
}

/// The numbers of `f` of the numbers of `x`, so that nothing can be fused with what came before.
fn apart(f: impl Fn(&Tensor) -> ferrograd_graph::Result<Tensor>, x: &Tensor, target: Target) -> Tensor {
    let value = evaluate(std::slice::from_ref(x), target).unwrap().remove(0);
    f(&Tensor::value(x.spec().clone(), value)).unwrap()
}

fn read(tensor: &Tensor, target: Target) -> Vec<f64> {
    let memory = evaluate(std::slice::from_ref(tensor), target).unwrap().remove(0);
    memory.as_slice::<f64>()[..tensor.shape().size()].to_vec()
}

#[test]
fn the_numbers_are_those_of_the_ops_one_by_one() {
    for target in sets() {
        for (a, b) in [(vec![5, 7], vec![7, 3]), (vec![2, 5, 7], vec![7, 3]), (vec![2, 1, 5, 7], vec![3, 7, 3])] {
            let (a, b, bias) = (given(&a), given(&b), given(&[3]));
            for function in FUNCTIONS {
                let product = matmul(&a, &b, false, false).unwrap();
                let whole = read(&function(&add(&product, &bias).unwrap()).unwrap(), target);
                let parts = read(&apart(function, &apart(|x| add(&bias, x), &product, target), target), target);
                for (whole, part) in whole.iter().zip(&parts) {
                    assert!((whole - part).abs() <= 1e-13 * part.abs().max(1.0), "{whole} for {part}");
                }
            }
        }
    }
}

#[test]
fn a_convolution_ends_with_them_in_one_step() {
    let padded = Steps { padding: vec![(1, 1); 2], ..Steps::plain(2) };
    let cases = [
        (vec![2, 5, 4, 3], vec![3, 3, 3, 6], &padded, 1),
        (vec![2, 5, 4, 4], vec![3, 3, 2, 6], &padded, 2),
        (vec![2, 5, 4, 3], vec![1, 1, 3, 5], &Steps::plain(2), 1),
        (vec![2, 5, 4, 3], vec![3, 3, 1, 3], &padded, 3),
        (vec![2, 5, 4, 3], vec![3, 3, 1, 6], &padded, 3),
    ];
    for target in sets() {
        for (x, w, steps, groups) in &cases {
            let (x, w, bias) = (given(x), given(w), given(&w[3..]));
            for function in FUNCTIONS {
                let product = convolution(&x, &w, steps, *groups).unwrap();
                let whole = function(&add(&product, &bias).unwrap()).unwrap();
                let parts = read(&apart(function, &apart(|x| add(&bias, x), &product, target), target), target);
                let request = Request { inputs: &[], outputs: &[whole], updates: &[], guard: None };
                let program = compile(&request, target).unwrap();
                assert_eq!(program.step_names().collect::<Vec<_>>(), [kernel_of(&w)]);
                let values = program.run(&[], &Threads::new(2)).unwrap();
                for (whole, part) in values[0].as_slice::<f64>().iter().zip(&parts) {
                    assert!((whole - part).abs() <= 1e-13 * part.abs().max(1.0), "{whole} for {part}");
                }
            }
        }
    }
}

/// What a program is made of, and what it gives on one thread, held to be the same on three.
fn run(outputs: &[Tensor], target: Target) -> (Vec<String>, Vec<Vec<f64>>) {
    let program = compile(&Request { inputs: &[], outputs, updates: &[], guard: None }, target).unwrap();
    let values = |threads: &Threads| -> Vec<Vec<f64>> {
        let values = program.run(&[], threads).unwrap();
        outputs.iter().zip(values).map(|(y, value)| value.as_slice::<f64>()[..y.shape().size()].to_vec()).collect()
    };
    let serial = values(&Threads::serial());
    let bits = |values: &[Vec<f64>]| values.iter().flatten().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&serial), bits(&values(&Threads::new(3))), "bits by threads");
    (program.step_names().map(str::to_owned).collect(), serial)
}

fn near(got: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len());
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got - expected).abs() <= tolerance * expected.abs().max(1.0), "{what} {at}: {got} for {expected}");
    }
}

/// Few channels, many, few columns, a filter for each channel, a place alone; with lines that are cut.
fn pictures() -> Vec<([usize; 4], [usize; 4], Steps, usize)> {
    let padded = |kernel: usize| Steps { padding: vec![(kernel / 2, kernel / 2); 2], ..Steps::plain(2) };
    let strided = Steps { strides: vec![2, 2], ..padded(3) };
    vec![
        ([2, 9, 8, 3], [3, 3, 3, 6], padded(3), 1),
        ([3, 20, 21, 16], [3, 3, 16, 40], padded(3), 1),
        ([2, 44, 127, 3], [5, 5, 3, 2], padded(5), 1),
        ([2, 9, 8, 17], [3, 3, 17, 17], strided, 1),
        ([3, 30, 31, 12], [3, 3, 1, 12], padded(3), 12),
        ([3, 30, 31, 20], [1, 1, 20, 40], Steps::plain(2), 1),
    ]
}

/// Windows of one place are rows of a matrix.
fn kernel_of(filter: &Tensor) -> &'static str {
    if filter.shape()[..2] == [1, 1] { "matmul" } else { "convolution" }
}

#[test]
fn normalisation_residual_and_activation_end_a_convolution_and_its_sums_are_made_on_the_way() {
    for target in sets() {
        for (x, w, steps, groups) in pictures() {
            let (x, w) = (given(&x), given(&w));
            let z = convolution(&x, &w, &steps, groups).unwrap();
            let (filters, rows) = (z.shape()[3], [0, 1, 2]);
            let [mean, root, beta] = [1, 2, 3].map(|turn| {
                Tensor::from_slice(
                    [filters],
                    &numbers(filters + turn)[turn..].iter().map(|x| x + 1.5).collect::<Vec<_>>(),
                )
            });
            let residual = given(z.shape());
            let scaled = ops::mul(&(&z - &mean), &root).unwrap() + &beta;
            let y = ops::relu(&(&scaled + &residual)).unwrap();
            let squares = ops::sum(&ops::square(&y).unwrap(), &rows, false).unwrap();
            let (names, values) = run(&[y.clone(), squares], target);
            assert_eq!(names, [kernel_of(&w)], "{x:?} by {w:?}");
            let (z, mean, root, beta, residual) = (
                read(&z, target),
                read(&mean, target),
                read(&root, target),
                read(&beta, target),
                read(&residual, target),
            );
            let expected = |at: usize| {
                let column = at % filters;
                ((z[at] - mean[column]) * root[column] + beta[column] + residual[at]).max(0.0)
            };
            let expected: Vec<f64> = (0..z.len()).map(expected).collect();
            near(&values[0], &expected, 1e-12, "element");
            let squares = |column: usize| expected.iter().skip(column).step_by(filters).map(|y| y * y).sum();
            near(&values[1], &(0..filters).map(squares).collect::<Vec<f64>>(), 1e-11, "column");
        }
    }
}

#[test]
fn a_convolution_that_others_read_is_stored_beside_the_mean_of_a_batch() {
    for target in sets() {
        for (x, w, steps, groups) in pictures() {
            let (x, w) = (given(&x), given(&w));
            let z = convolution(&x, &w, &steps, groups).unwrap();
            let mean = ops::mean(&z, &[0, 1, 2], true).unwrap();
            let y = &z - &mean;
            let variance = ops::mean(&ops::square(&y).unwrap(), &[0, 1, 2], false).unwrap();
            let (names, values) = run(&[y.clone(), variance], target);
            assert_eq!(names, [kernel_of(&w), "map"], "{x:?} by {w:?}");
            let (filters, z) = (z.shape()[3], read(&z, target));
            let count = (z.len() / filters) as f64;
            let mean = |column: usize| z.iter().skip(column).step_by(filters).sum::<f64>() / count;
            let means: Vec<f64> = (0..filters).map(mean).collect();
            let expected: Vec<f64> = z.iter().enumerate().map(|(at, z)| z - means[at % filters]).collect();
            near(&values[0], &expected, 1e-12, "element");
            let variance = |column: usize| expected.iter().skip(column).step_by(filters).map(|y| y * y).sum::<f64>();
            near(&values[1], &(0..filters).map(|c| variance(c) / count).collect::<Vec<f64>>(), 1e-11, "column");
        }
    }
}

#[test]
fn a_pass_that_waits_for_another_reader_of_a_convolution_comes_behind_both() {
    for target in sets() {
        for (x, w, steps, groups) in pictures() {
            let (x, w) = (given(&x), given(&w));
            let z = convolution(&x, &w, &steps, groups).unwrap();
            let mean = ops::mean(&z, &[0, 1, 2, 3], false).unwrap();
            let (names, values) = run(&[&z - &mean], target);
            assert_eq!(names, [kernel_of(&w), "map", "map"], "{x:?} by {w:?}");
            let z = read(&z, target);
            let mean = z.iter().sum::<f64>() / z.len() as f64;
            near(&values[0], &z.iter().map(|z| z - mean).collect::<Vec<_>>(), 1e-12, "element");
        }
    }
}

#[test]
fn the_gradient_of_a_picture_ends_with_the_residual_the_slope_and_the_gradient_of_the_bias() {
    for target in sets() {
        for (x, w, steps, groups) in pictures().into_iter().filter(|case| case.2.strides == [1, 1]) {
            let (before, w, bias) = (given(&x), given(&w), given(&x[3..]));
            let y = ops::relu(&add(&before, &bias).unwrap()).unwrap();
            let z = convolution(&y, &w, &steps, groups).unwrap();
            let (dz, dy) = (given(z.shape()), given(y.shape()));
            // Past the convolution the gradient goes, too.
            let loss = ops::sum(&(&z * &dz), &[0, 1, 2, 3], false).unwrap()
                + ops::sum(&(&y * &dy), &[0, 1, 2, 3], false).unwrap();
            let gradients = gradient(&loss, &[before.clone(), bias], None).unwrap();
            let outputs: Vec<Tensor> = gradients.into_iter().map(Option::unwrap).collect();
            let (names, values) = run(&outputs, target);
            assert_eq!(names, [kernel_of(&w)], "{x:?}");
            let through = gradient(&z, std::slice::from_ref(&y), Some(&dz)).unwrap().remove(0).unwrap();
            let (y, dy, through) = (read(&y, target), read(&dy, target), read(&through, target));
            let expected = |at: usize| if y[at] > 0.0 { through[at] + dy[at] } else { 0.0 };
            let expected: Vec<f64> = (0..y.len()).map(expected).collect();
            near(&values[0], &expected, 1e-12, "element");
            let sum = |column: usize| expected.iter().skip(column).step_by(x[3]).sum();
            near(&values[1], &(0..x[3]).map(sum).collect::<Vec<f64>>(), 1e-11, "column");
        }
    }
}

#[test]
fn the_gradient_of_max_pooling_ends_with_the_slope_and_the_gradient_of_the_bias() {
    let pool = |size: usize, stride: usize| {
        let steps = Steps { strides: vec![stride; 2], ..Steps::plain(2) };
        ops::Pool { sizes: vec![size; 2], steps }
    };
    for target in sets() {
        for pool in [pool(2, 2), pool(3, 1), pool(2, 3)] {
            let (before, bias) = (given(&[3, 23, 22, 5]), given(&[5]));
            let y = ops::relu(&add(&before, &bias).unwrap()).unwrap();
            let z = ops::max_pool(&y, &pool).unwrap();
            let dz = given(z.shape());
            let gradients = gradient(&z, &[before.clone(), bias], Some(&dz)).unwrap();
            let outputs: Vec<Tensor> = gradients.into_iter().map(Option::unwrap).collect();
            let (names, values) = run(&outputs, target);
            assert_eq!(names, ["map", "maxPoolPlaces"], "{pool:?}");
            let through = gradient(&z, std::slice::from_ref(&y), Some(&dz)).unwrap().remove(0).unwrap();
            let (y, through) = (read(&y, target), read(&through, target));
            let expected: Vec<f64> = (0..y.len()).map(|at| if y[at] > 0.0 { through[at] } else { 0.0 }).collect();
            near(&values[0], &expected, 0.0, "element");
            let sum = |column: usize| expected.iter().skip(column).step_by(5).sum();
            near(&values[1], &(0..5).map(sum).collect::<Vec<f64>>(), 1e-12, "column");
        }
    }
}

#[test]
fn pictures_are_pooled_as_soon_as_they_are_there() {
    let pools = [(2, 2), (3, 1), (2, 3)].map(|(size, stride)| {
        let steps = Steps { strides: vec![stride; 2], ..Steps::plain(2) };
        ops::Pool { sizes: vec![size; 2], steps }
    });
    for target in sets() {
        for (x, w, steps, groups) in pictures() {
            let (x, w) = (given(&x), given(&w));
            let z = convolution(&x, &w, &steps, groups).unwrap();
            let z = ops::relu(&add(&z, &given(&w.shape()[3..])).unwrap()).unwrap();
            let whole = read(&z, target);
            for (pooling, pool) in
                [ops::max_pool, ops::average_pool].into_iter().flat_map(|f| pools.iter().map(move |pool| (f, pool)))
            {
                let expected = read(&apart(|z| pooling(z, pool), &z, target), target);
                let y = pooling(&z, pool).unwrap();
                let (names, values) = run(std::slice::from_ref(&y), target);
                assert_eq!(names, [kernel_of(&w)], "{x:?} by {w:?}");
                near(&values[0], &expected, 0.0, "pooled");
                // Kept, where others read it.
                let (names, values) = run(&[z.clone(), y], target);
                assert_eq!(names, [kernel_of(&w)], "{x:?} by {w:?}");
                near(&values[0], &whole, 0.0, "element");
                near(&values[1], &expected, 0.0, "pooled");
                // A pass behind both reads what is pooled.
                let (names, values) = run(&[ops::square(&pooling(&z, pool).unwrap()).unwrap()], target);
                assert_eq!(names, [kernel_of(&w), "map"], "{x:?} by {w:?}");
                near(&values[0], &expected.iter().map(|y| y * y).collect::<Vec<_>>(), 0.0, "square");
            }
        }
    }
}

/// Products of matrices in one block of rows and in several, with operands that are packed and read in place.
const MATRICES: [(usize, usize, usize); 3] = [(40, 30, 20), (150, 70, 90), (130, 200, 130)];

#[test]
fn bias_normalisation_residual_mask_and_activation_end_a_product_and_its_sums_are_made_on_the_way() {
    for target in sets() {
        for (rows, cols, depth) in MATRICES {
            let z =
                add(&matmul(&given(&[rows, depth]), &given(&[depth, cols]), false, false).unwrap(), &given(&[cols]));
            let (z, scale, residual) = (z.unwrap(), given(&[cols]), given(&[rows, cols]));
            let mask = ops::cast(
                &ops::greater(&given(&[rows, cols]), &Tensor::fill([], DType::F64, 0.2)).unwrap(),
                DType::F64,
            );
            let x = ops::mul(&(&ops::mul(&z, &scale).unwrap() + &residual), &mask.unwrap()).unwrap();
            let y = ops::mul(&x, &ops::sigmoid(&x).unwrap()).unwrap();
            let [by_column, by_row] = [0, 1].map(|axis| ops::sum(&ops::square(&y).unwrap(), &[axis], false).unwrap());
            let outputs = [y.clone(), by_column, by_row];
            let (names, values) = run(&outputs, target);
            assert_eq!(names, ["matmul"], "{rows}×{depth} · {depth}×{cols}");
            let [z, scale, residual] = [&z, &scale, &residual].map(|x| read(x, target));
            let expected = |at: usize| {
                let mask = f64::from(u8::from(numbers(rows * cols)[at] > 0.2));
                let x = (z[at] * scale[at % cols] + residual[at]) * mask;
                x / (1.0 + (-x).exp())
            };
            let expected: Vec<f64> = (0..rows * cols).map(expected).collect();
            near(&values[0], &expected, 1e-11, "element");
            let sum = |of: &dyn Fn(usize) -> bool| {
                expected.iter().enumerate().filter(|(at, _)| of(*at)).map(|(_, y)| y * y).sum::<f64>()
            };
            let columns: Vec<f64> = (0..cols).map(|col| sum(&|at| at % cols == col)).collect();
            let sums: Vec<f64> = (0..rows).map(|row| sum(&|at| at / cols == row)).collect();
            near(&values[1], &columns, 1e-10, "column");
            near(&values[2], &sums, 1e-10, "row");
        }
    }
}

#[test]
fn the_rows_of_many_matrices_by_one_are_one_product_that_ends_with_them() {
    for target in sets() {
        for (rows, cols, depth) in MATRICES {
            let (x, w) = (given(&[3, 2, rows, depth]), given(&[depth, cols]));
            let z = matmul(&x, &w, false, false).unwrap();
            let y = ops::tanh(&(&z + &given(z.shape()))).unwrap();
            let sums = ops::sum(&y, &[0, 1, 2], false).unwrap();
            let (names, values) = run(&[y, sums], target);
            assert_eq!(names, ["matmul"], "{rows}×{depth} · {depth}×{cols}");
            let (z, residual) = (read(&z, target), numbers(6 * rows * cols));
            let expected: Vec<f64> = z.iter().zip(residual).map(|(z, x)| (z + x).tanh()).collect();
            near(&values[0], &expected, 1e-11, "element");
            let sum = |col: usize| expected.iter().skip(col).step_by(cols).sum();
            near(&values[1], &(0..cols).map(sum).collect::<Vec<f64>>(), 1e-10, "column");
            // A row each, from the ends of longer ones and from one that all share, is as tall.
            let last = ops::slice(&x, &[0, 0, rows - 1, 0], &[3, 2, 1, depth], &[1; 4]).unwrap();
            let same = ops::broadcast_to(&given(&[1, 1, 1, depth]), &[3, 40, 1, depth].into()).unwrap();
            let one = given(&[rows, 1, depth]);
            for x in [last, same, one] {
                let z = matmul(&x, &w, false, false).unwrap();
                let (_, values) = run(&[ops::tanh(&(&z + &given(z.shape()))).unwrap()], target);
                let z = read(&z, target);
                let expected = z.iter().zip(numbers(z.len())).map(|(z, x)| (z + x).tanh());
                near(&values[0], &expected.collect::<Vec<f64>>(), 1e-11, "row");
            }
            // A matrix for each is many products, and so is one that is read turned.
            let many = matmul(&x, &given(&[3, 2, depth, cols]), false, false).unwrap();
            let turned = matmul(&given(&[3, 2, depth, rows]), &w, true, false).unwrap();
            for z in [many, turned] {
                let (names, values) = run(&[ops::tanh(&(&z + &given(z.shape()))).unwrap()], target);
                assert_eq!(names, ["matmul", "map"]);
                let expected = read(&z, target).into_iter().zip(numbers(6 * rows * cols)).map(|(z, x)| (z + x).tanh());
                near(&values[0], &expected.collect::<Vec<f64>>(), 1e-11, "element");
            }
        }
    }
}

#[test]
fn the_gradient_of_sparse_cross_entropy_is_one_pass_over_its_rows() {
    for target in sets() {
        // Short rows, blocks of many, rows longer than a block.
        for (rows, classes) in [(7, 5), (300, 700), (3, 30_000)] {
            let (x, dy) = (given(&[rows, classes]), given(&[rows]));
            let labels: Vec<i32> = (0..rows).map(|row| (row * 11 % classes) as i32).collect();
            let labels = Tensor::from_slice([rows], &labels);
            let loss = ops::sparse_softmax_cross_entropy(&x, &labels).unwrap();
            let dx = gradient(&loss, std::slice::from_ref(&x), Some(&dy)).unwrap().remove(0).unwrap();
            let (names, values) = run(&[dx], target);
            assert_eq!(names.iter().filter(|name| *name == "softmax").count(), 1, "{names:?}");
            let wide = names.iter().filter(|name| ["softmax", "map", "oneHot"].contains(&name.as_str())).count();
            assert!(wide <= 2, "{names:?}: a pass over labels at the most, beside the rows");
            let (y, dy) = (read(&ops::softmax(&x).unwrap(), target), read(&dy, target));
            let expected = |at: usize| {
                let (row, class) = (at / classes, at % classes);
                (y[at] - f64::from(u8::from(class == row * 11 % classes))) * dy[row]
            };
            near(&values[0], &(0..y.len()).map(expected).collect::<Vec<f64>>(), 1e-14, "element");
        }
    }
}

/// Of two classes whose numbers are one float32, the label alone is hit.
#[test]
fn the_gradient_of_sparse_cross_entropy_tells_classes_apart_that_floats_do_not() {
    let (classes, label) = ((1 << 24) + 2, (1 << 24) + 1);
    let x = Tensor::fill(ferrograd_graph::Shape::new(&[1, classes]), DType::F32, 0.0);
    let labels = Tensor::from_slice([1], &[label as i32]);
    let loss = ops::sparse_softmax_cross_entropy(&x, &labels).unwrap();
    let dy = Tensor::fill(ferrograd_graph::Shape::new(&[1]), DType::F32, 1.0);
    let dx = gradient(&loss, std::slice::from_ref(&x), Some(&dy)).unwrap().remove(0).unwrap();
    let last = ops::slice(&dx, &[0, label - 1], &[1, 2], &[1, 1]).unwrap();
    let program =
        compile(&Request { inputs: &[], outputs: &[last], updates: &[], guard: None }, Target::detect()).unwrap();
    let values = program.run(&[], &Threads::new(2)).unwrap();
    let [before, hit] = *values[0].as_slice::<f32>() else { panic!("two numbers") };
    assert!(before.abs() < 1e-6 && hit < -0.99, "{before} {hit}");
}

#[test]
fn a_product_that_others_read_is_stored_beside_what_becomes_of_it() {
    for target in sets() {
        for (rows, cols, depth) in MATRICES {
            let z = matmul(&given(&[rows, depth]), &given(&[depth, cols]), false, false).unwrap();
            let y = ops::exp(&(&z - &given(&[cols]))).unwrap();
            let (names, values) = run(&[z.clone(), y], target);
            assert_eq!(names, ["matmul"], "{rows}×{depth} · {depth}×{cols}");
            let (z, less) = (read(&z, target), numbers(cols));
            near(&values[0], &z, 0.0, "product");
            let expected: Vec<f64> = z.iter().enumerate().map(|(at, z)| (z - less[at % cols]).exp()).collect();
            near(&values[1], &expected, 1e-11, "element");
        }
    }
}

#[test]
fn a_dense_layer_is_one_step() {
    for target in sets() {
        let specs = [[32, 64], [64, 10]].map(|shape| Spec::new(shape, DType::F32));
        let [x, w] = specs.map(Tensor::placeholder);
        let bias = Tensor::placeholder(Spec::new([10], DType::F32));
        let y = ops::relu(&add(&matmul(&x, &w, false, false).unwrap(), &bias).unwrap()).unwrap();
        let request = Request { inputs: &[x, w, bias], outputs: &[y], updates: &[], guard: None };
        let program = compile(&request, target).unwrap();
        assert_eq!(program.step_names().collect::<Vec<_>>(), ["matmul"]);
    }
}

#[test]
fn a_sum_that_is_read_elsewhere_is_there() {
    for target in sets() {
        let (a, b, bias) = (given(&[4, 3]), given(&[3, 2]), given(&[2]));
        let sum = add(&matmul(&a, &b, false, false).unwrap(), &bias).unwrap();
        let outputs = [ops::relu(&sum).unwrap(), sum];
        let request = Request { inputs: &[], outputs: &outputs, updates: &[], guard: None };
        let program = compile(&request, target).unwrap();
        let values: Vec<Arc<Memory>> = program.run(&[], &Threads::serial()).unwrap();
        for (relu, sum) in values[0].as_slice::<f64>().iter().zip(values[1].as_slice::<f64>()) {
            assert_eq!(*relu, sum.max(0.0));
        }
        assert!(values[1].as_slice::<f64>().iter().any(|&sum| sum < 0.0));
    }
}

#[test]
fn a_backward_product_ends_with_the_slope_and_the_gradient_of_the_bias() {
    for target in sets() {
        let slopes = [
            (ops::relu as Function, (|y| f64::from(u8::from(y > 0.0))) as fn(f64) -> f64),
            (ops::sigmoid, |y| y * (1.0 - y)),
            (ops::tanh, |y| 1.0 - y * y),
        ];
        let (x, w, bias) = (given(&[60, 20]), given(&[20, 70]), given(&[70]));
        let (w2, dz) = (given(&[70, 30]), given(&[60, 30]));
        for (function, slope) in slopes {
            let before = add(&matmul(&x, &w, false, false).unwrap(), &bias).unwrap();
            let y = function(&before).unwrap();
            let z = matmul(&y, &w2, false, false).unwrap();
            let gradients = gradient(&z, &[bias.clone(), before], Some(&dz)).unwrap();
            let outputs: Vec<Tensor> = gradients.into_iter().map(Option::unwrap).collect();
            let program = compile(&Request { inputs: &[], outputs: &outputs, updates: &[], guard: None }, target);
            let program = program.unwrap();
            let names: Vec<_> = program.step_names().collect();
            assert_eq!(names, ["matmul", "matmul"], "{:?}", program.kernels());
            let values = program.run(&[], &Threads::new(2)).unwrap();
            let (y, dy) = (read(&y, target), read(&matmul(&dz, &w2, false, true).unwrap(), target));
            for col in 0..70 {
                let rows = (0..60).map(|row| row * 70 + col);
                let expected: Vec<f64> = rows.clone().map(|at| dy[at] * slope(y[at])).collect();
                for (at, expected) in rows.zip(&expected) {
                    assert!((values[1].as_slice::<f64>()[at] - expected).abs() <= 1e-12, "element {at}");
                }
                let sum: f64 = expected.iter().sum();
                assert!((values[0].as_slice::<f64>()[col] - sum).abs() <= 1e-11, "column {col}");
            }
        }
    }
}
