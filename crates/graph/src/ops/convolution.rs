//! Convolution and its two gradients: one form, closed under differentiation.

use crate::error::{Error, Result};
use crate::op::{
    Access, Attribute, AttributeKind, Backward, ByRows, Contract, Declaration, End, Epilogue, Example, ExampleInput,
    Fault, Gradients, Inputs, Io, Kernel, Lowering, Op, Reader, Recipe, RowKernel, Site, Specs, encode_list,
};
use crate::ops::elementwise::Takes;
use crate::ops::matmul::{matmul, rows};
use crate::ops::reshape;
use crate::ops::windows::{DILATIONS, PADDING, STRIDES, Steps, spatial};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::conv::{ConvolutionFilter, ConvolutionInput, ConvolutionOutput, Geometry};
use ferrograd_kernels::element::Float;
use ferrograd_kernels::math::Compute;
use smallvec::smallvec;
use std::marker::PhantomData;
use std::sync::Arc;

/// Which derivative of the form `Σ x[n, o·stride + k·dilation − before, c] · w[k, c, j] · dy[n, o, j]`, the third of the
/// three from the two others.
///
/// Each of the three is linear in its two inputs, and their derivatives are again among the three: gradients of any order
/// need nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// `y` from `x` and `w`: the convolution.
    Output,
    /// `dx` from `dy` and `w`: the transposed convolution.
    Input,
    /// `dw` from `x` and `dy`.
    Filter,
}

/// Convolution over the axes between the first and the last: `x` (n, …inputs, c), `w` (…kernels, c / groups, j),
/// `y` (n, …outputs, j).
#[derive(Clone, Debug)]
pub struct Convolution {
    /// What is computed.
    pub of: Of,
    /// Where the windows lie.
    pub steps: Steps,
    /// Groups, each with its share of the channels and of the filters.
    pub groups: usize,
    /// The input's sizes for `dx`, the kernel's for `dw`; `y`'s follow.
    pub sizes: Vec<usize>,
}

/// `y[n, o, j] = Σ x[n, o·stride + k·dilation − before, c] · w[k, c, j]`
///
/// # Errors
/// `ERR_SHAPE` where ranks, channels or sizes do not go together, `ERR_CONFIG` for strides, dilations or groups that are
/// not at least 1, `ERR_DTYPE` where the dtypes differ or are not floats.
pub fn convolution(x: &Tensor, w: &Tensor, steps: &Steps, groups: usize) -> Result<Tensor> {
    let op = Convolution { of: Of::Output, steps: steps.clone(), groups, sizes: Vec::new() };
    Tensor::apply(op, &[x, w])
}

/// The shapes of `x`, `w` and `y`, one of which was asked for.
struct Shapes {
    x: Shape,
    w: Shape,
    y: Shape,
}

impl Convolution {
    const NAME: &'static str = "convolution";

    /// Another derivative of the same form.
    fn another(&self, of: Of, sizes: &[usize]) -> Convolution {
        Convolution { of, sizes: sizes.to_vec(), ..self.clone() }
    }

    /// Refuses two inputs with what is wrong, and their shapes.
    fn wrong(&self, inputs: &[Spec], why: &str) -> Error {
        Error::shape(format!("convolution: {why}, got {} and {}", inputs[0].shape, inputs[1].shape))
    }

