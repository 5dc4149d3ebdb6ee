//! Elementwise passes as steps of a plan: the one kernel that may write over what it reads.

use super::{Fault, InPlace, Io, Kernel};
use crate::isa::Isa;
use crate::map::{Expr, Map, MapError, MapInput, MapOutput, MapType, OutputKind, Reduce};

/// Most operands on either side of a pass: which of them may share memory is a bit of a word.
pub(super) const OPERANDS: usize = 64;

/// A [`Map`] with its workspace and the pairs of operands that may share memory.
pub struct MapKernel<T: MapType> {
    map: Map<T>,
    /// Bit `j` of entry `i`: output `j` may lie on input `i`.
    overlaps: Vec<u64>,
    shape: Vec<usize>,
    /// The functions of its expression, each once.
    functions: Vec<&'static str>,
}

impl<T: MapType> MapKernel<T> {
    /// The pass over `shape`.
    ///
    /// # Errors
    /// What [`Map::new`] refuses.
    pub fn new(
        shape: &[usize],
        expr: Expr,
        inputs: Vec<MapInput>,
        outputs: Vec<MapOutput>,
        isa: Isa,
    ) -> Result<MapKernel<T>, MapError> {
        let overlaps = inputs.iter().map(|input| overlaps(shape, input, &outputs)).collect();
        assert!(inputs.len() <= OPERANDS && outputs.len() <= OPERANDS, "a pass of at most {OPERANDS} operands");
        let mut functions = expr.functions();
        functions.extend(reductions(&outputs));
        let map = Map::new(shape, expr, inputs, outputs, isa)?;
        Ok(MapKernel { map, overlaps, shape: shape.to_vec(), functions })
    }
}

/// The names of the reductions, each once.
pub(super) fn reductions(outputs: &[MapOutput]) -> Vec<&'static str> {
    let name = |op: Reduce| match op {
        Reduce::Sum => "sum",
        Reduce::Max => "max",
        Reduce::Min => "min",
        Reduce::Prod => "prod",
    };
    let mut names: Vec<&'static str> = Vec::new();
    for output in outputs {
        match output.kind {
            OutputKind::Reduce { op, .. } if !names.contains(&name(op)) => names.push(name(op)),
            OutputKind::Reduce { .. } | OutputKind::Store => {}
        }
    }
    names
}

/// The stored outputs that have the size and order of `input`.
pub(super) fn overlaps(shape: &[usize], input: &MapInput, outputs: &[MapOutput]) -> u64 {
    let mut expected = 1;
    let in_order = shape.iter().zip(&input.layout.strides).rev().all(|(&size, &stride)| {
        let fits = size == 1 || stride == expected;
        expected *= size as isize;
        fits
    });
    if !in_order || input.layout.offset != 0 {
        return 0;
    }
    let fits = |output: &MapOutput| output.kind == OutputKind::Store && output.dtype.size() == input.dtype.size();
    outputs.iter().enumerate().filter(|(_, output)| fits(output)).fold(0, |mask, (j, _)| mask | 1 << j)
}

impl<T: MapType> Kernel for MapKernel<T> {
    fn name(&self) -> &'static str {
        "map"
    }

    fn describe(&self) -> Option<String> {
        let sizes: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        let shape = if sizes.is_empty() { "1".to_owned() } else { sizes.join("×") };
        let functions = if self.functions.is_empty() { "copy".to_owned() } else { self.functions.join(" ") };
        Some(format!("{shape}: {functions}"))
    }

    fn workspace(&self) -> usize {
        self.map.workspace_len()
    }

    fn in_place(&self, input: usize, output: usize) -> Option<InPlace> {
        (self.overlaps[input] >> output & 1 == 1).then_some(InPlace(()))
    }

    fn run(&self, io: &mut Io<'_>) -> Result<(), Fault> {
        // Safety: `Plan::new` checked that the operands lie inside their spaces and overlap only where `in_place`
        // says so, and that the workspace is as long as asked for; the graph's planner sizes them by the same shape and
        // layouts that the map was made for.
        unsafe { self.map.run_at(io.threads(), io.addresses()) };
        Ok(())
    }
}
