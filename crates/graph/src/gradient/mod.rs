//! The derivative of a scalar, drawn as more graph.

mod total;

use crate::error::{Error, Result};
use crate::op::Backward;
use crate::tensor::{Source, Tensor};
use std::collections::{HashMap, HashSet};
use std::mem::take;
use total::total;

/// `∂y/∂x` for each `x` of `xs`, `None` where `y` does not depend on it through floats.
///
/// `y` is a scalar, or `seed` has its shape and says which combination of its elements is differentiated. The
/// result is graph like any other, so it can be differentiated again.
///
/// # Errors
/// `ERR_SHAPE` where `y` is not a scalar and no seed is given, or the seed does not fit; `ERR_DTYPE` where `y` is
/// not a float.
pub fn gradient(y: &Tensor, xs: &[Tensor], seed: Option<&Tensor>) -> Result<Vec<Option<Tensor>>> {
    pull_back(&[(y.clone(), checked_seed(y, seed)?)], xs)
}

/// `Σ seedᵢ · ∂yᵢ/∂x` for each `x` of `xs`, where each seed is like its `y`.
pub(crate) fn pull_back(ys: &[(Tensor, Tensor)], xs: &[Tensor]) -> Result<Vec<Option<Tensor>>> {
    let order = ancestors(ys.iter().map(|(y, _)| y.clone()));
    let wanted: HashSet<Key> = xs.iter().map(key).collect();
    let reach = reaching(&order, &wanted);
    let mut grads = Arrived::new();
    ys.iter().for_each(|(y, seed)| add(y, seed.clone(), &mut grads));
    for tensor in order.iter().rev().filter(|tensor| reach.contains(&tensor.node_id())) {
        step_back(tensor, &reach, &wanted, &mut grads)?;
    }
    xs.iter().map(|x| taken(x, true, &mut grads)).collect()
}

/// What has arrived at each tensor.
type Arrived = HashMap<Key, Vec<Tensor>>;

/// Tells outputs of nodes apart.
pub(crate) type Key = (usize, usize);

pub(crate) fn key(tensor: &Tensor) -> Key {
    (tensor.node_id(), tensor.index())
}

fn checked_seed(y: &Tensor, seed: Option<&Tensor>) -> Result<Tensor> {
    if !y.dtype().is_float() {
        return Err(Error::dtype(format!("gradient: expected a float loss, got {}", y.spec())));
    }
    match seed {
        None if y.shape().size() == 1 => Ok(Tensor::fill(y.shape().clone(), y.dtype(), 1.0)),
        None => Err(Error::shape(format!(
            "gradient: expected a scalar loss, got shape {}. Reduce it, for example with ops.mean or ops.sum",
            y.shape()
        ))),
        Some(seed) if seed.spec() == y.spec() => Ok(seed.clone()),
        Some(seed) => Err(Error::shape(format!("gradient: expected a seed like {}, got {}", y.spec(), seed.spec()))),
    }
}

/// One tensor per node that `ys` are computed from, inputs before users.
pub(crate) fn ancestors(ys: impl IntoIterator<Item = Tensor>) -> Vec<Tensor> {
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    let mut stack: Vec<(Tensor, bool)> = ys.into_iter().map(|y| (y, false)).collect();
    while let Some((tensor, done)) = stack.pop() {
        if done {
            order.push(tensor);
        } else if seen.insert(tensor.node_id()) {
            let (_, inputs) = tensor.source();
            stack.push((tensor, true));
            stack.extend(inputs.into_iter().map(|input| (input, false)));
        }
    }
    order
}

/// The nodes that are wanted or computed from a wanted one.
fn reaching(order: &[Tensor], wanted: &HashSet<Key>) -> HashSet<usize> {
    let nodes: HashSet<usize> = wanted.iter().map(|key| key.0).collect();
    let mut reach = HashSet::new();
    for tensor in order {
        let inputs = tensor.source().1;
        if nodes.contains(&tensor.node_id()) || inputs.iter().any(|input| reach.contains(&input.node_id())) {
            reach.insert(tensor.node_id());
        }
    }
    reach
}

/// Hands the gradient of a node's outputs to its inputs.
fn step_back(tensor: &Tensor, reach: &HashSet<usize>, wanted: &HashSet<Key>, grads: &mut Arrived) -> Result<()> {
    let (Source::Op(op), inputs) = tensor.source() else { return Ok(()) };
    let outputs = tensor.siblings();
    let arrived: Vec<Option<Tensor>> =
        outputs.iter().map(|output| taken(output, wanted.contains(&key(output)), grads)).collect::<Result<_>>()?;
    let needs: Vec<bool> =
        inputs.iter().map(|input| input.dtype().is_float() && reach.contains(&input.node_id())).collect();
    if arrived.iter().all(Option::is_none) || !needs.contains(&true) {
        return Ok(());
    }
    let node = Backward { inputs: &inputs, outputs: &outputs, grads: &arrived, needs: &needs };
    let handed = op.gradient(&node)?;
    for ((input, grad), _) in inputs.iter().zip(handed).zip(&needs).filter(|(_, needed)| **needed) {
        if let Some(grad) = grad {
            add(input, grad, grads);
        }
    }
    Ok(())
}

/// The gradient that arrived at `output`; it stays in the table only where it is asked for again.
fn taken(output: &Tensor, again: bool, grads: &mut Arrived) -> Result<Option<Tensor>> {
    let Some(arrived) = grads.get_mut(&key(output)) else { return Ok(None) };
    let sum = total(take(arrived))?;
    if again {
        arrived.push(sum.clone())
    } else {
        drop(grads.remove(&key(output)))
    };
    Ok(Some(sum))
}

fn add(input: &Tensor, grad: Tensor, grads: &mut Arrived) {
    debug_assert_eq!(grad.spec(), input.spec(), "a gradient has the shape of what it belongs to");
    grads.entry(key(input)).or_default().push(grad);
}
