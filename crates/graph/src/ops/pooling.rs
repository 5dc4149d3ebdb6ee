//! What max and average pooling share: windows of each channel for itself.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Example, ExampleInput, Fault, GroupKernel, Grouped, Io, Kernel, Lowering, Op, Reader,
    Recipe, Site, encode_list,
};
use crate::ops::elementwise::Takes;
use crate::ops::windows::{PADDING, STRIDES, Steps, spatial};
use crate::shape::{Shape, Spec};
use ferrograd_kernels::conv::Geometry;
use ferrograd_kernels::element::Float;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::threads::Threads;
use std::sync::Arc;

/// Windows of so many places along each axis of a picture. Padding is no part of a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Places of a window.
    pub sizes: Vec<usize>,
    /// Where the windows lie; dilations are 1.
    pub steps: Steps,
}

/// The attributes of a [`Pool`], in the order of their encoding.
pub(crate) const ATTRIBUTES: [Attribute; 3] = [
    Attribute { name: "sizes", kind: AttributeKind::Ints, doc: "Places of a window along each axis." },
    STRIDES,
    PADDING,
];

/// Kernels count the numbers of a window in `f32`.
const MOST_NUMBERS: usize = 1 << 24;

impl Pool {
    /// Appends the encoded attributes.
    pub(crate) fn encode(&self, out: &mut Vec<f64>) {
        encode_list(out, &self.sizes, |x| x as f64);
        encode_list(out, &self.steps.strides, |x| x as f64);
        self.steps.encode_padding(out);
    }

    /// Reads what [`Self::encode`] has written.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Pool> {
        let (sizes, strides, padding) = (reader.sizes()?, reader.sizes()?, Steps::read_padding(reader)?);
        let dilations = vec![1; strides.len()];
        Ok(Pool { sizes, steps: Steps { strides, dilations, padding } })
    }

    /// The shape of the pooled pictures.
    pub(crate) fn pooled(&self, op: &str, x: &Spec) -> Result<Shape> {
        Takes::Floats.check(op, x)?;
        let axes = x.shape.rank().saturating_sub(2);
        self.steps.check(op, axes)?;
        if self.sizes.len() != axes {
            let why = format!("{op}: expected {axes} sizes of a window, got {:?} for {}", self.sizes, x.shape);
            return Err(Error::config(why));
        }
        let input = spatial(&x.shape);
        let shapes = format!("{} and windows of {:?}", x.shape, self.sizes);
        let outputs = self.steps.windows(op, input, &self.sizes, &shapes)?;
        let places = input.iter().fold(x.shape[0], |places, &size| places.saturating_mul(size));
        let too_many = places >= u32::MAX as usize;
        let beside = |axis: usize| {
            let (before, after) = self.steps.padding[axis];
            before.max(after) >= self.sizes[axis] || input[axis] == 0
        };
        let numbers = self.sizes.iter().fold(1_usize, |numbers, &size| numbers.saturating_mul(size));
        let wrong = [
            (too_many, "expected fewer than 2³² places"),
            (numbers > MOST_NUMBERS, "expected windows of at most 2²⁴ numbers"),
            ((0..axes).any(beside), "a window would lie in the padding alone"),
        ];
        if let Some((_, why)) = wrong.into_iter().find(|(is, _)| *is) {
            return Err(Error::shape(format!("{op}: {why}, got {shapes} padded by {:?}", self.steps.padding)));
        }
        Ok([&x.shape[..1], &outputs[..], &x.shape[axes + 1..]].concat().into_iter().collect())
    }

    /// The sizes for the kernels.
    pub(crate) fn geometry(&self, x: &Shape, y: &Shape) -> Geometry {
        let channels = x[x.rank() - 1];
        let axes = self.steps.axes(spatial(x), spatial(y), &self.sizes);
        Geometry { images: x[0], axes, channels, filters: channels, groups: 1 }
    }

    /// Cases at which windows lie apart, over each other, and in the padding; `op` and the shapes of its inputs are made
    /// from the pool, `x` and `y`.
    pub(crate) fn examples(
        smooth: bool,
        make: impl Fn(Pool, &[usize], &[usize]) -> (Arc<dyn Op>, Vec<ExampleInput>),
    ) -> Vec<Example> {
        let case = |x: &[usize], sizes: &[usize], strides: &[usize], padding: &[(usize, usize)]| {
            let dilations = vec![1; sizes.len()];
            let steps = Steps { strides: strides.to_vec(), dilations, padding: padding.to_vec() };
            let outputs = steps.windows("pool", spatial(x), sizes, "").expect("sizes that go together");
            let y = [&x[..1], &outputs[..], &x[x.len() - 1..]].concat();
            let (op, inputs) = make(Pool { sizes: sizes.to_vec(), steps }, x, &y);
            Example { op, inputs, smooth }
        };
        vec![
            case(&[2, 6, 3], &[2], &[2], &[(0, 0)]),
            case(&[1, 5, 2], &[3], &[1], &[(1, 1)]),
            case(&[2, 4, 5, 2], &[2, 3], &[2, 1], &[(0, 0), (1, 0)]),
            case(&[1, 3, 3, 3, 1], &[2, 2, 2], &[1, 2, 1], &[(0, 0), (0, 1), (0, 0)]),
            case(&[0, 4, 2], &[2], &[2], &[(0, 0)]),
        ]
    }
}

/// From pictures to pooled ones.
pub(crate) type Pooled<T> = Box<dyn Fn(&Threads, &[T], &mut [T]) + Send + Sync>;

/// Pooling as a kernel of its own, or of each picture as soon as that is there; `plan` makes what a run calls.
pub(crate) fn pooling<T: Float>(
    name: &'static str,
    geometry: Geometry,
    plan: fn(Geometry, Isa) -> Pooled<T>,
) -> Lowering
where
    Grouped<T>: Into<GroupKernel>,
{
    Lowering::Kernel(Box::new(Planned { name, geometry, plan }))
}

#[derive(Debug)]
struct Planned<T> {
    name: &'static str,
    geometry: Geometry,
    plan: fn(Geometry, Isa) -> Pooled<T>,
}

impl<T: Float> Recipe for Planned<T>
where
    Grouped<T>: Into<GroupKernel>,
{
    fn by_groups(&self, site: &Site<'_>) -> Option<GroupKernel> {
        let Planned { name, geometry, plan } = *self;
        let rows = geometry.axes.iter().map(|axis| axis.input).product();
        Some(Grouped { name, rows, run: plan(Geometry { images: 1, ..geometry }, site.target.isa) }.into())
    }

    fn cpu(&self, site: &Site<'_>) -> Box<dyn Kernel> {
        Box::new(PoolingKernel { name: self.name, run: (self.plan)(self.geometry, site.target.isa) })
    }
}

struct PoolingKernel<T> {
    name: &'static str,
    run: Pooled<T>,
}

impl<T: Float> Kernel for PoolingKernel<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let y = io.output::<T>(0);
        (self.run)(io.threads(), io.input::<T>(0), y);
        Ok(())
    }
}
