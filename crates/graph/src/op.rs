//! What an op is: a shape rule, a way to compute it, a gradient rule.

use crate::error::{Error, Result};
use crate::ops::Padding;
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use ferrograd_kernels::element::DType;
pub use ferrograd_kernels::exec::{ByRows, Fault, Grouped, Io, Kernel, SharedInputs};
pub use ferrograd_kernels::gemm::{Activation, End};
pub use ferrograd_kernels::map::{Binary, Layout, Reduce, Unary};
pub use ferrograd_kernels::target::Target;
use smallvec::SmallVec;
use std::fmt::Debug;
use std::ops::Range;

/// The specs of an op's outputs; nearly always one.
pub type Specs = SmallVec<[Spec; 1]>;

/// One gradient per input, `None` where the input gets none.
pub type Gradients = SmallVec<[Option<Tensor>; 2]>;

/// A primitive. One file each under `ops/`.
pub trait Op: Debug + Send + Sync + 'static {
    /// The name in errors, profiles and the table of ops.
    fn name(&self) -> &'static str;

    /// The attributes, encoded as the table's reader takes them.
    fn attributes(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Adds what tells it apart from other ops of its name. Two ops of the same name and identity compute the same:
    /// common subexpressions and cached programs rest on it. An op that is more than its attributes, such as one with a
    /// graph of its own, says so here, and never by an address.
    fn identity(&self, out: &mut Vec<u64>) {
        let attributes = self.attributes();
        out.push(attributes.len() as u64);
        out.extend(attributes.into_iter().map(f64::to_bits));
    }

    /// Checks the inputs and says what comes out.
    fn infer(&self, inputs: &[Spec]) -> Result<Specs>;

    /// How the compiler computes it. `inputs` and `outputs` are those of [`Op::infer`].
    fn lower(&self, inputs: &[Spec], outputs: &[Spec]) -> Lowering;

    /// The gradient with respect to each input, drawn as graph.
    fn gradient(&self, node: &Backward<'_>) -> Result<Gradients>;

    /// The identity of the op of its name whose outputs, on the same inputs, are its own first ones: where both are in a
    /// graph, it stands for the other. How what a gradient needs of a loop is saved by the loop that runs anyway.
    fn extends(&self) -> Option<&[u64]> {
        None
    }

    /// True where there are ops that extend it.
    fn extendable(&self) -> bool {
        false
    }

    /// The places of its input among zeros, where it does nothing but lay it there: gradients of parts are such, and are put
    /// together where they meet.
    fn placing(&self) -> Option<&[Padding]> {
        None
    }

    /// True where it has a kernel of its own and is row by row along the first axis of its inputs, `rank` axes: on some rows of all
    /// inputs it gives these rows of the result. Of other ops the lowering says it.
    fn rows_apart(&self, rank: usize) -> bool {
        let _ = rank;
        false
    }

    /// False where two equal nodes must not become one. Random ops are keyed by their inputs, so even they may.
    fn pure(&self) -> bool {
        true
    }
}

/// A node seen from its gradient rule.
pub struct Backward<'a> {
    /// The node's inputs.
    pub inputs: &'a [Tensor],
    /// The node's outputs.
    pub outputs: &'a [Tensor],
    /// The gradient of each output, `None` where nothing depends on it.
    pub grads: &'a [Option<Tensor>],
    /// Which inputs need a gradient. Others may be skipped.
    pub needs: &'a [bool],
}

impl Backward<'_> {
    /// The gradient of the only output.
    ///
    /// # Panics
    /// Where there is none: gradient rules run only for nodes that have one.
    pub fn dy(&self) -> &Tensor {
        self.grads[0].as_ref().expect("a gradient rule runs only where a gradient arrives")
    }

    /// The only output.
    pub fn y(&self) -> &Tensor {
        &self.outputs[0]
    }
}

