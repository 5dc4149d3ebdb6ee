//! Loops: a step that JavaScript drew once on placeholders becomes one op.

use crate::error::{Result, js};
use crate::handle::{BindingTensor, Handle};
use ferrograd_graph::Tensor;
use ferrograd_graph::scan::{self, Course, Step, Turn};
use napi_derive::napi;

/// A step, `(next, outputs) = f(carries, rows)`, along `sequences` from `init`: the last carries, then the outputs of all
/// steps. With `segment`, segments of so many steps are walked once more on the way back, instead of being kept.
#[allow(clippy::too_many_arguments, reason = "a step and what it walks along, flat as JavaScript has them")]
#[napi(
    catch_unwind,
    ts_args_type = "carries: Array<BindingTensor>, rows: Array<BindingTensor>, next: Array<BindingTensor>, outputs: Array<BindingTensor>, init: Array<BindingTensor>, sequences: Array<BindingTensor>, length: number, reverse: boolean, segment?: number | undefined | null"
)]
pub fn scan(
    carries: Vec<Handle<'_>>,
    rows: Vec<Handle<'_>>,
    next: Vec<Handle<'_>>,
    outputs: Vec<Handle<'_>>,
    init: Vec<Handle<'_>>,
    sequences: Vec<Handle<'_>>,
    length: u32,
    reverse: bool,
    segment: Option<u32>,
) -> Result<Vec<BindingTensor>> {
    let own = |handles: Vec<Handle<'_>>| handles.iter().map(Handle::cloned).collect::<Vec<Tensor>>();
    let [carries, rows, next, outputs] = [carries, rows, next, outputs].map(own);
    let step = Step { carries: &carries, rows: &rows, next: &next, outputs: &outputs };
    let course = Course { length: length as usize, reverse };
    let (init, sequences) = (own(init), own(sequences));
    let done = match segment {
        None => scan::scan(&step, &init, &sequences, course),
        Some(steps) => scan::scan_in_segments(&step, &init, &sequences, course, steps as usize),
    };
    let done = done.map_err(js)?;
    Ok(done.carries.into_iter().chain(done.outputs).map(BindingTensor::from).collect())
}

/// A turn, `go(carries)` and `next = f(carries)`, from `init` for as long as `go` holds, at most `most` times where that is
/// there: the last carries.
#[napi(
    catch_unwind,
    ts_args_type = "carries: Array<BindingTensor>, go: BindingTensor, next: Array<BindingTensor>, init: Array<BindingTensor>, most?: number | undefined | null"
)]
pub fn while_loop(
    carries: Vec<Handle<'_>>,
    go: Handle<'_>,
    next: Vec<Handle<'_>>,
    init: Vec<Handle<'_>>,
    most: Option<u32>,
) -> Result<Vec<BindingTensor>> {
    let own = |handles: Vec<Handle<'_>>| handles.iter().map(Handle::cloned).collect::<Vec<Tensor>>();
    let [carries, next] = [carries, next].map(own);
    let turn = Turn { carries: &carries, go: &go.cloned(), next: &next };
    let last = scan::while_loop(&turn, &own(init), most.map(|most| most as usize)).map_err(js)?;
    Ok(last.into_iter().map(BindingTensor::from).collect())
}