    /// Completes the shapes from those of the two inputs.
    fn shapes(&self, inputs: &[Spec]) -> Result<Shapes> {
        let (first, second) = (&inputs[0].shape, &inputs[1].shape);
        let rank = first.rank();
        if rank != second.rank() || rank < 3 {
            return Err(self.wrong(inputs, "expected two tensors of one rank, 3 to 5"));
        }
        self.steps.check(Self::NAME, rank - 2)?;
        let last = |shape: &Shape| shape[rank - 1];
        let whole = |lead: &[usize], sizes: &[usize], tail: &[usize]| -> Shape {
            [lead, sizes, tail].concat().into_iter().collect()
        };
        let kernel = |w: &Shape| w[..rank - 2].to_vec();
        let shapes = match self.of {
            Of::Output => {
                let outputs = self.outputs(inputs, spatial(first), &kernel(second))?;
                Shapes { x: first.clone(), w: second.clone(), y: whole(&first[..1], &outputs, &[last(second)]) }
            }
            Of::Input => {
                let channels = second[rank - 2].saturating_mul(self.groups);
                let x = whole(&first[..1], &self.sizes, &[channels]);
                Shapes { x, w: second.clone(), y: first.clone() }
            }
            Of::Filter => {
                let own = last(first) / self.groups.max(1);
                let w = whole(&[], &self.sizes, &[own, last(second)]);
                Shapes { x: first.clone(), w, y: second.clone() }
            }
        };
        self.check(inputs, &shapes)?;
        Ok(shapes)
    }

    /// The sizes of the output.
    fn outputs(&self, inputs: &[Spec], input: &[usize], kernel: &[usize]) -> Result<Vec<usize>> {
        let shapes = format!("{} and {}", inputs[0].shape, inputs[1].shape);
        self.steps.windows(Self::NAME, input, kernel, &shapes)
    }

    /// Checks that the shapes are those of one convolution.
    fn check(&self, inputs: &[Spec], Shapes { x, w, y }: &Shapes) -> Result<()> {
        let rank = x.rank();
        if w.rank() != rank || y.rank() != rank {
            let why = format!(
                "expected {} sizes, one for each axis, not {:?}",
                rank.min(inputs[0].shape.rank()) - 2,
                self.sizes
            );
            return Err(self.wrong(inputs, &why));
        }
        let (channels, own, filters) = (x[rank - 1], w[rank - 2], w[rank - 1]);
        let groups = self.groups;
        if groups == 0 || channels % groups != 0 || filters % groups != 0 {
            let why =
                format!("groups of at least 1 that divide {channels} channels and {filters} filters, not {groups}");
            return Err(self.wrong(inputs, &format!("expected {why}")));
        }
        if channels == 0 || filters == 0 {
            return Err(self.wrong(inputs, "expected at least 1 channel and 1 filter"));
        }
        if own != channels / groups {
            let why =
                format!("{channels} channels in {groups} groups need filters of {}, not {own}", channels / groups);
            return Err(self.wrong(inputs, &why));
        }
        let outputs = self.outputs(inputs, spatial(x), &w[..rank - 2])?;
        if x[0] != y[0] || spatial(y) != outputs || y[rank - 1] != filters {
            let expected: Shape = [x[0]].into_iter().chain(outputs).chain([filters]).collect();
            return Err(self.wrong(inputs, &format!("expected an output of {expected}, not {y}")));
        }
        Ok(())
    }

    /// The sizes for the kernels.
    fn geometry(&self, inputs: &[Spec]) -> Geometry {
        let Shapes { x, w, y } = self.shapes(inputs).expect("checked by infer");
        let rank = x.rank();
        let axes = self.steps.axes(spatial(&x), spatial(&y), &w[..rank - 2]);
        Geometry { images: x[0], axes, channels: x[rank - 1], filters: y[rank - 1], groups: self.groups }
    }
}

