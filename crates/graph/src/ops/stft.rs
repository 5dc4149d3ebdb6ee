//! Fourier transforms of the frames of signals under a window.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, Declaration, Example, ExampleInput, Gradients, Inputs, Io, Kernel, Lowering,
    Op, Recipe, Site, Specs,
};
use crate::ops::fourier::{Pair, Transform, arrived, irfft, length, planned, two, weighed};
use crate::ops::softmax::rows;
use crate::ops::{Padding, add, concatenate, mul, pad, reshape, slice, sum};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::element::{DType, Float};
use ferrograd_kernels::fourier::{Frames, ShortFourier};
use smallvec::smallvec;
use std::sync::Arc;

/// `X[…, f, k] = Σⱼ window[j] · x[…, f·stride + j] · e^(−2πi·jk/n)`, `k ≤ n/2`, `n` the length of the window: real and
/// imaginary parts.
#[derive(Clone, Copy, Debug)]
pub struct Stft {
    /// Samples from one frame to the next.
    pub stride: usize,
}

/// The frequencies (…, frames, n/2 + 1) of the frames of signals (…, samples) under a window (n).
///
/// # Errors
/// `ERR_SHAPE` for scalars, a window that is no list or longer than a signal, and a stride of 0; `ERR_DTYPE` for anything but
/// floats of one kind.
pub fn stft(x: &Tensor, window: &Tensor, stride: usize) -> Result<Pair> {
    two(Tensor::apply_all(Arc::new(Stft { stride }), smallvec![x.clone(), window.clone()])?)
}

impl Stft {
    fn frames(self, inputs: &[Spec]) -> Result<Frames> {
        let [x, window] = inputs else { unreachable!("two inputs") };
        let (samples, n) = (length("stft", x)?, length("stft", window)?);
        if window.dtype != x.dtype {
            return Err(Error::dtype(format!("stft: expected a window like {x}, got {window}")));
        }
        if window.shape.rank() != 1 || n > samples || self.stride == 0 {
            let stride = self.stride;
            return Err(Error::shape(format!("stft: a window {window} at stride {stride} does not fit {x}")));
        }
        let [signals, _] = rows(&x.shape);
        Ok(Frames { signals, samples, length: n, stride: self.stride })
    }
}

impl Op for Stft {
    fn name(&self) -> &'static str {
        "stft"
    }

    fn attributes(&self) -> Vec<f64> {
        vec![self.stride as f64]
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let frames = self.frames(inputs)?;
        let lead = &inputs[0].shape[..inputs[0].shape.rank() - 1];
        let shape: Shape = lead.iter().copied().chain([frames.count(), frames.length / 2 + 1]).collect();
        let part = Spec::new(shape, inputs[0].dtype);
        Ok(smallvec![part.clone(), part])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let frames = self.frames(inputs).expect("checked by infer");
        Lowering::Kernel(Box::new(Framed { frames, dtype: inputs[0].dtype }))
    }

    /// As of a real transform, whose frames are added up where they lie.
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (x, window) = (&node.inputs[0], &node.inputs[1]);
        let (samples, n) = (length("stft", x.spec())?, length("stft", window.spec())?);
        let part = |index: usize| weighed(&arrived(node, index), n, 0.5, n as f64);
        let frames = irfft(&part(0)?, &part(1)?, n)?;
        let dx = node.needs[0].then(|| overlapped(&mul(&frames, window)?, self.stride, samples)).transpose()?;
        let dwindow = node.needs[1].then(|| {
            let all = mul(&frames, &framed(x, n, self.stride)?)?;
            sum(&all, &(0..all.shape().rank() - 1).collect::<Vec<_>>(), false)
        });
        Ok(smallvec![dx, dwindow.transpose()?])
    }
}

#[derive(Debug)]
struct Framed {
    frames: Frames,
    dtype: DType,
}

impl Recipe for Framed {
    fn cpu(&self, _: &Site<'_>) -> Box<dyn Kernel> {
        planned(ShortFourier::new(self.frames), self.dtype)
    }
}

impl Transform for ShortFourier {
    const NAME: &'static str = "stft";

    fn room(&self) -> usize {
        self.room()
    }