/// How an op is computed: what the compiler may fuse, look through, or must call. Data that its passes rewrite; the op
/// itself is out of sight by then.
#[derive(Debug)]
pub enum Lowering {
    /// A scalar function at each element, inputs broadcast to the output's shape.
    Elementwise(Scalar),
    /// A reduction over `axes` of the only input (sorted, not negative).
    Reduce {
        /// What combines the elements.
        op: Reduce,
        /// Which axes go.
        axes: Vec<usize>,
        /// A factor on the result.
        scale: Option<f64>,
    },
    /// The same numbers read otherwise: no work where the reader takes strides.
    View(View),
    /// A product of matrices.
    Contract(Contract),
    /// Anything else: a kernel of the op's own.
    Kernel(Box<dyn Recipe>),
}

/// `y = a · b` on the last two axes, the leading ones are batch axes and equal or 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// How the first input is a matrix (rows, depth).
    pub a: Access,
    /// How the second input is a matrix (depth, columns).
    pub b: Access,
    /// What ends it.
    pub epilogue: Epilogue,
}

/// What is done to each number of a result when it is complete: `y = activation(y + bias)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epilogue {
    /// One more input, the last one: a number for each place of the result's last axis.
    pub bias: bool,
    /// Applied last.
    pub activation: Activation,
}

impl Epilogue {
    /// Nothing.
    pub const NONE: Epilogue = Epilogue { bias: false, activation: Activation::None };

    /// For profiles: ` + bias, relu`.
    pub fn describe(self) -> String {
        let bias = if self.bias { " + bias" } else { "" };
        match self.activation {
            Activation::None => bias.into(),
            activation => format!("{bias}, {activation:?}").to_lowercase(),
        }
    }
}

impl Lowering {
    /// The same with an epilogue; none where it takes none, or has one already.
    pub(crate) fn with_epilogue(&self, epilogue: Epilogue) -> Option<Lowering> {
        match self {
            Lowering::Contract(contract) => {
                let plain = contract.epilogue == Epilogue::NONE;
                plain.then(|| Lowering::Contract(Contract { epilogue, ..contract.clone() }))
            }
            Lowering::Kernel(recipe) => recipe.with_epilogue(epilogue).map(Lowering::Kernel),
            Lowering::Elementwise(_) | Lowering::Reduce { .. } | Lowering::View(_) => None,
        }
    }
}

/// How an operand of a product is read as a matrix.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    /// Its last two axes.
    Matrix {
        /// Read swapped.
        transposed: bool,
    },
}

/// How a kernel of an op's own is made: asked once for each place in a program, when all about it is known.
pub trait Recipe: Debug {
    /// How its inputs may lie.
    fn layouts(&self) -> Layouts {
        Layouts::Contiguous
    }

    /// The same for a kernel that does as the epilogue says to its only output; none where it takes none, or has one
    /// already.
    fn with_epilogue(&self, _: Epilogue) -> Option<Box<dyn Recipe>> {
        None
    }

    /// The kernel for the processor where a pass follows it: it finishes its only output in blocks of rows, all of the last
    /// axis each, and the pass runs over each block as it is there. None where it does not work so.
    fn by_rows(&self, _: &Site<'_>) -> Option<RowKernel> {
        None
    }

    /// What is computed of groups of rows of the only input, each for itself: where that is finished in blocks of rows, a group is
    /// read as it is there. None where groups are not apart.
    fn by_groups(&self, _: &Site<'_>) -> Option<GroupKernel> {
        None
    }