impl Op for Convolution {
    fn name(&self) -> &'static str {
        Convolution::NAME
    }

    fn attributes(&self) -> Vec<f64> {
        let mut out = vec![self.of as usize as f64];
        self.steps.encode(&mut out);
        out.push(self.groups as f64);
        encode_list(&mut out, &self.sizes, |x| x as f64);
        out
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        let [first, second] = inputs else { unreachable!("two inputs") };
        Takes::Floats.check(Convolution::NAME, first)?;
        if first.dtype != second.dtype {
            let why = format!("convolution: expected two tensors of one dtype, got {first} and {second}");
            return Err(Error::dtype(why));
        }
        let Shapes { x, w, y } = self.shapes(inputs)?;
        let shape = match self.of {
            Of::Output => y,
            Of::Input => x,
            Of::Filter => w,
        };
        Ok(smallvec![Spec::new(shape, first.dtype)])
    }

    fn lower(&self, inputs: &[Spec], _: &[Spec]) -> Lowering {
        let (of, geometry, epilogue) = (self.of, self.geometry(inputs), Epilogue::NONE);
        // Windows of one place are rows of a matrix, and the filter is one under all of them.
        if of != Of::Filter && geometry.is_plain() {
            let (a, b) = (Access::Matrix { transposed: false }, Access::Matrix { transposed: of == Of::Input });
            return Lowering::Contract(Contract { a, b, epilogue });
        }
        for_float!(inputs[0].dtype, T => {
            Lowering::Kernel(Box::new(Planned::<T> { of, geometry, epilogue, element: PhantomData }))
        })
    }

    /// The derivative of the form with respect to the third of `x`, `w`, `dy` from the two others.
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients> {
        let (first, second, grad) = (&node.inputs[0], &node.inputs[1], node.dy());
        let output = |x: &Tensor, w: &Tensor| Tensor::apply(self.another(Of::Output, &[]), &[x, w]);
        let input =
            |dy: &Tensor, w: &Tensor, x: &Tensor| Tensor::apply(self.another(Of::Input, spatial(x.shape())), &[dy, w]);
        let filter = |x: &Tensor, dy: &Tensor, w: &Tensor| {
            if self.of != Of::Filter && self.geometry(&[first.spec().clone(), second.spec().clone()]).is_plain() {
                return reshape(&matmul(&rows(x)?, &rows(dy)?, true, false)?, w.shape());
            }
            Tensor::apply(self.another(Of::Filter, &w.shape()[..w.shape().rank() - 2]), &[x, dy])
        };
        let needed = |index: usize, draw: &dyn Fn() -> Result<Tensor>| node.needs[index].then(draw).transpose();
        Ok(match self.of {
            Of::Output => {
                smallvec![needed(0, &|| input(grad, second, first))?, needed(1, &|| filter(first, grad, second))?]
            }
            Of::Input => smallvec![needed(0, &|| output(grad, second))?, needed(1, &|| filter(grad, first, second))?],
            Of::Filter => smallvec![needed(0, &|| input(second, grad, first))?, needed(1, &|| output(first, grad))?],
        })
    }
}

/// What makes the kernel.
#[derive(Debug)]
struct Planned<T> {
    of: Of,
    geometry: Geometry,
    epilogue: Epilogue,
    element: PhantomData<T>,
}

impl<T: Float + Compute> Recipe for Planned<T>
where
    Box<dyn ByRows<T>>: Into<RowKernel>,
{
    fn with_epilogue(&self, epilogue: Epilogue) -> Option<Box<dyn Recipe>> {
        let (of, geometry) = (self.of, self.geometry);
        let free = of == Of::Output && self.epilogue == Epilogue::NONE;
        free.then(|| Box::new(Planned::<T> { of, geometry, epilogue, element: PhantomData }) as Box<dyn Recipe>)
    }

    fn by_rows(&self, site: &Site<'_>) -> Option<RowKernel> {
        let (geometry, epilogue, isa) = (self.geometry, self.epilogue, site.target.isa);
        let Epilogue { bias, activation } = epilogue;
        let size = "tensors of these sizes exist";
        let plan = match self.of {
            Of::Output => Plan::Output(ConvolutionOutput::<T>::by_rows(geometry, bias, activation, isa).expect(size)?),
            Of::Input => Plan::Input(ConvolutionInput::<T>::by_rows(geometry, isa).expect(size)?),
            Of::Filter => return None,
        };
        let kernel: Box<dyn ByRows<T>> = Box::new(ConvolutionKernel { geometry, epilogue, plan });
        Some(kernel.into())
    }

    fn cpu(&self, site: &Site<'_>) -> Box<dyn Kernel> {
        let (geometry, epilogue, isa) = (self.geometry, self.epilogue, site.target.isa);
        let Epilogue { bias, activation } = epilogue;
        let size = "tensors of these sizes exist";
        let plan = match self.of {
            Of::Output => Plan::Output(ConvolutionOutput::<T>::new(geometry, bias, activation, isa).expect(size)),
            Of::Input => Plan::Input(ConvolutionInput::<T>::new(geometry, isa).expect(size)),
            Of::Filter => Plan::Filter(ConvolutionFilter::<T>::new(geometry, isa).expect(size)),
        };
        Box::new(ConvolutionKernel { geometry, epilogue, plan })
    }
}