    fn run<T: Float>(&self, io: &mut Io<'_>, room: &mut [f64]) {
        self.run(io.threads(), (io.input::<T>(0), io.input::<T>(1)), (io.output::<T>(0), io.output::<T>(1)), room);
    }
}

/// The frames of signals, (…, samples) → (…, frames, n): pieces as long as a stride, of which a frame is some.
fn framed(x: &Tensor, n: usize, stride: usize) -> Result<Tensor> {
    let (lead, samples) = parts(x);
    let (count, pieces) = ((samples - n) / stride + 1, n.div_ceil(stride));
    let rows = count + pieces - 1;
    let grid = reshape(&sized(x, rows * stride)?, &Shape::new(&[lead, &[rows, stride]].concat()))?;
    let piece = |at: usize| {
        let (mut start, size) = (vec![0; lead.len() + 2], [lead, &[count, stride]].concat());
        start[lead.len()] = at;
        slice(&grid, &start, &size, &vec![1; size.len()])
    };
    let all = (0..pieces).map(piece).collect::<Result<Vec<_>>>()?;
    sized(&concatenate(&all.iter().collect::<Vec<_>>(), -1)?, n)
}

/// Frames (…, frames, n) added up where they lie in signals (…, samples).
fn overlapped(frames: &Tensor, stride: usize, samples: usize) -> Result<Tensor> {
    let (lead, n) = parts(frames);
    let (&count, lead) = lead.split_last().expect("an axis of frames");
    let pieces = n.div_ceil(stride);
    let whole = sized(frames, pieces * stride)?;
    let nothing = Padding { low: 0, high: 0, between: 0 };
    let moved = |at: usize| {
        let (mut start, size) = (vec![0; lead.len() + 2], [lead, &[count, stride]].concat());
        start[lead.len() + 1] = at * stride;
        let mut padding = vec![nothing; size.len()];
        padding[lead.len()] = Padding { low: at, high: pieces - 1 - at, between: 0 };
        pad(&slice(&whole, &start, &size, &vec![1; size.len()])?, &padding, 0.0)
    };
    let first = moved(0)?;
    let all = (1..pieces).try_fold(first, |all, at| add(&all, &moved(at)?))?;
    sized(&reshape(&all, &Shape::new(&[lead, &[(count + pieces - 1) * stride]].concat()))?, samples)
}

/// The axes before the last, and its length.
fn parts(x: &Tensor) -> (&[usize], usize) {
    let (&last, lead) = x.shape().split_last().expect("not a scalar");
    (lead, last)
}

/// The last axis cut to a length, or with zeros behind.
fn sized(x: &Tensor, length: usize) -> Result<Tensor> {
    let (lead, last) = parts(x);
    if length <= last {
        let size = [lead, &[length]].concat();
        return slice(x, &vec![0; size.len()], &size, &vec![1; size.len()]);
    }
    let mut padding = vec![Padding { low: 0, high: 0, between: 0 }; lead.len() + 1];
    padding[lead.len()].high = length - last;
    pad(x, &padding, 0.0)
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "stft",
    doc: "`X[…, f, k] = Σⱼ window[j] · x[…, f·stride + j] · e^(−2πi·jk/n)`, `k ≤ n/2`: real and imaginary parts.",
    inputs: Inputs::Named(&["x", "window"]),
    outputs: 2,
    attributes: &[Attribute { name: "stride", kind: AttributeKind::Int, doc: "From one frame to the next." }],
    read: |reader| Ok(Arc::new(Stft { stride: reader.size()? })),
    examples: || {
        let case = |signals: &[usize], n: usize, stride| Example {
            op: Arc::new(Stft { stride }),
            inputs: vec![ExampleInput::float(signals, -2.0..2.0), ExampleInput::float(&[n], -1.0..1.0)],
            smooth: true,
        };
        vec![
            case(&[13], 4, 2),
            case(&[2, 11], 5, 3),
            case(&[2, 2, 7], 6, 6),
            case(&[1, 9], 2, 5),
            case(&[8], 8, 1),
            case(&[3, 1], 1, 1),
            case(&[0, 6], 4, 2),
        ]
    },
};
