//! From nodes and groups to units: kernel calls over buffers, not yet in order and without addresses.

use super::follow::{Followed, followed, grouped};
use super::fuse::{GroupId, Groups, fuse};
use super::guard::Check;
use super::ir::{Kind, NodeId, Plain, Value};
use super::kernels::{
    GuardKernel, Guarded, MatmulKernel, Side, ended_kernel, grouped_kernel, map_kernel, product_map_kernel, turned_copy,
};
use super::layout;
use super::packed::{Packed, packed_product};
use super::rows::product_by_rows;
use crate::error::{Error, ErrorCode, Result};
use crate::op::{
    Access, Binary, Contract, Epilogue, Kernel, Layout, Layouts, Lowering, Recipe, Reduce, RowKernel, Scalar, Site,
    Unary,
};
use crate::shape::{Shape, Spec};
use ferrograd_kernels::element::DType;
use ferrograd_kernels::exec;
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::map::{Axes, Expr, MapInput, MapOutput, OutputKind, ValueId};
use ferrograd_kernels::target::Target;
use std::collections::{HashMap, HashSet};

pub(crate) type BufferId = usize;

/// Where a buffer lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    Arena,
    Input(usize),
    Variable(usize),
    Constant(usize),
}

/// A contiguous tensor in memory.
#[derive(Clone, Debug)]
pub(crate) struct Buffer {
    pub spec: Spec,
    pub home: Home,
}

/// A buffer as a kernel reads it.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub buffer: BufferId,
    /// First element, for kernels that take a slice; elementwise passes have theirs in their layouts.
    pub offset: usize,
    /// How many elements, `None` for all from there on.
    pub len: Option<usize>,
}

/// One kernel call.
pub(crate) struct Unit {
    pub kernel: Box<dyn Kernel>,
    pub reads: Vec<Read>,
    pub writes: Vec<BufferId>,
}

/// A tensor as a view of a buffer.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub buffer: BufferId,
    pub layout: Layout,
}

/// Everything that has to run, and where its results are.
pub(crate) struct Lowered {
    pub buffers: Vec<Buffer>,
    pub units: Vec<Unit>,
    /// The program's outputs.
    pub outputs: Vec<BufferId>,
    /// (variable, new value)
    pub updates: Vec<(usize, BufferId)>,
    /// The unit that stops a run.
    pub guard: Option<usize>,
    /// Units that must run last: copies into variables that could not be written in place.
    pub last: Vec<usize>,
}

/// Turns the simplified graph into units, which may run many times for the same inputs from `standing` on.
pub(crate) fn lower(ir: &Plain, standing: usize, target: Target) -> Result<Lowered> {
    let groups = fuse(ir);
    let mut lowerer = Lowerer::new(ir, standing, target, groups);
    lowerer.place_values();
    for node in 0..ir.nodes.len() {
        lowerer.emit(node)?;
    }
    lowerer.finish()
}

struct Lowerer<'a> {
    ir: &'a Plain,
    /// Inputs from here on are the same in many runs.
    standing: usize,
    target: Target,
    groups: Groups,
    /// The products that passes take in.
    followed: HashMap<GroupId, Followed>,
    /// Those that kernels of groups of rows take in.
    grouped: HashMap<NodeId, Followed>,
    buffers: Vec<Buffer>,
    units: Vec<Unit>,
    at: HashMap<Value, BufferId>,
    copies: HashMap<Value, BufferId>,
    needed: HashSet<Value>,
}

