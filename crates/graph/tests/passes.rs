//! Small passes that are one and not several, and what they leave in the variables.

#[path = "support/mlp.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod mlp;
#[path = "support/targets.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod targets;

use ferrograd_graph::ops::{self, mean, square, sum};
use ferrograd_graph::{DType, Request, Spec, Tensor, compile};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use mlp::Mlp;
use targets::sets;

fn names_and_values(x: &Tensor, y: &Tensor, target: Target) -> (Vec<&'static str>, Vec<f64>) {
    let request = Request { inputs: &[], outputs: std::slice::from_ref(y), updates: &[], guard: None };
    let program = compile(&request, target).unwrap();
    let value = program.run(&[], &Threads::serial()).unwrap().remove(0);
    assert_eq!(x.dtype(), DType::F64);
    (program.step_names().collect(), value.as_slice::<f64>()[..y.shape().size()].to_vec())
}

#[test]
fn a_mean_is_one_pass() {
    for target in sets() {
        let x = Tensor::from_slice([2, 3], &[1.0f64, 2.0, 6.0, -1.0, 0.5, 2.0]);
        for (axes, expected) in [(vec![1], vec![3.0, 0.5]), (vec![0], vec![0.0, 1.25, 4.0]), (vec![0, 1], vec![1.75])] {
            let (names, values) = names_and_values(&x, &mean(&x, &axes, false).unwrap(), target);
            assert_eq!(names, ["map"], "over {axes:?}");
            for (value, expected) in values.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-15, "over {axes:?}: {value}, not {expected}");
            }
        }
    }
}

#[test]
fn sums_over_one_output_and_then_all_samples_are_one_pass() {
    for target in sets() {
        let x = Tensor::from_slice([4, 1], &[1.0f64, -2.0, 3.0, 0.5]);
        let of_samples = mean(&square(&x).unwrap(), &[1], false).unwrap();
        assert_eq!(names_and_values(&x, &of_samples, target).1, [1.0, 4.0, 9.0, 0.25]);
        let loss = mean(&of_samples, &[0], false).unwrap();
        assert_eq!(names_and_values(&x, &loss, target), (vec!["map"], vec![14.25 / 4.0]));
        // Each of the other reductions of an axis of one element leaves the numbers as they are.
        let most = ops::max(&x, &[1], false).unwrap() + ops::prod(&x, &[1], false).unwrap();
        assert_eq!(names_and_values(&x, &most, target), (vec!["map"], vec![2.0, -4.0, 6.0, 1.0]));
    }
}

#[test]
fn a_sum_that_is_also_read_itself_stays() {
    for target in sets() {
        let x = Tensor::from_slice([4], &[1.0f64, 2.0, 3.0, 4.0]);
        let total = sum(&x, &[0], false).unwrap();
        let y = &total * 0.25 + square(&total).unwrap();
        assert_eq!(names_and_values(&x, &y, target).1, [102.5]);
    }
}

#[test]
fn nothing_of_a_guarded_step_is_copied_into_variables_at_its_end() {
    for target in sets() {
        let program = Mlp::new(&[2, 3, 1], DType::F32).program(4, target);
        let details: Vec<String> = program.kernels().into_iter().map(|kernel| kernel.detail).collect();
        assert!(details.iter().all(|detail| !detail.ends_with("copy")), "{details:#?}");
        let first_update = program.kernels().iter().position(|kernel| kernel.detail.contains("sqrt"));
        let guard = program.step_names().position(|name| name == "guard");
        assert!(guard < first_update, "{details:#?}");
    }
}

#[test]
fn a_profile_names_what_each_kernel_does() {
    for target in sets() {
        let kernels = Mlp::new(&[20, 30, 10], DType::F32).program(8, target).kernels();
        let products: Vec<&str> = kernels.iter().filter(|k| k.name == "matmul").map(|k| k.detail.as_str()).collect();
        assert_eq!(products[..2], ["8×20 · 20×30 + bias, relu", "8×30 · 30×10 + bias"]);
        let first = &kernels[0];
        assert_eq!((first.flops, first.bytes), (Some(2.0 * 8.0 * 20.0 * 30.0), 4 * (8 * 20 + 20 * 30 + 30 + 8 * 30)));
        assert_eq!(first.variables, ["kernel", "bias"]);
        let update = kernels.iter().find(|kernel| kernel.detail.starts_with("20×30: ")).expect("Adam on the kernel");
        assert_eq!(update.variables.len(), 3, "{update:?}");
        assert!(update.detail.contains("sqrt"), "{update:?}");
    }
}

#[test]
fn gradients_of_parts_are_laid_side_by_side() {
    let x = Tensor::placeholder(Spec::new([2, 7], DType::F64));
    let part = |from: usize, size: usize| ops::slice(&x, &[0, from], &[2, size], &[1, 1]).unwrap();
    // The third and the last column are in no part; all of them are read once more.
    let terms = [ops::square(&part(3, 3)).unwrap(), ops::exp(&part(0, 2)).unwrap(), ops::sin(&x).unwrap()];
    let sums = terms.iter().map(|term| ops::sum(term, &[0, 1], false).unwrap());
    let y = sums.reduce(|a, b| a + b).unwrap();
    let slope = ferrograd_graph::gradient::gradient(&y, std::slice::from_ref(&x), None).unwrap().remove(0).unwrap();
    let request = Request { inputs: &[x], outputs: &[slope], updates: &[], guard: None };
    let program = compile(&request, Isa::detect()).unwrap();
    assert!(program.step_names().any(|name| name == "concatenate") && !program.step_names().any(|name| name == "pad"));
    let values: Vec<f64> = (0..14).map(|i| 0.1 * f64::from(i)).collect();
    let input = std::sync::Arc::new(ferrograd_kernels::exec::Memory::from_slice(&values));
    let slope = program.run(&[input], &Threads::serial()).unwrap();
    for (i, (&x, &slope)) in values.iter().zip(slope[0].as_slice::<f64>()).enumerate() {
        let of_part = match i % 7 {
            0 | 1 => x.exp(),
            3..=5 => 2.0 * x,
            _ => 0.0,
        };
        assert!((slope - of_part - x.cos()).abs() < 1e-12, "element {i}: {slope}");
    }
}

#[test]
fn a_sum_that_is_read_in_parts_alone_is_part_of_the_pass_over_them() {
    let numbers = |count: usize, from: f64| (0..count).map(|i| from + 0.01 * i as f64).collect::<Vec<f64>>();
    let (x, row, column) = (numbers(128, 0.1), numbers(32, 0.5), numbers(4, 2.0));
    let wide = Tensor::from_slice([4, 32], &x);
    let (bias, factors) = (Tensor::from_slice([32], &row), Tensor::from_slice([4, 1], &column));
    let z = (ops::sin(&wide).unwrap() + &bias) * &factors + 0.25;
    let part = |from: usize| ops::slice(&z, &[1, from], &[2, 16], &[1, 1]).unwrap();
    let y = part(0) * ops::exp(&part(16)).unwrap();
    for target in sets() {
        let (names, values) = names_and_values(&wide, &y, target);
        assert_eq!(names, ["map"]);
        let z = |i: usize, j: usize| (x[32 * i + j].sin() + row[j]) * column[i] + 0.25;
        for (at, value) in values.iter().enumerate() {
            let (i, j) = (1 + at / 16, at % 16);
            let expected = z(i, j) * z(i, 16 + j).exp();
            assert!((value / expected - 1.0).abs() < 1e-13, "element {at}: {value}, not {expected}");
        }
    }
}