enum Plan<T: Float> {
    Output(ConvolutionOutput<T>),
    Input(ConvolutionInput<T>),
    Filter(ConvolutionFilter<T>),
}

struct ConvolutionKernel<T: Float> {
    geometry: Geometry,
    epilogue: Epilogue,
    plan: Plan<T>,
}

impl<T: Float + Compute> ConvolutionKernel<T> {
    fn compute(&self, io: &Io<'_>, out: &mut [T], workspace: &mut [T], end: Option<&End<'_, T>>) {
        let (first, second) = (io.input::<T>(0), io.input::<T>(1));
        let bias = self.epilogue.bias.then(|| io.input::<T>(2));
        match &self.plan {
            Plan::Output(plan) => plan.run(io.threads(), (first, second, bias), out, workspace, end),
            Plan::Input(plan) => plan.run(io.threads(), (first, second), out, workspace, end),
            Plan::Filter(plan) => plan.run(io.threads(), first, second, out, workspace),
        }
    }
}

impl<T: Float + Compute> Kernel for ConvolutionKernel<T> {
    fn name(&self) -> &'static str {
        Convolution::NAME
    }

    fn describe(&self) -> Option<String> {
        let Geometry { images, axes, channels, filters, .. } = &self.geometry;
        let sizes = |size: fn(&ferrograd_kernels::conv::Axis) -> usize| {
            let sizes: Vec<String> = axes.iter().map(|axis| size(axis).to_string()).collect();
            sizes.join("×")
        };
        let of = match &self.plan {
            Plan::Output(_) => "output",
            Plan::Input(_) => "gradient of the input",
            Plan::Filter(_) => "gradient of the filter",
        };
        let (input, kernel) = (sizes(|axis| axis.input), sizes(|axis| axis.kernel));
        let end = self.epilogue.describe();
        Some(format!("{of}: {images} of {input}×{channels} by {kernel}, {filters} filters{end}"))
    }

    fn flops(&self) -> Option<f64> {
        Some(self.geometry.flops())
    }

    fn workspace(&self) -> usize {
        let elements = match &self.plan {
            Plan::Output(plan) => plan.workspace_len(),
            Plan::Input(plan) => plan.workspace_len(),
            Plan::Filter(plan) => plan.workspace_len(),
        };
        elements * size_of::<T>()
    }

    fn run(&self, io: &mut Io<'_>) -> std::result::Result<(), Fault> {
        let (out, workspace) = (io.output::<T>(0), io.workspace_of::<T>());
        self.compute(io, out, workspace, None);
        Ok(())
    }
}

impl<T: Float + Compute> ByRows<T> for ConvolutionKernel<T> {
    fn starts(&self) -> Vec<usize> {
        match &self.plan {
            Plan::Output(plan) => plan.starts(),
            Plan::Input(plan) => plan.starts(),
            Plan::Filter(_) => unreachable!("a filter's gradient has no recipe by rows"),
        }
    }