impl<'a> Lowerer<'a> {
    fn new(ir: &'a Plain, standing: usize, target: Target, mut groups: Groups) -> Lowerer<'a> {
        let needed = needed(ir, &groups);
        let followed = followed(ir, &mut groups);
        let grouped = grouped(ir, &mut groups, &followed, target);
        let (at, copies) = (HashMap::new(), HashMap::new());
        let (buffers, units) = (Vec::new(), Vec::new());
        Lowerer { ir, standing, target, groups, followed, grouped, buffers, units, at, copies, needed }
    }

    /// Gives a buffer to every value that is read outside the pass that computes it.
    fn place_values(&mut self) {
        for (id, node) in self.ir.nodes.iter().enumerate() {
            let home = match node.kind {
                Kind::Input(index) => Home::Input(index),
                Kind::Variable(index) => Home::Variable(index),
                Kind::Constant(index) => Home::Constant(index),
                Kind::Op(_) | Kind::Fill(_) => Home::Arena,
            };
            let computed = match (&node.kind, self.ir.lowering(id)) {
                (Kind::Fill(_), _) | (_, Some(Lowering::View(_))) => continue,
                (_, Some(Lowering::Elementwise(_) | Lowering::Reduce { .. })) => false,
                (_, None | Some(Lowering::Contract(_) | Lowering::Kernel(_))) => true,
            };
            for (output, spec) in node.outputs.iter().enumerate() {
                let value = Value { node: id, output };
                if computed || self.needed.contains(&value) {
                    let buffer = self.buffer(spec.clone(), home);
                    self.at.insert(value, buffer);
                }
            }
        }
    }

    fn buffer(&mut self, spec: Spec, home: Home) -> BufferId {
        self.buffers.push(Buffer { spec, home });
        self.buffers.len() - 1
    }

    fn emit(&mut self, node: NodeId) -> Result<()> {
        if let Some(group) = self.groups.of[node] {
            let last = self.groups.groups[group].as_ref().is_some_and(|group| group.members.last() == Some(&node));
            return if last { self.emit_group(group) } else { Ok(()) };
        }
        // With what follows.
        if self.followed.values().chain(self.grouped.values()).any(|followed| followed.product == node) {
            return Ok(());
        }
        self.emit_by_itself(node)
    }

    /// What is in no group, with the product whose rows it takes in.
    fn emit_by_itself(&mut self, node: NodeId) -> Result<()> {
        match self.grouped.get(&node) {
            Some(&followed) => self.emit_grouped(node, followed),
            None => self.emit_alone(node),
        }
    }

    /// A kernel of groups of rows, with the product whose rows they are, if that is finished row by row.
    fn emit_grouped(&mut self, node: NodeId, Followed { product, kept, .. }: Followed) -> Result<()> {
        let outputs = [product, node].map(|node| self.at[&Value { node, output: 0 }]);
        let (ir, target) = (self.ir, self.target);
        let shape = &ir.nodes[product].outputs[0].shape;
        let site = Site { target, inputs: &[layout::contiguous(shape)], live: 1 };
        let then = match ir.lowering(node) {
            Some(Lowering::Kernel(recipe)) => recipe.by_groups(&site),
            _ => None,
        };
        let (reads, rows) = self.by_rows(product)?;
        let Some(kernel) = rows.zip(then).and_then(|(rows, then)| grouped_kernel(rows, shape, then, kept)) else {
            self.emit_alone(product)?;
            return self.emit_alone(node);
        };
        self.units.push(Unit { kernel, reads, writes: outputs[usize::from(!kept)..].to_vec() });
        Ok(())
    }

    /// What a product reads, and its kernel where that finishes block of rows by block of rows.
    fn by_rows(&mut self, node: NodeId) -> Result<(Vec<Read>, Option<RowKernel>)> {
        let (ir, target) = (self.ir, self.target);
        match ir.lowering(node) {
            Some(Lowering::Contract(contract)) => {
                let (reads, sides) = self.sides(node, contract)?;
                // What stands still is packed once for many runs, which is worth more.
                let out = &ir.nodes[node].outputs[0];
                let rows = (!self.stands(&reads[1]))
                    .then(|| product_by_rows(out, (&sides[0], &sides[1]), contract.epilogue, target));
                Ok((reads, rows.flatten()))
            }
            Some(Lowering::Kernel(recipe)) => {
                let (reads, layouts) = self.inputs_of(node, recipe.as_ref())?;
                let rows = recipe.by_rows(&Site { target, inputs: &layouts, live: 1 });
                Ok((reads, rows))
            }
            Some(Lowering::Elementwise(_) | Lowering::Reduce { .. } | Lowering::View(_)) | None => {
                Ok((Vec::new(), None))
            }
        }
    }

    /// What is in no group.
    fn emit_alone(&mut self, node: NodeId) -> Result<()> {
        match self.ir.lowering(node) {
            Some(Lowering::Contract(contract)) => self.emit_product(node, contract),
            Some(Lowering::Kernel(recipe)) => self.emit_kernel(node, recipe.as_ref()),
            Some(Lowering::View(_) | Lowering::Elementwise(_) | Lowering::Reduce { .. }) | None => Ok(()),
        }
    }

    /// The value as a view of a buffer; constants and reshaped views are written out first.
    fn operand(&mut self, value: Value) -> Result<Operand> {
        let spec = self.ir.spec(value).clone();
        if let Some(&buffer) = self.at.get(&value).or_else(|| self.copies.get(&value)) {
            return Ok(Operand { buffer, layout: layout::contiguous(&spec.shape) });
        }
        let node = &self.ir.nodes[value.node];
        if let Kind::Fill(number) = node.kind {
            let buffer = self.emit_fill(number, spec.clone())?;
            self.copies.insert(value, buffer);
            return Ok(Operand { buffer, layout: layout::contiguous(&spec.shape) });
        }
        let Some(Lowering::View(view)) = self.ir.lowering(value.node) else {
            return Err(internal(format!("{:?} has no buffer", node.kind)));
        };
        let source = self.operand(node.inputs[0])?;
        let from = &self.ir.spec(node.inputs[0]).shape;
        if let Some(layout) = layout::apply(view, &source.layout, from, &spec.shape) {
            return Ok(Operand { buffer: source.buffer, layout });
        }
        let buffer = self.emit_copy(&source, &self.ir.spec(node.inputs[0]).clone())?;
        let layout = layout::apply(view, &layout::contiguous(from), from, &spec.shape);
        Ok(Operand { buffer, layout: layout.ok_or_else(|| internal("a view of a fresh copy".into()))? })
    }

    /// The value as contiguous elements of a buffer.
    fn contiguous(&mut self, value: Value) -> Result<Read> {
        let operand = self.operand(value)?;
        let spec = self.ir.spec(value).clone();
        if layout::is_contiguous(&operand.layout, &spec.shape) {
            let len = spec.shape.size();
            let offset = if len == 0 { 0 } else { operand.layout.offset };
            return Ok(Read { buffer: operand.buffer, offset, len: Some(len) });
        }
        let buffer = match self.copies.get(&value) {
            Some(&buffer) => buffer,
            None => self.emit_copy(&operand, &spec)?,
        };
        self.copies.insert(value, buffer);
        Ok(Read { buffer, offset: 0, len: None })
    }

    fn emit_fill(&mut self, number: f64, spec: Spec) -> Result<BufferId> {
        let mut expr = Expr::new();
        let value = expr.constant(number);
        let to = self.buffer(spec.clone(), Home::Arena);
        self.emit_map(&spec.shape, storage_type(spec.dtype), expr, Vec::new(), vec![(value, spec.dtype, to)])?;
        Ok(to)
    }

    fn emit_copy(&mut self, from: &Operand, spec: &Spec) -> Result<BufferId> {
        let to = self.buffer(spec.clone(), Home::Arena);
        self.emit_copy_to(from, spec, to)?;
        Ok(to)
    }

    fn emit_copy_to(&mut self, from: &Operand, spec: &Spec, to: BufferId) -> Result<()> {
        let source = self.buffers[from.buffer].spec.shape.size();
        if let Some(kernel) = turned_copy(spec, &from.layout, source) {
            let reads = vec![Read { buffer: from.buffer, offset: 0, len: None }];
            self.units.push(Unit { kernel, reads, writes: vec![to] });
            return Ok(());
        }
        let mut expr = Expr::new();
        let value = expr.input(0);
        let reads = vec![(from.clone(), spec.dtype)];
        self.emit_map(&spec.shape, storage_type(spec.dtype), expr, reads, vec![(value, spec.dtype, to)])
    }

    /// A pass that only stores.
    fn emit_map(
        &mut self,
        shape: &Shape,
        compute: DType,
        expr: Expr,
        reads: Vec<(Operand, DType)>,
        stores: Vec<(ValueId, DType, BufferId)>,
    ) -> Result<()> {
        let inputs = reads.iter().map(|(operand, dtype)| MapInput { dtype: *dtype, layout: operand.layout.clone() });
        let outputs = stores.iter().map(|&(value, dtype, _)| MapOutput::store(value, dtype));
        let kernel = map_kernel(compute, shape, expr, inputs.collect(), outputs.collect(), self.target.isa)?;
        self.units.push(Unit {
            kernel,
            reads: reads.iter().map(|(operand, _)| Read { buffer: operand.buffer, offset: 0, len: None }).collect(),
            writes: stores.iter().map(|store| store.2).collect(),
        });
        Ok(())
    }

    fn emit_kernel(&mut self, node: NodeId, recipe: &dyn Recipe) -> Result<()> {
        let (reads, layouts) = self.inputs_of(node, recipe)?;
        let outputs = (0..self.ir.nodes[node].outputs.len()).map(|output| Value { node, output });
        let live =
            outputs.clone().filter(|output| self.needed.contains(output)).fold(0, |bits, o| bits | 1 << o.output);
        let kernel = recipe.cpu(&Site { target: self.target, inputs: &layouts, live });
        let writes = outputs.map(|output| self.at[&output]).collect();
        self.units.push(Unit { kernel, reads, writes });
        Ok(())
    }

    /// The inputs of a kernel, as it takes them.
    fn inputs_of(&mut self, node: NodeId, recipe: &dyn Recipe) -> Result<(Vec<Read>, Vec<Layout>)> {
        let (mut reads, mut layouts) = (Vec::new(), Vec::new());
        for &input in &self.ir.nodes[node].inputs {
            let (read, layout) = match recipe.layouts() {
                Layouts::Contiguous => (self.contiguous(input)?, layout::contiguous(&self.ir.spec(input).shape)),
                Layouts::Any => {
                    let Operand { buffer, layout } = self.operand(input)?;
                    (Read { buffer, offset: 0, len: None }, layout)
                }
            };
            reads.push(read);
            layouts.push(layout);
        }
        Ok((reads, layouts))
    }

    fn emit_product(&mut self, node: NodeId, contract: &Contract) -> Result<()> {
        let (mut reads, sides) = self.sides(node, contract)?;
        let out = self.ir.nodes[node].outputs[0].clone();
        let sides = (&sides[0], &sides[1]);
        let packed =
            if self.stands(&reads[1]) { packed_product(&out, sides, contract.epilogue, self.target)? } else { None };
        let kernel = match packed {
            Some(Packed { pack, product, len }) => {
                let packed = self.buffer(Spec::new(Shape::from([len]), out.dtype), Home::Arena);
                let matrix = std::mem::replace(&mut reads[1], Read { buffer: packed, offset: 0, len: None });
                self.units.push(Unit { kernel: pack, reads: vec![matrix], writes: vec![packed] });
                product
            }
            None => MatmulKernel::boxed(&out, sides.0, sides.1, contract.epilogue, self.target)?,
        };
        let writes = vec![self.at[&Value { node, output: 0 }]];
        self.units.push(Unit { kernel, reads, writes });
        Ok(())
    }

    /// Whether it reads what is the same in many runs.
    fn stands(&self, read: &Read) -> bool {
        matches!(self.buffers[read.buffer].home, Home::Input(index) if index >= self.standing)
    }

    /// What a product reads, the bias last, and how its two sides are read.
    fn sides(&mut self, node: NodeId, contract: &Contract) -> Result<(Vec<Read>, Vec<Side>)> {
        let (mut reads, mut sides) = (Vec::new(), Vec::new());
        for (&value, access) in self.ir.nodes[node].inputs.iter().zip([&contract.a, &contract.b]) {
            let Access::Matrix { transposed } = *access;
            let shape = self.ir.spec(value).shape.clone();
            let mut operand = self.operand(value)?;
            if operand.layout.strides.iter().any(|&stride| stride < 0) {
                let read = self.contiguous(value)?;
                let layout = Layout { offset: read.offset, strides: shape.strides() };
                operand = Operand { buffer: read.buffer, layout };
            }
            reads.push(Read { buffer: operand.buffer, offset: operand.layout.offset, len: None });
            sides.push((operand.layout, shape, transposed));
        }
        if let Some(&bias) = self.ir.nodes[node].inputs.get(2) {
            reads.push(self.contiguous(bias)?);
        }
        Ok((reads, sides))
    }

    /// A product and the pass over its elements as one unit; false, with the product on its own, where they cannot run
    /// together.
    fn emit_with_product(
        &mut self,
        followed: Followed,
        pass: &Pass,
        outputs: &[MapOutput],
        writes: &[BufferId],
    ) -> Result<bool> {
        let whole = self.at[&Value { node: followed.product, output: 0 }];
        let shape = self.ir.nodes[followed.product].outputs[0].shape.clone();
        let mut places = pass.inputs.iter().enumerate().filter(|(_, (operand, _))| operand.buffer == whole);
        // The pass reads it in one way, as it is.
        let product = match (places.next(), places.next()) {
            (Some((place, (operand, _))), None) if operand.layout == layout::contiguous(&shape) => Some(place),
            _ => None,
        };
        let (_, inputs) = pass.laid_out(&shape, None);
        let end = |product| exec::Pass { expr: pass.expr.clone(), inputs, outputs: outputs.to_vec(), product };
        // What takes in a product itself is the end of that.
        let free = product.filter(|_| !self.grouped.contains_key(&followed.product));
        let ended = free.map(|product| self.ended(followed, end(product))).transpose()?.flatten();
        let Some((kernel, mut reads)) = ended else {
            self.emit_by_itself(followed.product)?;
            return Ok(false);
        };
        let others = pass.inputs.iter().enumerate().filter(|(index, _)| Some(*index) != product);
        reads.extend(others.map(|(_, (operand, _))| Read { buffer: operand.buffer, offset: 0, len: None }));
        let writes = followed.kept.then_some(whole).into_iter().chain(writes.iter().copied()).collect();
        self.units.push(Unit { kernel, reads, writes });
        Ok(true)
    }

    /// The kernel of a product and the pass that ends it, and what the product reads; none where there is no such kernel.
    fn ended(&mut self, followed: Followed, pass: exec::Pass) -> Result<Option<Ended>> {
        let Followed { product: node, kept, updates } = followed;
        let (ir, target) = (self.ir, self.target);
        let out = &ir.nodes[node].outputs[0];
        if let Some(Lowering::Contract(contract)) = ir.lowering(node)
            && contract.epilogue == Epilogue::NONE
            && !kept
            && out.shape.rank() == 2
        {
            let (reads, sides) = self.sides(node, contract)?;
            if let Some(kernel) = product_map_kernel(out, (&sides[0], &sides[1]), pass.clone(), target) {
                return Ok(Some((kernel, reads)));
            }
        }
        let (reads, rows) = self.by_rows(node)?;
        let rows = rows.filter(|_| !updates);
        let kernel = rows.and_then(|rows| ended_kernel(rows, reads.len(), &out.shape, pass, kept, target));
        Ok(kernel.map(|kernel| (kernel, reads)))
    }

    fn emit_group(&mut self, id: GroupId) -> Result<()> {
        let Some(group) = self.groups.groups[id].clone() else { return Ok(()) };
        let order = match (group.reordered, self.ir.lowering(group.members[0])) {
            (true, Some(Lowering::Reduce { axes, .. })) => Some(reduced_last(&group.shape, axes)),
            _ => None,
        };
        let mut pass = Pass { expr: Expr::new(), values: HashMap::new(), inputs: Vec::new() };
        let mut outputs = Vec::new();
        let mut writes = Vec::new();
        for &node in &group.members {
            let operands = self.pass_inputs(node, &group.shape, &mut pass)?;
            let spec = &self.ir.nodes[node].outputs[0];
            let value = Value { node, output: 0 };
            let (result, kind, scale) = match self.ir.lowering(node) {
                Some(Lowering::Elementwise(scalar)) => {
                    let result = pass.scalar(*scalar, &operands, spec.dtype, group.compute);
                    pass.values.insert(value, result);
                    (result, OutputKind::Store, None)
                }
                Some(Lowering::Reduce { op, axes, scale }) => (operands[0], reduction(*op, axes, &group.shape), *scale),
                _ => return Err(internal("only elementwise ops and reductions are grouped".into())),
            };
            if let Some(&buffer) = self.at.get(&value) {
                outputs.push(MapOutput { value: result, dtype: spec.dtype, kind, scale });
                writes.push(buffer);
            }
        }
        if let Some(&followed) = self.followed.get(&id)
            && self.emit_with_product(followed, &pass, &outputs, &writes)?
        {
            return Ok(());
        }
        let reads =
            pass.inputs.iter().map(|(operand, _)| Read { buffer: operand.buffer, offset: 0, len: None }).collect();
        let (shape, inputs) = pass.laid_out(&group.shape, order.as_deref());
        let kernel = map_kernel(group.compute, &shape, pass.expr, inputs, outputs, self.target.isa)?;
        self.units.push(Unit { kernel, reads, writes });
        Ok(())
    }

    /// The pass's values for a member's inputs.
    fn pass_inputs(&mut self, node: NodeId, shape: &Shape, pass: &mut Pass) -> Result<Vec<ValueId>> {
        let mut operands = Vec::new();
        for input in self.ir.nodes[node].inputs.clone() {
            let known = pass.values.get(&input).copied();
            operands.push(match (known, &self.ir.nodes[input.node].kind) {
                (Some(value), _) => value,
                (None, Kind::Fill(number)) => pass.expr.constant(*number),
                (None, _) => {
                    let operand = self.operand(input)?;
                    let spec = self.ir.spec(input).clone();
                    let layout = layout::broadcast(&operand.layout, &spec.shape, shape);
                    let value = pass.load(Operand { buffer: operand.buffer, layout }, spec.dtype);
                    // A reduction's input may be read by other members too; a broadcast one is another tensor.
                    if spec.shape == *shape {
                        pass.values.insert(input, value);
                    }
                    value
                }
            });
        }
        Ok(operands)
    }

    fn finish(mut self) -> Result<Lowered> {
        let ir = self.ir;
        let guard = if ir.guards.is_empty() { None } else { Some(self.emit_guard()?) };
        let outputs = ir.outputs.iter().map(|&value| self.whole(value)).collect::<Result<_>>()?;
        let updates =
            ir.updates.iter().map(|&(variable, value)| Ok((variable, self.whole(value)?))).collect::<Result<_>>()?;
        Ok(Lowered { buffers: self.buffers, units: self.units, outputs, updates, guard, last: Vec::new() })
    }

    /// One kernel for all that has to be finite.
    fn emit_guard(&mut self) -> Result<usize> {
        let (mut reads, mut checks) = (Vec::new(), Vec::new());
        for Check { guard, values, terms, scaled } in self.ir.guards.clone() {
            let dtype = self.ir.spec(values[0]).dtype;
            checks.push(Guarded { guard, dtype, inputs: values.len(), terms, scaled });
            for value in values {
                reads.push(self.elements(value)?);
            }
        }
        self.units.push(Unit {
            kernel: Box::new(GuardKernel::new(checks, self.target.isa)),
            reads,
            writes: Vec::new(),
        });
        Ok(self.units.len() - 1)
    }

    /// The value's elements in any order: where it is all of a buffer, that.
    fn elements(&mut self, value: Value) -> Result<Read> {
        let operand = self.operand(value)?;
        let size = self.ir.spec(value).shape.size();
        let permuted = operand.layout.offset == 0 && operand.layout.strides.iter().all(|&stride| stride > 0);
        if permuted && self.buffers[operand.buffer].spec.shape.size() == size {
            return Ok(Read { buffer: operand.buffer, offset: 0, len: None });
        }
        self.contiguous(value)
    }

    /// The value as a whole buffer.
    fn whole(&mut self, value: Value) -> Result<BufferId> {
        let read = self.contiguous(value)?;
        let spec = self.ir.spec(value).clone();
        if read.offset == 0 && self.buffers[read.buffer].spec.shape.size() == spec.shape.size() {
            return Ok(read.buffer);
        }
        let layout = Layout { offset: read.offset, strides: spec.shape.strides() };
        self.emit_copy(&Operand { buffer: read.buffer, layout }, &spec)
    }
}

/// The kernel of a product and the pass that ends it, and what the product reads.
type Ended = (Box<dyn Kernel>, Vec<Read>);

/// A pass under construction.
struct Pass {
    expr: Expr,
    values: HashMap<Value, ValueId>,
    inputs: Vec<(Operand, DType)>,
}

impl Pass {
    fn load(&mut self, operand: Operand, dtype: DType) -> ValueId {
        let same = |(other, _): &(Operand, DType)| other.buffer == operand.buffer && other.layout == operand.layout;
        let index = self.inputs.iter().position(same).unwrap_or_else(|| {
            self.inputs.push((operand.clone(), dtype));
            self.inputs.len() - 1
        });
        self.expr.input(index)
    }

