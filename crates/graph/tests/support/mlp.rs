//! A classifier of dense layers with Adam, drawn in ops as the TypeScript layers and optimizers draw it.

use ferrograd_graph::gradient::gradient;
use ferrograd_graph::{DType, Program, Request, Spec, Tensor, Variable, compile, ops};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::random::{Key, Uniform, fill};
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use std::sync::Arc;

/// Weights, Adam's moments and step, and the sum of losses.
pub struct Mlp {
    dtype: DType,
    sizes: Vec<usize>,
    /// Kernels and biases, layer by layer.
    pub weights: Vec<Variable>,
    moments: Vec<[Variable; 2]>,
    iterations: Variable,
    rate: Variable,
    /// The sum of the losses of all rows so far.
    pub total: Variable,
}

/// Numbers in `[-limit, limit)` that depend on the stream alone.
pub fn uniform(dtype: DType, count: usize, limit: f64, stream: u32) -> Memory {
    let key = Key { seed: 7, stream, step: 0 };
    let mut values = vec![0.0f32; count];
    fill(&Uniform, &key, 0, Isa::Portable, &Threads::serial(), &mut values);
    let scaled = values.into_iter().map(|value| (2.0 * f64::from(value) - 1.0) * limit);
    match dtype {
        DType::F64 => Memory::from_slice(&scaled.collect::<Vec<f64>>()),
        _ => Memory::from_slice(&scaled.map(|value| value as f32).collect::<Vec<f32>>()),
    }
}

fn zeros(name: &str, shape: &[usize], dtype: DType) -> Variable {
    let spec = Spec::new(ferrograd_graph::Shape::new(shape), dtype);
    let memory = Memory::zeroed(spec.bytes());
    Variable::from_memory(name, spec, Arc::new(memory))
}

impl Mlp {
    /// A network with `sizes[0]` inputs and a class per last size.
    pub fn new(sizes: &[usize], dtype: DType) -> Mlp {
        let mut weights = Vec::new();
        for (layer, pair) in sizes.windows(2).enumerate() {
            let kernel = zeros("kernel", pair, dtype);
            let limit = (6.0 / (pair[0] + pair[1]) as f64).sqrt();
            kernel.replace(Arc::new(uniform(dtype, pair[0] * pair[1], limit, layer as u32)));
            weights.extend([kernel, zeros("bias", &pair[1..], dtype)]);
        }
        let slot = |weight: &Variable| [(); 2].map(|()| zeros("moment", &weight.spec().shape, dtype));
        let moments = weights.iter().map(slot).collect();
        let rate = zeros("rate", &[], dtype);
        rate.replace(Arc::new(match dtype {
            DType::F64 => Memory::from_slice(&[1e-3f64]),
            _ => Memory::from_slice(&[1e-3f32]),
        }));
        let (iterations, total) = (zeros("iterations", &[], DType::I32), zeros("total", &[], dtype));
        Mlp { dtype, sizes: sizes.to_vec(), weights, moments, iterations, rate, total }
    }

    /// The inputs of a step: rows and their targets.
    pub fn inputs(&self, batch: usize) -> [Tensor; 2] {
        let ends = [self.sizes[0], self.sizes[self.sizes.len() - 1]];
        ends.map(|size| Tensor::placeholder(Spec::new([batch, size], self.dtype)))
    }

    /// The network's logits for `x`, relu between the layers.
    pub fn logits(&self, x: &Tensor, weights: &[Tensor]) -> Tensor {
        let mut y = x.clone();
        for (layer, pair) in weights.chunks_exact(2).enumerate() {
            if layer > 0 {
                y = ops::relu(&y).unwrap();
            }
            y = ops::matmul(&y, &pair[0], false, false).unwrap() + &pair[1];
        }
        y
    }

    /// Everything that changes in a step, and the loss that guards it.
    pub fn draw(&self, x: &Tensor, targets: &Tensor) -> (Tensor, Vec<(Variable, Tensor)>) {
        let weights: Vec<Tensor> = self.weights.iter().map(Tensor::variable).collect();
        let losses = ops::softmax_cross_entropy(&self.logits(x, &weights), targets).unwrap();
        let loss = ops::mean(&losses, &[0], false).unwrap();
        let gradients = gradient(&loss, &weights, None).unwrap();
        let step = Tensor::variable(&self.iterations) + 1.0;
        let rate = self.corrected_rate(&step);
        let mut updates = vec![(self.iterations.clone(), step)];
        for (at, gradient) in gradients.iter().enumerate() {
            let gradient = gradient.as_ref().expect("every weight is used");
            let [m, v] = self.moments[at].each_ref().map(Tensor::variable);
            let m = &m + (gradient - &m) * 0.1;
            let v = &v + (ops::square(gradient).unwrap() - &v) * 0.001;
            let root = ops::sqrt(&v).unwrap() + 1e-7;
            updates.push((self.weights[at].clone(), &weights[at] - &m * &rate / root));
            let [slot_m, slot_v] = self.moments[at].clone();
            updates.extend([(slot_m, m), (slot_v, v)]);
        }
        let rows = x.shape()[0] as f64;
        updates.push((self.total.clone(), Tensor::variable(&self.total) + &loss * rows));
        (loss, updates)
    }

    /// `lr · √(1 − β₂ᵗ) / (1 − β₁ᵗ)`
    fn corrected_rate(&self, step: &Tensor) -> Tensor {
        let step = ops::cast(step, self.dtype).unwrap();
        let rest = |beta: f64| {
            let power = ops::power(&Tensor::scalar(self.dtype, beta), &step).unwrap();
            Tensor::scalar(self.dtype, 1.0) - power
        };
        Tensor::variable(&self.rate) * ops::sqrt(&rest(0.999)).unwrap() / rest(0.9)
    }

    /// The step for batches of `batch` rows.
    pub fn program(&self, batch: usize, target: impl Into<Target>) -> Program {
        let [x, targets] = self.inputs(batch);
        let (loss, updates) = self.draw(&x, &targets);
        let request = Request { inputs: &[x, targets], outputs: &[], updates: &updates, guard: Some(&loss) };
        compile(&request, target).unwrap()
    }
}
