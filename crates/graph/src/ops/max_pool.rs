//! Max pooling, its gradient, and that one's.

use crate::error::{Error, Result};
use crate::op::{
    Attribute, AttributeKind, Backward, ByRows, Declaration, End, ExampleInput, Fault, Gradients, Inputs, Io, Kernel,
    Lowering, Op, Reader, Recipe, RowKernel, Site, Specs,
};
use crate::ops::pooling::{ATTRIBUTES, Pool, pooling};
use crate::shape::Spec;
use crate::tensor::Tensor;
use ferrograd_kernels::conv::{Geometry, MaxPool as Windows};
use ferrograd_kernels::element::Float;
use ferrograd_kernels::math::Compute;
use smallvec::smallvec;
use std::marker::PhantomData;
use std::sync::Arc;

/// `y[n, o, c] = max x[n, o·stride + k − before, c]`; the first of equals has the gradient.
#[derive(Clone, Debug)]
pub struct MaxPool {
    /// The windows.
    pub pool: Pool,
}

/// The numbers that lie where the windows of `x` are largest, taken from `g` (of `x`'s shape), or the other way: what the
/// windows have in `g` (of the pooled shape) added there.
#[derive(Clone, Debug)]
pub struct MaxPoolPlaces {
    /// The windows.
    pub pool: Pool,
    /// Whether numbers are taken for the windows; else they are put where the windows' largest lie.
    pub take: bool,
}

/// The largest number of each window of `x` (n, …places, channels).
///
/// # Errors
/// `ERR_SHAPE` where a window is larger than the padded picture or may lie in the padding alone, `ERR_DTYPE` for other
/// than floats.
pub fn max_pool(x: &Tensor, pool: &Pool) -> Result<Tensor> {
    Tensor::apply(MaxPool { pool: pool.clone() }, &[x])
}

impl Op for MaxPool {
    fn name(&self) -> &'static str {
        "maxPool"
    }

    fn attributes(&self) -> Vec<f64> {
        let mut out = Vec::new();
        self.pool.encode(&mut out);
        out
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        Ok(smallvec![Spec::new(self.pool.pooled("maxPool", &inputs[0])?, inputs[0].dtype)])
    }

    fn lower(&self, inputs: &[Spec], outputs: &[Spec]) -> Lowering {
        let geometry = self.pool.geometry(&inputs[0].shape, &outputs[0].shape);
        for_float!(inputs[0].dtype, T => pooling::<T>("maxPool", geometry, |geometry, isa| {
            let windows = Windows::new(geometry, isa);
            Box::new(move |threads, x, y| windows.output(threads, x, y))
        }))
    }

    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let put = MaxPoolPlaces { pool: self.pool.clone(), take: false };
        Ok(smallvec![Some(Tensor::apply(put, &[&node.inputs[0], node.dy()])?)])
    }
}

impl Op for MaxPoolPlaces {
    fn name(&self) -> &'static str {
        "maxPoolPlaces"
    }

    fn attributes(&self) -> Vec<f64> {
        let mut out = vec![f64::from(self.take)];
        self.pool.encode(&mut out);
        out
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [x, g] = inputs else { unreachable!("two inputs") };
        let pooled = Spec::new(self.pool.pooled("maxPoolPlaces", x)?, x.dtype);
        let (from, to) = if self.take { (x.clone(), pooled) } else { (pooled, x.clone()) };
        if *g != from {
            return Err(Error::shape(format!("maxPoolPlaces: expected {from} for {x}, got {g}")));
        }
        Ok(smallvec![to])
    }

    fn lower(&self, inputs: &[Spec], outputs: &[Spec]) -> Lowering {
        let y = if self.take { &outputs[0] } else { &inputs[1] };
        let (geometry, take) = (self.pool.geometry(&inputs[0].shape, &y.shape), self.take);
        for_float!(inputs[0].dtype, T => {
            Lowering::Kernel(Box::new(Places::<T> { geometry, take, element: PhantomData }))
        })
    }

    /// Linear in `g`: taking and putting are each other's transposes. Places do not move with `x`.
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let turned =
            || Tensor::apply(MaxPoolPlaces { take: !self.take, ..self.clone() }, &[&node.inputs[0], node.dy()]);
        Ok(smallvec![None, node.needs[1].then(turned).transpose()?])
    }
}

