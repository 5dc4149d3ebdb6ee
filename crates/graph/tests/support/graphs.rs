//! Random graphs, and their numbers node by node.

use super::{Dice, Filled, numbers};
use ferrograd_graph::gradient::gradient;
use ferrograd_graph::ops::{self, Padding, Steps};
use ferrograd_graph::program::Running;
use ferrograd_graph::tensor::{Operands, Source};
use ferrograd_graph::{DType, Result, Shape, Spec, Tensor, Variable, evaluate};
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::target::Target;
use std::collections::HashMap;
use std::sync::Arc;

/// Who supplies a leaf's numbers.
#[derive(Clone, Copy)]
enum Leaf {
    Placeholder,
    Variable,
    Constant,
}

/// What graphs are made of.
#[derive(Clone, Copy, Debug)]
pub struct Flavor {
    pub float: DType,
    /// Sizes of axes.
    pub sizes: &'static [usize],
    pub tensors: usize,
    /// Most elements of a tensor.
    pub limit: usize,
}

/// A graph with all that a program may be asked for.
#[derive(Default)]
pub struct Graph {
    /// Every tensor that was drawn, inputs before users.
    pub tensors: Vec<Tensor>,
    pub inputs: Vec<Tensor>,
    /// What the inputs are fed with.
    pub feeds: Vec<Arc<Memory>>,
    pub variables: Vec<Variable>,
    pub outputs: Vec<Tensor>,
    pub updates: Vec<(Variable, Tensor)>,
    pub guard: Option<Tensor>,
}

impl Graph {
    pub fn random(seed: u32, flavor: Flavor) -> Graph {
        // The same graphs on every machine and for every target: what is left out depends on the numbers.
        let values = Values::of_target(Isa::Portable.into());
        let mut maker = Maker { dice: Dice::new(seed), flavor, graph: Graph::default(), values };
        maker.leaves();
        let mut tries = 0;
        while maker.graph.tensors.len() < flavor.tensors && tries < 20 * flavor.tensors {
            maker.node();
            tries += 1;
        }
        maker.finish();
        maker.graph
    }

    /// The graph's numbers on `target` where the variables hold what they hold now.
    pub fn values(&self, target: Target) -> Values {
        let mut values = Values::of_target(target);
        self.inputs.iter().zip(&self.feeds).for_each(|(input, feed)| values.set(input, feed.clone()));
        values
    }

    /// Each node in a line, for messages.
    pub fn describe(&self) -> String {
        let place: HashMap<usize, usize> = self.tensors.iter().map(Tensor::node_id).zip(0..).collect();
        let name = |tensor: &Tensor| place.get(&tensor.node_id()).map_or("?".to_owned(), usize::to_string);
        let line = |tensor: &Tensor| {
            let (source, inputs) = tensor.source();
            let inputs: Vec<String> = inputs.iter().map(name).collect();
            format!("{}: {source:?} of {inputs:?} -> {}\n", name(tensor), tensor.spec())
        };
        self.tensors.iter().map(line).collect()
    }
}

/// Fills a program's inputs with the graph's.
pub fn feed(running: &mut Running<'_>, graph: &Graph) {
    for (index, (input, feed)) in graph.inputs.iter().zip(&graph.feeds).enumerate() {
        match input.dtype() {
            DType::F32 => running.input::<f32>(index).copy_from_slice(feed.as_slice()),
            DType::F64 => running.input::<f64>(index).copy_from_slice(feed.as_slice()),
            DType::I32 => running.input::<i32>(index).copy_from_slice(feed.as_slice()),
            DType::Bool => running.input::<u8>(index).copy_from_slice(feed.as_slice()),
        }
    }
}

/// The numbers of tensors, each node computed alone.
pub struct Values {
    target: Target,
    /// By node; the tensor keeps the node's number from being given to another.
    known: HashMap<usize, (Tensor, Vec<Arc<Memory>>)>,
}

impl Values {
    fn of_target(target: Target) -> Values {
        Values { target, known: HashMap::new() }
    }

    fn set(&mut self, leaf: &Tensor, memory: Arc<Memory>) {
        self.known.insert(leaf.node_id(), (leaf.clone(), vec![memory]));
    }