    /// The kernel for the processor. It is called with the site's inputs and all outputs of the op, in their order.
    fn cpu(&self, site: &Site<'_>) -> Box<dyn Kernel>;
}

/// A kernel that finishes blocks of rows, by the type of its numbers.
pub enum RowKernel {
    /// Of `float32`.
    F32(Box<dyn ByRows<f32>>),
    /// Of `float64`.
    F64(Box<dyn ByRows<f64>>),
}

impl From<Box<dyn ByRows<f32>>> for RowKernel {
    fn from(kernel: Box<dyn ByRows<f32>>) -> RowKernel {
        RowKernel::F32(kernel)
    }
}

impl From<Box<dyn ByRows<f64>>> for RowKernel {
    fn from(kernel: Box<dyn ByRows<f64>>) -> RowKernel {
        RowKernel::F64(kernel)
    }
}

/// What is computed of groups of rows, by the type of its numbers.
pub enum GroupKernel {
    /// Of `float32`.
    F32(Grouped<f32>),
    /// Of `float64`.
    F64(Grouped<f64>),
}

impl From<Grouped<f32>> for GroupKernel {
    fn from(kernel: Grouped<f32>) -> GroupKernel {
        GroupKernel::F32(kernel)
    }
}

impl From<Grouped<f64>> for GroupKernel {
    fn from(kernel: Grouped<f64>) -> GroupKernel {
        GroupKernel::F64(kernel)
    }
}

/// How a kernel takes its inputs; what it does not take is copied first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layouts {
    /// Row-major, without gaps, from the first element that it is given.
    Contiguous,
    /// As the site says: a kernel is given the whole buffer of each input.
    Any,
}

/// The place of a kernel in a program.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The instruction set, the matrix unit, the precision.
    pub target: Target,
    /// Where each input's elements lie, over its own shape.
    pub inputs: &'a [Layout],
    /// Bit `i` is set where somebody reads output `i`; what is written to the others is never seen.
    pub live: u64,
}

/// The functions that elementwise programs are made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// One input. Identity at another dtype is a cast.
    Identity,
    /// One input.
    Unary(Unary),
    /// Two inputs.
    Binary(Binary),
    /// `condition ? a : b`.
    Select,
}

/// A change of layout.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    /// Same order, other sizes.
    Reshape,
    /// Output axis `i` is input axis `perm[i]`.
    Transpose(Vec<usize>),
    /// Repeated along new and size-1 axes.
    Broadcast,
    /// `start[i] + step[i]·j` along each axis; a negative step reads backwards.
    Slice {
        /// First index along each axis.
        start: Vec<usize>,
        /// Step along each axis, not 0.
        step: Vec<isize>,
    },
}

/// The kind of an attribute, for the generated TypeScript and the reader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AttributeKind {
    /// A real number.
    Float,
    /// An integer.
    Int,
    /// A truth value.
    Bool,
    /// A list of integers: its length, then its items.
    Ints,
    /// A list of real numbers: its length, then its items.
    Floats,
    /// An element type.
    DType,
}

/// One attribute of an op's declaration.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// camelCase, as TypeScript sees it.
    pub name: &'static str,
    /// Its kind.
    pub kind: AttributeKind,
    /// One line.
    pub doc: &'static str,
}

/// How many tensors an op takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Inputs {
    /// Exactly these, by name.
    Named(&'static [&'static str]),
    /// A list of at least one.
    List,
}

/// An op's line in the table: from it come the addon's constructor and the TypeScript declaration.
pub struct Declaration {
    /// camelCase.
    pub name: &'static str,
    /// The formula, in one or two lines.
    pub doc: &'static str,
    /// The tensors it takes.
    pub inputs: Inputs,
    /// How many tensors it gives.
    pub outputs: usize,
    /// Its attributes, in the order of their encoding.
    pub attributes: &'static [Attribute],
    /// Builds the op from its encoded attributes.
    pub read: fn(&mut Reader<'_>) -> Result<std::sync::Arc<dyn Op>>,
    /// Cases for the gradient check and the kernel checks.
    pub examples: fn() -> Vec<Example>,
}

/// One case of an op, found by the gradient check by itself.
pub struct Example {
    /// The op.
    pub op: std::sync::Arc<dyn Op>,
    /// Its inputs.
    pub inputs: Vec<ExampleInput>,
    /// True where the function has a second derivative at these points, to be checked as well.
    pub smooth: bool,
}

/// How an example's input is filled.
#[derive(Clone, Debug)]
pub struct ExampleInput {
    /// Its shape.
    pub shape: Shape,
    /// What to draw.
    pub values: Values,
}

/// The numbers of an example's input.
#[derive(Clone, Debug)]
pub enum Values {
    /// Uniform in the range, distinct enough that no two are closer than the difference step. Differentiated.
    Float(Range<f64>),
    /// Integers in the range, as `int32`. Not differentiated.
    Int(Range<i32>),
    /// Truth values. Not differentiated.
    Bool,
    /// These numbers, as floats. Differentiated.
    Given(Vec<f64>),
}

impl ExampleInput {
    /// Floats of `shape` in `range`.
    pub fn float(shape: &[usize], range: Range<f64>) -> ExampleInput {
        ExampleInput { shape: Shape::new(shape), values: Values::Float(range) }
    }

