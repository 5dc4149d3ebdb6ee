//! An op of the user's own through the seams alone: its kernel is made where it stands, sees inputs as they lie, and is
//! told which of its outputs somebody reads.

#[path = "support/targets.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod targets;

use ferrograd_graph::op::{Backward, Fault, Gradients, Io, Kernel, Layout, Layouts, Lowering, Op, Recipe, Site, Specs};
use ferrograd_graph::ops::transpose;
use ferrograd_graph::{DType, Request, Result, Spec, Tensor, compile};
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