    pub fn of(&mut self, tensor: &Tensor) -> Result<Arc<Memory>> {
        let (source, inputs) = tensor.source();
        if !self.known.contains_key(&tensor.node_id()) {
            let memories = match source {
                Source::Op(op) => {
                    let alone = |input: &Tensor| Ok(Tensor::value(input.spec().clone(), self.of(input)?));
                    let inputs = inputs.iter().map(alone).collect::<Result<Operands>>()?;
                    evaluate(&Tensor::apply_all(op, inputs)?, self.target)?
                }
                Source::Variable(variable) => vec![variable.snapshot().unwrap()],
                Source::Value => vec![tensor.evaluated().unwrap()],
                Source::Fill(_) => evaluate(std::slice::from_ref(tensor), self.target)?,
                Source::Placeholder => unreachable!("placeholders are set"),
            };
            self.known.insert(tensor.node_id(), (tensor.clone(), memories));
        }
        Ok(self.known[&tensor.node_id()].1[tensor.index()].clone())
    }
}

/// A graph under construction, with its numbers: what grows out of bounds is left out.
struct Maker {
    dice: Dice,
    flavor: Flavor,
    graph: Graph,
    values: Values,
}

impl Maker {
    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.dice.below(from.len())].clone()
    }

    fn shape(&mut self, rank: usize) -> Shape {
        loop {
            let shape: Shape = (0..rank).map(|_| self.pick(self.flavor.sizes)).collect();
            if shape.size() <= self.flavor.limit {
                return shape;
            }
        }
    }

    fn leaves(&mut self) {
        for _ in 0..2 + self.dice.below(3) {
            let rank = self.dice.below(4);
            let shape = self.shape(rank);
            let kind = self.pick(&[Leaf::Placeholder, Leaf::Placeholder, Leaf::Constant]);
            self.leaf(kind, shape);
        }
        // Variables share shapes, so that they can be swapped and read each other.
        let rank = self.dice.below(3);
        let shapes = [self.shape(rank), self.shape(2)];
        for _ in 0..1 + self.dice.below(4) {
            let shape = self.pick(&shapes);
            self.leaf(Leaf::Variable, shape);
        }
    }

    fn leaf(&mut self, kind: Leaf, shape: Shape) -> Tensor {
        let size = shape.size();
        let filled = match self.dice.below(10) {
            0 => Filled::Int(shape, (0..size).map(|_| self.dice.below(9) as i32 - 4).collect()),
            1 => Filled::Bool(shape, (0..size).map(|_| self.dice.below(2) as u8).collect()),
            _ => self.floats(shape),
        };
        self.add_leaf(kind, filled)
    }

    fn floats(&mut self, shape: Shape) -> Filled {
        let values = (0..shape.size()).map(|_| f64::from((self.dice.fraction() * 4.0 - 2.0) as f32)).collect();
        Filled::Float(shape, values)
    }

    fn add_leaf(&mut self, kind: Leaf, filled: Filled) -> Tensor {
        let (spec, memory) = (filled.spec(self.flavor.float), filled.memory(self.flavor.float));
        let tensor = match kind {
            Leaf::Constant => Tensor::value(spec, memory.clone()),
            Leaf::Placeholder => {
                let tensor = Tensor::placeholder(spec);
                self.graph.inputs.push(tensor.clone());
                self.graph.feeds.push(memory.clone());
                tensor
            }
            Leaf::Variable => {
                let name = format!("v{}", self.graph.variables.len());
                let variable = Variable::from_memory(name, spec, memory.clone());
                self.graph.variables.push(variable.clone());
                Tensor::variable(&variable)
            }
        };
        self.values.set(&tensor, memory);
        self.graph.tensors.push(tensor.clone());
        tensor
    }

    fn any(&mut self, fits: impl Fn(&Spec) -> bool) -> Option<Tensor> {
        let all: Vec<Tensor> = self.graph.tensors.iter().filter(|tensor| fits(tensor.spec())).cloned().collect();
        (!all.is_empty()).then(|| self.pick(&all))
    }

    /// Adds a tensor, unless it is refused or its numbers are not small.
    fn add(&mut self, drawn: Result<Tensor>) -> Option<Tensor> {
        let tensor = drawn.ok()?;
        if tensor.shape().size() > self.flavor.limit {
            return None;
        }
        let memory = self.values.of(&tensor).expect("no fault");
        if !numbers(&memory, tensor.spec()).iter().all(|value| value.abs() < 1e3) {
            return None;
        }
        self.graph.tensors.push(tensor.clone());
        Some(tensor)
    }

    fn node(&mut self) -> Option<Tensor> {
        match self.dice.below(22) {
            20..=21 => self.picture(),
            0..=3 => self.unary(),
            4..=8 => self.binary(),
            9 => self.comparison(),
            10 => self.choice(),
            11 => self.conversion(),
            12..=13 => self.reduction(),
            14 => self.product(),
            15 => self.dense(),
            16..=18 => self.view(),
            _ => self.kernel(),
        }
    }

    fn unary(&mut self) -> Option<Tensor> {
        let x = &self.any(|spec| spec.dtype.is_float())?;
        let drawn = match self.dice.below(15) {
            0 => ops::neg(x),
            1 => ops::abs(x),
            2 => ops::tanh(x),
            3 => ops::sigmoid(x),
            4 => ops::square(x),
            5 => ops::relu(x),
            6 => ops::erf(x),
            7 => ops::softplus(x),
            8 => ops::exp(x),
            9 => ops::log1p(&ops::square(x).ok()?),
            10 => ops::sqrt(&(ops::square(x).ok()? + 0.1)),
            11 => ops::reciprocal(&(ops::abs(x).ok()? + 0.5)),
            12 => ops::sin(x),
            13 => ops::rsqrt(&(ops::square(x).ok()? + 0.3)),
            _ => Ok(x * 0.5 + 1.0),
        };
        self.add(drawn)
    }

    /// A tensor, and another of its type that broadcasts with it.
    fn pair(&mut self, takes: impl Fn(DType) -> bool) -> Option<(Tensor, Tensor)> {
        let a = self.any(|spec| takes(spec.dtype))?;
        let fits = |other: &Spec| other.dtype == a.dtype() && Shape::broadcast(&other.shape, a.shape()).is_some();
        let b = self.any(fits)?;
        Some(if self.dice.below(2) == 0 { (a, b) } else { (b, a) })
    }

    fn binary(&mut self) -> Option<Tensor> {
        let (a, b) = &self.pair(|dtype| dtype != DType::Bool)?;
        let drawn = match self.dice.below(7) {
            0 | 1 => ops::add(a, b),
            2 => ops::sub(a, b),
            3 => ops::mul(a, b),
            4 => ops::maximum(a, b),
            5 => ops::minimum(a, b),
            _ if a.dtype().is_float() => ops::div(a, &(ops::abs(b).ok()? + 0.5)),
            _ => ops::floor_div(a, &(ops::abs(b).ok()? + 1.0)),
        };
        self.add(drawn)
    }

    fn comparison(&mut self) -> Option<Tensor> {
        // In float32 two ways of rounding may fall on either side; integers have no sides.
        let exact = self.flavor.float == DType::F64;
        let (a, b) = &self.pair(|dtype| !dtype.is_float() || exact)?;
        let drawn = match (a.dtype(), self.dice.below(4)) {
            (DType::Bool, 0) => ops::logical_and(a, b),
            (DType::Bool, 1) => ops::logical_or(a, b),
            (DType::Bool, 2) => ops::logical_not(a),
            (DType::Bool, _) => ops::not_equal(a, b),
            (_, 0) => ops::greater(a, b),
            (_, 1) => ops::less_equal(a, b),
            (_, 2) => ops::equal(a, b),
            (_, _) => ops::less(a, b),
        };
        self.add(drawn)
    }

    fn choice(&mut self) -> Option<Tensor> {
        let condition = self.any(|spec| spec.dtype == DType::Bool)?;
        let (a, b) = self.pair(|_| true)?;
        self.add(ops::select(&condition, &a, &b))
    }

    fn conversion(&mut self) -> Option<Tensor> {
        let float = self.flavor.float;
        let to = match self.dice.below(5) {
            0 if float == DType::F64 => DType::I32,
            1 if float == DType::F64 => DType::Bool,
            2 => DType::F32,
            _ => float,
        };
        let x = self.any(|spec| spec.dtype != to)?;
        self.add(ops::cast(&x, to))
    }

    fn reduction(&mut self) -> Option<Tensor> {
        let x = &self.any(|spec| spec.dtype != DType::Bool)?;
        let axes: Vec<usize> = (0..x.shape().rank()).filter(|_| self.dice.below(2) == 0).collect();
        let keepdims = self.dice.below(2) == 0;
        let drawn = match self.dice.below(6) {
            0 | 1 => ops::sum(x, &axes, keepdims),
            2 => ops::max(x, &axes, keepdims),
            3 => ops::min(x, &axes, keepdims),
            4 => ops::prod(x, &axes, keepdims),
            _ => ops::mean(x, &axes, keepdims),
        };
        self.add(drawn)
    }

    fn product(&mut self) -> Option<Tensor> {
        let float = self.flavor.float;
        let a = self.any(|spec| spec.dtype == float && spec.shape.rank() >= 2)?;
        let (ta, tb) = (self.dice.below(2) == 0, self.dice.below(2) == 0);
        let depth = a.shape()[a.shape().rank() - if ta { 2 } else { 1 }];
        let b = if self.dice.below(3) == 0 {
            let side = if tb { 1 } else { 2 };
            let fits = |spec: &Spec| spec.shape.rank() >= 2 && spec.shape[spec.shape.rank() - side] == depth;
            self.any(|spec| spec.dtype == float && fits(spec))?
        } else {
            self.right_side(a.shape(), depth, tb)
        };
        self.add(ops::matmul(&a, &b, ta, tb))
    }

    /// A product with what a dense layer does to it: a bias, an activation, either or both.
    fn dense(&mut self) -> Option<Tensor> {
        let mut y = self.product()?;
        let columns = y.shape()[y.shape().rank() - 1];
        if self.dice.below(4) > 0 {
            let shape = if self.dice.below(4) == 0 { Shape::from([1, columns]) } else { Shape::from([columns]) };
            let kind = self.pick(&[Leaf::Variable, Leaf::Placeholder, Leaf::Constant]);
            let filled = self.floats(shape);
            let bias = self.add_leaf(kind, filled);
            let sum = if self.dice.below(2) == 0 { ops::add(&y, &bias) } else { ops::add(&bias, &y) };
            y = self.add(sum)?;
        }
        let activated = match self.dice.below(6) {
            0 | 1 => ops::relu(&y),
            2 => ops::sigmoid(&y),
            3 => ops::tanh(&y),
            4 => ops::softplus(&y),
            _ => Ok(y),
        };
        self.add(activated)
    }

    /// A convolution, or the gradient of one, with some of what ends them: numbers for each column, what lies beside it, an
    /// activation, sums over the rows; other nodes may read what is between.
    fn picture(&mut self) -> Option<Tensor> {
        let float = self.flavor.float;
        let fits = |spec: &Spec| spec.dtype == float && (3..=4).contains(&spec.shape.rank()) && spec.shape.size() > 0;
        let x = self.any(fits)?;
        let (axes, channels) = (x.shape().rank() - 2, x.shape()[x.shape().rank() - 1]);
        let kernel: Vec<usize> = (0..axes).map(|_| self.pick(&[1, 2, 3])).collect();
        let depthwise = self.dice.below(4) == 0;
        let filters = if depthwise { channels } else { self.pick(&[1, 2, 5, 17]) };
        let strides = (0..axes).map(|_| self.pick(&[1, 1, 1, 2])).collect();
        let padding = kernel.iter().map(|&size| ((size - 1) / 2, size / 2)).collect();
        let steps = Steps { strides, dilations: vec![1; axes], padding };
        let sizes = [&kernel[..], &[if depthwise { 1 } else { channels }, filters]].concat();
        let filled = self.floats(Shape::new(&sizes));
        let w = self.add_leaf(Leaf::Placeholder, filled);
        let groups = if depthwise { channels } else { 1 };
        let mut y = self.add(ops::convolution(&x, &w, &steps, groups))?;
        if self.dice.below(3) == 0 {
            // Towards the picture again.
            let filled = self.floats(y.shape().clone());
            let dy = self.add_leaf(Leaf::Placeholder, filled);
            let dx = gradient(&y, &[x], Some(&dy)).expect("every op has its rule").swap_remove(0);
            y = self.add(Ok(dx.expect("it depends on the picture")))?;
        }
        for _ in 0..self.dice.below(4) {
            y = self.ended(&y)?;
        }
        let rows: Vec<usize> = (0..y.shape().rank() - 1).collect();
        if self.dice.below(2) == 0 { self.add(ops::sum(&y, &rows, false)) } else { Some(y) }
    }

    /// A tensor with one more elementwise op on it.
    fn ended(&mut self, y: &Tensor) -> Option<Tensor> {
        let columns = Shape::from([y.shape()[y.shape().rank() - 1]]);
        let shape = if self.dice.below(2) == 0 { columns } else { y.shape().clone() };
        let beside = match self.dice.below(2) {
            0 => self.any(|spec| spec.dtype == y.dtype() && spec.shape == shape),
            _ => None,
        };
        let beside = beside.unwrap_or_else(|| {
            let kind = self.pick(&[Leaf::Variable, Leaf::Placeholder, Leaf::Constant]);
            let filled = self.floats(shape);
            self.add_leaf(kind, filled)
        });
        let drawn = match self.dice.below(6) {
            0 | 1 => ops::add(y, &beside),
            2 => ops::mul(&beside, y),
            3 => ops::relu(y),
            4 => ops::sub(y, &beside),
            _ => ops::tanh(y),
        };
        self.add(drawn)
    }

    /// A new leaf that goes with a left side of `shape`, batch axes left out or 1 or the same.
    fn right_side(&mut self, shape: &Shape, depth: usize, transposed: bool) -> Tensor {
        let columns = self.pick(self.flavor.sizes);
        let lead = &shape[..shape.rank() - 2];
        let skip = self.dice.below(lead.len() + 1);
        let mut sizes: Vec<usize> =
            lead[skip..].iter().map(|&size| if self.dice.below(3) == 0 { 1 } else { size }).collect();
        sizes.extend(if transposed { [columns, depth] } else { [depth, columns] });
        let kind = self.pick(&[Leaf::Placeholder, Leaf::Variable, Leaf::Constant]);
        let filled = self.floats(Shape::new(&sizes));
        self.add_leaf(kind, filled)
    }

    fn view(&mut self) -> Option<Tensor> {
        let x = &self.any(|_| true)?;
        let drawn = match self.dice.below(4) {
            0 => ops::reshape(x, &self.regrouped(x.shape())),
            1 => ops::transpose(x, &self.dice.order(x.shape().rank())),
            2 => ops::broadcast_to(x, &self.grown(x.shape())),
            _ => self.part(x),
        };
        self.add(drawn)
    }

    /// A shape that `shape` broadcasts to.
    fn grown(&mut self, shape: &Shape) -> Shape {
        let grow = |&size: &usize| if size == 1 { self.pick(self.flavor.sizes) } else { size };
        let mut sizes: Vec<usize> = shape.iter().map(grow).collect();
        if sizes.len() < 4 && self.dice.below(2) == 0 {
            sizes.insert(0, self.pick(&[1, 2, 3]));
        }
        Shape::new(&sizes)
    }

    /// The same number of elements in other axes.
    fn regrouped(&mut self, shape: &Shape) -> Shape {
        let mut sizes = shape.to_vec();
        match self.dice.below(4) {
            0 => sizes = vec![shape.size()],
            1 => sizes.insert(self.dice.below(sizes.len() + 1), 1),
            2 if sizes.len() >= 2 => {
                let at = self.dice.below(sizes.len() - 1);
                let joined = sizes.remove(at + 1);
                sizes[at] *= joined;
            }
            _ => sizes.reverse(),
        }
        Shape::new(&sizes)
    }

    /// A slice of `x`, forwards or backwards.
    fn part(&mut self, x: &Tensor) -> Result<Tensor> {
        let (mut start, mut size, mut step) = (Vec::new(), Vec::new(), Vec::new());
        for &extent in x.shape().iter() {
            let by: isize = self.pick(&[1, 1, 2, -1, -2]);
            let first = if extent == 0 { 0 } else { self.dice.below(extent) };
            let room = if by > 0 { extent - first } else { (first + 1).min(extent) };
            start.push(first);
            size.push(room.div_ceil(by.unsigned_abs()));
            step.push(by);
        }
        ops::slice(x, &start, &size, &step)
    }

    /// An op with a kernel of its own.
    fn kernel(&mut self) -> Option<Tensor> {
        let float = self.flavor.float;
        let x = &self.any(|spec| spec.dtype == float && spec.shape.rank() > 0)?;
        let rank = x.shape().rank();
        let axis = self.dice.below(rank);
        let drawn = match self.dice.below(7) {
            0 => ops::softmax(x),
            1 => ops::log_softmax(x),
            2 => ops::cumsum(x, axis, false, false),
            3 => ops::concatenate(&[x, &self.any(|spec| spec.dtype == float)?], axis as i64),
            4 => ops::concatenate(&[x, &ops::neg(x).ok()?], axis as i64),
            // Of two outputs only one may be used.
            5 => return self.sorted(x),
            _ => {
                let padding =
                    |at| Padding { low: usize::from(at == axis), high: 2 * usize::from(at == axis), between: 0 };
                ops::pad(x, &(0..rank).map(padding).collect::<Vec<_>>(), 0.5)
            }
        };
        self.add(drawn)
    }

    fn finish(&mut self) {
        let by_gradient = self.dice.below(2) == 0;
        for variable in self.graph.variables.clone() {
            if self.dice.below(5) > 0 {
                self.update(&variable);
            }
        }
        if by_gradient {
            self.descend();
        }
        for _ in 0..1 + self.dice.below(5) {
            let output = self.any(|_| true);
            self.graph.outputs.extend(output);
        }
        self.graph.outputs.extend(self.graph.tensors.last().cloned());
        if self.dice.below(2) == 0 {
            self.graph.guard = self.total();
        }
    }

    /// The sum of a tensor.
    fn total(&mut self) -> Option<Tensor> {
        let float = self.flavor.float;
        let x = self.any(|spec| spec.dtype == float)?;
        let axes: Vec<usize> = (0..x.shape().rank()).collect();
        self.add(ops::sum(&x, &axes, false))
    }

    /// A new value for a variable: a tensor of its kind (another variable, perhaps), or a step towards one.
    fn update(&mut self, variable: &Variable) {
        let spec = variable.spec().clone();
        let old = Tensor::variable(variable);
        let towards = self.any(|other| other.dtype == spec.dtype && other.shape.broadcasts_to(&spec.shape));
        let value = match (self.dice.below(2), towards) {
            (0, Some(other)) if spec.dtype.is_float() => self.add(Ok(&old * 0.75 + &other * 0.25)),
            (_, _) => self.any(|other| *other == spec),
        };
        self.graph.updates.extend(value.map(|value| (variable.clone(), value)));
    }

    /// Variables that follow the gradient of some sum, in place of what was drawn for them.
    fn descend(&mut self) -> Option<()> {
        let loss = self.total()?;
        let float = self.flavor.float;
        let variables: Vec<Variable> =
            self.graph.variables.iter().filter(|variable| variable.spec().dtype == float).cloned().collect();
        // The tensors that were drawn of the variables, not others of the same.
        let read = |variable: &Variable| {
            let mut all = self.graph.tensors.iter();
            all.find(|tensor| matches!(tensor.source().0, Source::Variable(other) if other == *variable)).cloned()
        };
        let reads: Vec<Tensor> = variables.iter().filter_map(read).collect();
        let gradients = gradient(&loss, &reads, None).expect("every op has its rule");
        for ((variable, old), gradient) in variables.iter().zip(&reads).zip(gradients) {
            if let Some(new) = gradient.and_then(|gradient| self.add(Ok(old - gradient * 0.01))) {
                self.graph.updates.retain(|update| update.0 != *variable);
                self.graph.updates.push((variable.clone(), new));
            }
        }
        Some(())
    }

    fn sorted(&mut self, x: &Tensor) -> Option<Tensor> {
        let all = ops::sort(x, false).ok()?;
        let one = self.pick(&all);
        self.add(Ok(one))
    }
}
