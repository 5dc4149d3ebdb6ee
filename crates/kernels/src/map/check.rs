//! What a program must be before it is compiled.

use super::expr::{Expr, Node};
use super::sweep::MapType;
use super::{Axes, Layout, MapError, MapInput, MapOutput, OutputKind};

/// Most inputs and outputs together.
pub(crate) const MAX_OPERANDS: usize = 128;

/// Refuses what does not fit together.
pub(super) fn check<T: MapType>(
    shape: &[usize],
    expr: &Expr,
    inputs: &[MapInput],
    outputs: &[MapOutput],
) -> Result<(), MapError> {
    let fail = |message: String| Err(MapError(message));
    if inputs.len() + outputs.len() > MAX_OPERANDS {
        return fail(format!("{} inputs and outputs; at most {MAX_OPERANDS}", inputs.len() + outputs.len()));
    }
    if shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d.max(1))).is_none_or(|n| n > isize::MAX as usize / 16) {
        return fail(format!("shape {shape:?} has more elements than memory"));
    }
    for (i, input) in inputs.iter().enumerate() {
        check_layout(shape, &input.layout).or_else(|why| fail(format!("input {i}: {why}")))?;
    }
    for node in &expr.nodes {
        check_node::<T>(node, inputs.len())?;
    }
    for (i, output) in outputs.iter().enumerate() {
        if output.value.index() >= expr.nodes.len() {
            return fail(format!("output {i}: value {} of {}", output.value.index(), expr.nodes.len()));
        }
        if let OutputKind::Reduce { axes: Axes::Trailing(k) | Axes::Leading(k), .. } = output.kind
            && k > shape.len()
        {
            return fail(format!("output {i}: {k} reduced dimensions of {}", shape.len()));
        }
    }
    Ok(())
}

fn check_layout(shape: &[usize], layout: &Layout) -> Result<(), String> {
    if layout.strides.len() != shape.len() {
        return Err(format!("{} strides for {} dimensions", layout.strides.len(), shape.len()));
    }
    let mut lowest = layout.offset as i128;
    for (&stride, &extent) in layout.strides.iter().zip(shape) {
        lowest += (stride as i128 * (extent.max(1) as i128 - 1)).min(0);
    }
    if lowest < 0 { Err(format!("reaches {} elements before its memory", -lowest)) } else { Ok(()) }
}

fn check_node<T: MapType>(node: &Node, inputs: usize) -> Result<(), MapError> {
    let integer = !T::DTYPE.is_float();
    match *node {
        Node::Input(i) if i >= inputs => Err(MapError(format!("input {i} of {inputs}"))),
        Node::Unary(op, _) if integer && op.float_only() => Err(MapError(format!("{op:?} of {}", T::DTYPE.name()))),
        Node::Binary(op, _, _) if integer && op.float_only() => Err(MapError(format!("{op:?} of {}", T::DTYPE.name()))),
        Node::Input(_) | Node::Constant(_) | Node::Unary(..) | Node::Binary(..) | Node::Select(..) => Ok(()),
    }
}
