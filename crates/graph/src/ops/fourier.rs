//! Fourier transforms along the last axis. Complex numbers are two tensors, the real parts and the imaginary ones.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Fault, Gradients, Inputs, Io, Kernel,
    Lowering, Op, Recipe, Site, Specs,
};
use crate::ops::softmax::rows;
use crate::ops::{concatenate, mul};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::element::{DType, Float};
use ferrograd_kernels::fourier::{Fourier as Complex, InverseRealFourier, RealFourier};
use smallvec::smallvec;
use std::marker::PhantomData;
use std::sync::Arc;

/// `Xₖ = Σⱼ xⱼ e^(−2πi·jk/n)`, `k ≤ n/2`, along the last axis of length `n`: real and imaginary parts.
#[derive(Clone, Copy, Debug)]
pub struct Rfft;

/// `xⱼ = 1/n Σₖ Xₖ e^(2πi·jk/n)` of the halves that [`Rfft`] gives.
#[derive(Clone, Copy, Debug)]
pub struct Irfft {
    /// The length, since `n/2 + 1` frequencies are of two.
    pub n: usize,
}

/// `Yₖ = Σⱼ Xⱼ e^(∓2πi·jk/n)` along the last axis, without a factor.
#[derive(Clone, Copy, Debug)]
pub struct Fft {
    /// The other sign: +.
    pub inverse: bool,
}

/// Real and imaginary part.
pub type Pair = (Tensor, Tensor);

/// The frequencies of real signals along the last axis.
///
/// # Errors
/// `ERR_SHAPE` for a scalar and an empty axis, `ERR_DTYPE` for anything but floats.
pub fn rfft(x: &Tensor) -> Result<Pair> {
    two(Tensor::apply_all(Arc::new(Rfft), smallvec![x.clone()])?)
}

/// The real signals of length `n` that have these frequencies.
///
/// # Errors
/// As [`rfft`], and `ERR_SHAPE` for other than `n/2 + 1` frequencies.
pub fn irfft(re: &Tensor, im: &Tensor, n: usize) -> Result<Tensor> {
    Tensor::apply(Irfft { n }, &[re, im])
}

/// The transform of complex numbers along the last axis, or its inverse times the length.
///
/// # Errors
/// As [`rfft`].
pub fn fft(re: &Tensor, im: &Tensor, inverse: bool) -> Result<Pair> {
    two(Tensor::apply_all(Arc::new(Fft { inverse }), smallvec![re.clone(), im.clone()])?)
}

pub(crate) fn two(outputs: smallvec::SmallVec<[Tensor; 1]>) -> Result<Pair> {
    let [re, im] = outputs.into_vec().try_into().expect("two outputs");
    Ok((re, im))
}

/// The last axis of floats.
pub(crate) fn length(op: &str, input: &Spec) -> Result<usize> {
    if !input.dtype.is_float() {
        return Err(Error::dtype(format!("{op}: expected floats, got {input}")));
    }
    let last = input.shape.last().copied().filter(|&n| n > 0);
    last.ok_or_else(|| {
        Error::shape(format!("{op}: expected at least one number along the last axis, got {}", input.shape))
    })
}

/// The same with another last axis.
fn resized(input: &Spec, n: usize) -> Spec {
    let lead = &input.shape[..input.shape.rank() - 1];
    Spec::new(lead.iter().copied().chain([n]).collect::<Shape>(), input.dtype)
}

fn same_parts(op: &str, inputs: &[Spec]) -> Result<()> {
    if inputs[0] == inputs[1] {
        return Ok(());
    }
    Err(Error::shape(format!(
        "{op}: expected real and imaginary parts that are alike, got {} and {}",
        inputs[0], inputs[1]
    )))
}

/// A factor for each frequency: `inner` for those that stand for two.
pub(crate) fn weighed(x: &Tensor, n: usize, inner: f64, scale: f64) -> Result<Tensor> {
    let count = n / 2 + 1;
    let part = |length: usize, factor: f64| Tensor::fill(Shape::new(&[length]), x.dtype(), factor * scale);
    let ends = usize::from(n.is_multiple_of(2) && count > 1);
    let parts = [part(1, 1.0), part(count - 1 - ends, inner), part(ends, 1.0)];
    mul(x, &concatenate(&parts.iter().collect::<Vec<_>>(), 0)?)
}