/// What makes the kernel of the places.
#[derive(Debug)]
struct Places<T> {
    geometry: Geometry,
    take: bool,
    element: PhantomData<T>,
}

impl<T: Float + Compute> Recipe for Places<T>
where
    Box<dyn ByRows<T>>: Into<RowKernel>,
{
    fn by_rows(&self, site: &Site<'_>) -> Option<RowKernel> {
        let kernel: Box<dyn ByRows<T>> = Box::new(PlacesKernel::<T>::new(self, site));
        (!self.take).then(|| kernel.into())
    }

    fn cpu(&self, site: &Site<'_>) -> Box<dyn Kernel> {
        Box::new(PlacesKernel::<T>::new(self, site))
    }
}

struct PlacesKernel<T> {
    windows: Windows,
    take: bool,
    element: PhantomData<fn(T)>,
}

impl<T: Float + Compute> PlacesKernel<T> {
    fn new(places: &Places<T>, site: &Site<'_>) -> PlacesKernel<T> {
        let windows = Windows::new(places.geometry, site.target.isa);
        PlacesKernel { windows, take: places.take, element: PhantomData }
    }
}

impl<T: Float + Compute> Kernel for PlacesKernel<T> {
    fn name(&self) -> &'static str {
        "maxPoolPlaces"
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let out = io.output::<T>(0);
        let (x, g) = (io.input::<T>(0), io.input::<T>(1));
        if self.take {
            self.windows.taken(io.threads(), x, g, out);
        } else {
            self.windows.input(io.threads(), (x, g), out, None);
        }
        Ok(())
    }
}

impl<T: Float + Compute> ByRows<T> for PlacesKernel<T> {
    fn starts(&self) -> Vec<usize> {
        self.windows.starts()
    }

    fn run_by_rows(&self, io: &Io<'_>, y: &mut [T], _: &mut [T], end: &End<'_, T>) {
        self.windows.input(io.threads(), (io.input::<T>(0), io.input::<T>(1)), y, Some(end));
    }
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: "maxPool",
    doc: "`y[n, o, c] = max x[n, o·stride + k − before, c]`; padding is no part of a window.",
    inputs: Inputs::Named(&["x"]),
    outputs: 1,
    attributes: &ATTRIBUTES,
    read: |reader| Ok(Arc::new(MaxPool { pool: Pool::read(reader)? })),
    examples: || {
        Pool::examples(true, |pool, x, _| (Arc::new(MaxPool { pool }), vec![ExampleInput::float(x, -2.0..2.0)]))
    },
};

fn read_places(reader: &mut Reader<'_>) -> Result<Arc<dyn Op>> {
    Ok(Arc::new(MaxPoolPlaces { take: reader.bool()?, pool: Pool::read(reader)? }))
}

pub(crate) const PLACES: Declaration = Declaration {
    name: "maxPoolPlaces",
    doc: "What `g` has where the windows of `x` are largest (`take`), or `g` of each window added there.",
    inputs: Inputs::Named(&["x", "g"]),
    outputs: 1,
    attributes: &[
        Attribute { name: "take", kind: AttributeKind::Bool, doc: "Takes numbers for the windows, else puts them." },
        ATTRIBUTES[0],
        ATTRIBUTES[1],
        ATTRIBUTES[2],
    ],
    read: read_places,
    examples: || {
        [false, true]
            .into_iter()
            .flat_map(|take| {
                Pool::examples(true, move |pool, x, y| {
                    let g = ExampleInput::float(if take { x } else { y }, -2.0..2.0);
                    (Arc::new(MaxPoolPlaces { pool, take }), vec![ExampleInput::float(x, -2.0..2.0), g])
                })
            })
            .collect()
    },
};