    fn run_by_rows(&self, io: &Io<'_>, y: &mut [T], workspace: &mut [T], end: &End<'_, T>) {
        self.compute(io, y, workspace, Some(end));
    }
}

fn read(reader: &mut Reader<'_>) -> Result<Arc<dyn Op>> {
    let of = match reader.size()? {
        0 => Of::Output,
        1 => Of::Input,
        2 => Of::Filter,
        of => return Err(Error::config(format!("convolution: expected 0, 1 or 2 as `of`, got {of}"))),
    };
    let (steps, groups, sizes) = (Steps::read(reader)?, reader.size()?, reader.sizes()?);
    Ok(Arc::new(Convolution { of, steps, groups, sizes }))
}

/// The three derivatives at sizes that go together.
fn examples() -> Vec<Example> {
    let case = |x: &[usize], w: &[usize], steps: &Steps, groups: usize| {
        let rank = x.len();
        let kernel = &w[..rank - 2];
        let outputs = steps.windows("convolution", spatial(x), kernel, "").expect("sizes that go together");
        let y = [&x[..1], &outputs[..], &w[rank - 1..]].concat();
        [(Of::Output, x, w, &[][..]), (Of::Input, &y[..], w, spatial(x)), (Of::Filter, x, &y[..], kernel)].map(
            |(of, first, second, sizes)| Example {
                op: Arc::new(Convolution { of, steps: steps.clone(), groups, sizes: sizes.to_vec() }),
                inputs: vec![ExampleInput::float(first, -1.0..1.0), ExampleInput::float(second, -1.0..1.0)],
                smooth: true,
            },
        )
    };
    let steps = |strides: &[usize], dilations: &[usize], padding: &[(usize, usize)]| Steps {
        strides: strides.to_vec(),
        dilations: dilations.to_vec(),
        padding: padding.to_vec(),
    };
    [
        case(&[2, 5, 3], &[2, 3, 4], &Steps::plain(1), 1),
        case(&[1, 7, 2], &[3, 1, 4], &steps(&[2], &[2], &[(3, 1)]), 2),
        case(&[2, 4, 5, 2], &[3, 3, 2, 3], &steps(&[1, 1], &[1, 1], &[(1, 1), (1, 1)]), 1),
        case(&[1, 5, 4, 3], &[2, 3, 3, 2], &steps(&[2, 3], &[1, 1], &[(0, 1), (1, 0)]), 1),
        case(&[2, 3, 3, 3], &[2, 2, 1, 6], &steps(&[1, 2], &[1, 1], &[(1, 0), (0, 1)]), 3),
        case(&[2, 3, 3, 2], &[1, 1, 2, 3], &Steps::plain(2), 1),
        case(&[1, 3, 2, 3, 2], &[2, 1, 2, 2, 2], &steps(&[1, 1, 2], &[1, 1, 1], &[(1, 0), (0, 0), (0, 1)]), 1),
        case(&[0, 4, 2], &[2, 2, 3], &Steps::plain(1), 1),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(crate) const DECLARATION: Declaration = Declaration {
    name: Convolution::NAME,
    doc: "A derivative of the form `Σ x[n, o·stride + k·dilation − before, c] · w[k, c, j] · dy[n, o, j]`: `y` from `x` and `w`, `dx` from `dy` and `w`, or `dw` from `x` and `dy`.",
    inputs: Inputs::Named(&["first", "second"]),
    outputs: 1,
    attributes: &[
        Attribute { name: "of", kind: AttributeKind::Int, doc: "0 for `y`, 1 for `dx`, 2 for `dw`." },
        STRIDES,
        DILATIONS,
        PADDING,
        Attribute { name: "groups", kind: AttributeKind::Int, doc: "Each has its share of channels and filters." },
        Attribute {
            name: "sizes",
            kind: AttributeKind::Ints,
            doc: "The input's sizes for `dx`, the kernel's for `dw`, none for `y`.",
        },
    ],
    read,
    examples,
};