/// What a kernel here does, once it is planned for its rows.
pub(crate) trait Transform: Send + Sync + 'static {
    const NAME: &'static str;
    /// float64 numbers of workspace.
    fn room(&self) -> usize;
    fn run<T: Float>(&self, io: &mut Io<'_>, room: &mut [f64]);
}

/// A transform of tensors of `T`.
struct Planned<X, T>(X, PhantomData<T>);

/// The kernel of a transform of tensors of `dtype`.
pub(crate) fn planned(transform: impl Transform, dtype: DType) -> Box<dyn Kernel> {
    for_float!(dtype, T => Box::new(Planned(transform, PhantomData::<T>)))
}

impl<X: Transform, T: Float> Kernel for Planned<X, T> {
    fn name(&self) -> &'static str {
        X::NAME
    }

    fn workspace(&self) -> usize {
        self.0.room() * size_of::<f64>()
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let room = io.workspace_of();
        self.0.run::<T>(io, room);
        Ok(())
    }
}

/// A transform of rows of `n` numbers, planned where it is placed.
#[derive(Clone, Copy, Debug)]
enum Plan {
    Forward,
    Backward,
    Complex { inverse: bool },
}

#[derive(Debug)]
struct Transforms {
    plan: Plan,
    rows: usize,
    n: usize,
    dtype: DType,
}

impl Recipe for Transforms {
    fn cpu(&self, _: &Site<'_>) -> Box<dyn Kernel> {
        let &Transforms { plan, rows, n, dtype } = self;
        match plan {
            Plan::Forward => planned(RealFourier::new(rows, n), dtype),
            Plan::Backward => planned(InverseRealFourier::new(rows, n), dtype),
            Plan::Complex { inverse } => planned(Complex::new(rows, n, inverse), dtype),
        }
    }
}

fn lowered(plan: Plan, signal: &Spec, n: usize) -> Lowering {
    let [rows, _] = rows(&signal.shape);
    Lowering::Kernel(Box::new(Transforms { plan, rows, n, dtype: signal.dtype }))
}

impl Transform for RealFourier {
    const NAME: &'static str = "rfft";

    fn room(&self) -> usize {
        self.room()
    }

    fn run<T: Float>(&self, io: &mut Io<'_>, room: &mut [f64]) {
        self.run(io.threads(), io.input::<T>(0), (io.output::<T>(0), io.output::<T>(1)), room);
    }
}

impl Transform for InverseRealFourier {
    const NAME: &'static str = "irfft";

    fn room(&self) -> usize {
        self.room()
    }

    fn run<T: Float>(&self, io: &mut Io<'_>, room: &mut [f64]) {
        self.run(io.threads(), (io.input::<T>(0), io.input::<T>(1)), io.output::<T>(0), room);
    }
}

impl Transform for Complex {
    const NAME: &'static str = "fft";

    fn room(&self) -> usize {
        self.room()
    }

    fn run<T: Float>(&self, io: &mut Io<'_>, room: &mut [f64]) {
        self.run(io.threads(), (io.input::<T>(0), io.input::<T>(1)), (io.output::<T>(0), io.output::<T>(1)), room);
    }
}

impl Op for Rfft {
    fn name(&self) -> &'static str {
        "rfft"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let n = length("rfft", &inputs[0])?;
        let part = resized(&inputs[0], n / 2 + 1);
        Ok(smallvec![part.clone(), part])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        lowered(Plan::Forward, &inputs[0], length("rfft", &inputs[0]).expect("checked by infer"))
    }

    /// `dxⱼ = Σₖ dreₖ cos(2πjk/n) − dimₖ sin(2πjk/n)`, `k ≤ n/2`: an inverse transform that counts no frequency twice.
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let n = length("rfft", node.inputs[0].spec())?;
        let part = |index: usize| weighed(&arrived(node, index), n, 0.5, n as f64);
        Ok(smallvec![Some(irfft(&part(0)?, &part(1)?, n)?)])
    }
}