    fn scalar(&mut self, scalar: Scalar, x: &[ValueId], out: DType, compute: DType) -> ValueId {
        match scalar {
            Scalar::Unary(op) => self.expr.unary(op, x[0]),
            Scalar::Binary(op) => self.expr.binary(op, x[0], x[1]),
            Scalar::Select => self.expr.select(x[0], x[1], x[2]),
            Scalar::Identity if out == DType::I32 && compute.is_float() => self.expr.unary(Unary::Trunc, x[0]),
            Scalar::Identity if out == DType::Bool => {
                let zero = self.expr.constant(0.0);
                self.expr.binary(Binary::Ne, x[0], zero)
            }
            Scalar::Identity => x[0],
        }
    }

    /// The iteration shape and the inputs' layouts in its order.
    fn laid_out(&self, shape: &Shape, order: Option<&[usize]>) -> (Shape, Vec<MapInput>) {
        let permuted = |strides: &[isize]| match order {
            None => strides.to_vec(),
            Some(order) => order.iter().map(|&axis| strides[axis]).collect(),
        };
        let shape = order.map_or_else(|| shape.clone(), |order| order.iter().map(|&axis| shape[axis]).collect());
        let input = |(operand, dtype): &(Operand, DType)| MapInput {
            dtype: *dtype,
            layout: Layout { offset: operand.layout.offset, strides: permuted(&operand.layout.strides) },
        };
        (shape, self.inputs.iter().map(input).collect())
    }
}

/// Every value that is read outside the pass that computes it.
fn needed(ir: &Plain, groups: &Groups) -> HashSet<Value> {
    let mut needed: HashSet<Value> = ir.roots().collect();
    for (id, node) in ir.nodes.iter().enumerate() {
        let reduction = |value: &Value| matches!(ir.lowering(value.node), Some(Lowering::Reduce { .. }));
        let inside = |value: &Value| groups.of[id].is_some() && groups.of[value.node] == groups.of[id];
        needed.extend(node.inputs.iter().filter(|value| reduction(value) || !inside(value)));
    }
    needed
}

fn reduction(op: Reduce, axes: &[usize], shape: &Shape) -> OutputKind {
    let leading = axes.iter().enumerate().all(|(index, &axis)| axis == index);
    let axes = match () {
        () if axes.len() == shape.rank() => Axes::All,
        () if leading && !axes.is_empty() => Axes::Leading(axes.len()),
        () => Axes::Trailing(axes.len()),
    };
    OutputKind::Reduce { op, axes }
}

/// The order of axes that puts the reduced ones last.
fn reduced_last(shape: &Shape, axes: &[usize]) -> Vec<usize> {
    let (reduced, kept): (Vec<usize>, Vec<usize>) = (0..shape.rank()).partition(|axis| axes.contains(axis));
    kept.into_iter().chain(reduced).collect()
}

/// The compute type that moves elements of `dtype` unchanged.
fn storage_type(dtype: DType) -> DType {
    match dtype {
        DType::Bool => DType::F32,
        DType::F32 | DType::F64 | DType::I32 => dtype,
    }
}

pub(crate) fn internal(what: String) -> Error {
    Error::new(ErrorCode::Internal, format!("compile: {what}"))
}

impl Lowered {
    /// Copies a buffer into a new one of the same spec, or into `to`.
    pub fn add_copy(&mut self, from: BufferId, to: Option<BufferId>, isa: Isa) -> Result<(usize, BufferId)> {
        let spec = self.buffers[from].spec.clone();
        let to = to.unwrap_or_else(|| {
            self.buffers.push(Buffer { spec: spec.clone(), home: Home::Arena });
            self.buffers.len() - 1
        });
        let mut expr = Expr::new();
        let value = expr.input(0);
        let flat = Shape::from([spec.shape.size()]);
        let input = MapInput { dtype: spec.dtype, layout: layout::contiguous(&flat) };
        let output = MapOutput::store(value, spec.dtype);
        let kernel = map_kernel(storage_type(spec.dtype), &flat, expr, vec![input], vec![output], isa)?;
        self.units.push(Unit { kernel, reads: vec![Read { buffer: from, offset: 0, len: None }], writes: vec![to] });
        Ok((self.units.len() - 1, to))
    }
}