    /// Integers of `shape` in `range`.
    pub fn int(shape: &[usize], range: Range<i32>) -> ExampleInput {
        ExampleInput { shape: Shape::new(shape), values: Values::Int(range) }
    }

    /// Truth values of `shape`.
    pub fn boolean(shape: &[usize]) -> ExampleInput {
        ExampleInput { shape: Shape::new(shape), values: Values::Bool }
    }
}

/// Reads encoded attributes in order.
pub struct Reader<'a> {
    op: &'static str,
    rest: &'a [f64],
}

impl<'a> Reader<'a> {
    /// A reader over the attributes of `op`.
    pub fn new(op: &'static str, values: &'a [f64]) -> Reader<'a> {
        Reader { op, rest: values }
    }

    /// A real number.
    pub fn float(&mut self) -> Result<f64> {
        let (&first, rest) = self.rest.split_first().ok_or_else(|| self.wrong("too few attributes"))?;
        self.rest = rest;
        Ok(first)
    }

    /// An integer of 53 bits.
    pub fn int(&mut self) -> Result<i64> {
        let value = self.float()?;
        if value.fract() != 0.0 || value.abs() > 9_007_199_254_740_992.0 {
            return Err(self.wrong(&format!("expected an integer, got {value}")));
        }
        Ok(value as i64)
    }

    /// An integer that is not negative.
    pub fn size(&mut self) -> Result<usize> {
        let value = self.int()?;
        usize::try_from(value).map_err(|_| self.wrong(&format!("expected an integer >= 0, got {value}")))
    }

    /// A truth value.
    pub fn bool(&mut self) -> Result<bool> {
        Ok(self.float()? != 0.0)
    }

    /// A list of integers.
    pub fn ints(&mut self) -> Result<Vec<i64>> {
        (0..self.size()?).map(|_| self.int()).collect()
    }

    /// A list of integers that are not negative.
    pub fn sizes(&mut self) -> Result<Vec<usize>> {
        (0..self.size()?).map(|_| self.size()).collect()
    }

    /// A list of real numbers.
    pub fn floats(&mut self) -> Result<Vec<f64>> {
        (0..self.size()?).map(|_| self.float()).collect()
    }

    /// An element type, by its index in [`dtype_code`].
    pub fn dtype(&mut self) -> Result<DType> {
        let code = self.int()?;
        [DType::F32, DType::F64, DType::I32, DType::Bool]
            .into_iter()
            .find(|&dtype| dtype_code(dtype) == code as f64)
            .ok_or_else(|| self.wrong(&format!("unknown dtype code {code}")))
    }

    fn wrong(&self, what: &str) -> Error {
        Error::config(format!("{}: {what}", self.op))
    }
}

/// The number by which attributes encode an element type.
pub fn dtype_code(dtype: DType) -> f64 {
    match dtype {
        DType::F32 => 0.0,
        DType::F64 => 1.0,
        DType::I32 => 2.0,
        DType::Bool => 3.0,
    }
}

/// Encodes a list: its length, then its items.
pub fn encode_list<T: Copy>(out: &mut Vec<f64>, items: &[T], to_f64: impl Fn(T) -> f64) {
    out.push(items.len() as f64);
    out.extend(items.iter().map(|&item| to_f64(item)));
}