impl Op for Irfft {
    fn name(&self) -> &'static str {
        "irfft"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![self.n as f64]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        same_parts("irfft", inputs)?;
        let count = length("irfft", &inputs[0])?;
        if self.n == 0 || count != self.n / 2 + 1 {
            let (n, expected) = (self.n, self.n / 2 + 1);
            return Err(Error::shape(format!("irfft: expected {expected} frequencies of {n} numbers, got {count}")));
        }
        Ok(smallvec![resized(&inputs[0], self.n)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        lowered(Plan::Backward, &inputs[0], self.n)
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (re, im) = rfft(node.dy())?;
        let part = |x: &Tensor| weighed(x, self.n, 2.0, 1.0 / self.n as f64);
        Ok(smallvec![Some(part(&re)?), Some(part(&im)?)])
    }
}

impl Op for Fft {
    fn name(&self) -> &'static str {
        "fft"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![f64::from(self.inverse)]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        same_parts("fft", inputs)?;
        length("fft", &inputs[0])?;
        Ok(smallvec![inputs[0].clone(), inputs[0].clone()])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let n = length("fft", &inputs[0]).expect("checked by infer");
        lowered(Plan::Complex { inverse: self.inverse }, &inputs[0], n)
    }

    /// The transform is symmetric, so that its adjoint has the other sign.
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (re, im) = fft(&arrived(node, 0), &arrived(node, 1), !self.inverse)?;
        Ok(smallvec![Some(re), Some(im)])
    }
}

/// The gradient of an output; zeros where nothing depends on it.
pub(crate) fn arrived(node: &Backward<'_>, output: usize) -> Tensor {
    let own = &node.outputs[output];
    node.grads[output].clone().unwrap_or_else(|| Tensor::fill(own.shape().clone(), own.dtype(), 0.0))
}

const SIGNALS: [&[usize]; 5] = [&[8], &[3, 5], &[2, 2, 6], &[2, 1], &[0, 4]];

pub(crate) const RFFT: Declaration = Declaration {
    name: "rfft",
    doc: "`Xₖ = Σⱼ xⱼ e^(−2πi·jk/n)`, `k ≤ n/2`, along the last axis: real and imaginary parts.",
    inputs: Inputs::Named(&["x"]),
    outputs: 2,
    attributes: &[],
    read: |_| Ok(Arc::new(Rfft)),
    examples: || {
        let case = |shape: &&[usize]| Example {
            op: Arc::new(Rfft),
            inputs: vec![ExampleInput::float(shape, -2.0..2.0)],
            smooth: true,
        };
        SIGNALS.iter().map(case).collect()
    },
};

pub(crate) const IRFFT: Declaration = Declaration {
    name: "irfft",
    doc: "`xⱼ = 1/n Σₖ Xₖ e^(2πi·jk/n)` along the last axis, whose other half are the conjugates of those given.",
    inputs: Inputs::Named(&["re", "im"]),
    outputs: 1,
    attributes: &[Attribute { name: "n", kind: AttributeKind::Int, doc: "How many numbers there are." }],
    read: |reader| Ok(Arc::new(Irfft { n: reader.size()? })),
    examples: || {
        let case = |shape: &&[usize]| {
            let (&n, lead) = shape.split_last().expect("an axis");
            let half: Vec<usize> = lead.iter().copied().chain([n / 2 + 1]).collect();
            let input = || ExampleInput::float(&half, -2.0..2.0);
            Example { op: Arc::new(Irfft { n }), inputs: vec![input(), input()], smooth: true }
        };
        SIGNALS.iter().map(case).collect()
    },
};

pub(crate) const FFT: Declaration = Declaration {
    name: "fft",
    doc: "`Yₖ = Σⱼ Xⱼ e^(∓2πi·jk/n)` along the last axis, without a factor: real and imaginary parts.",
    inputs: Inputs::Named(&["re", "im"]),
    outputs: 2,
    attributes: &[Attribute { name: "inverse", kind: AttributeKind::Bool, doc: "True for the sign +." }],
    read: |reader| Ok(Arc::new(Fft { inverse: reader.bool()? })),
    examples: || {
        let case = |shape: &&[usize], inverse| Example {
            op: Arc::new(Fft { inverse }),
            inputs: vec![ExampleInput::float(shape, -2.0..2.0), ExampleInput::float(shape, -2.0..2.0)],
            smooth: true,
        };
        SIGNALS.iter().flat_map(|shape| [case(shape, false), case(shape, true)]).collect()
    },
};
