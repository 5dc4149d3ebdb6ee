//! Where the memory of a run begins: what slots are counted from.

/// The place of the workspace.
pub(super) const WORKSPACE: usize = 0;

/// The place of the first input; the outputs come behind the inputs.
pub(super) const INPUTS: usize = 1;

/// The addresses of one run: the workspace, aligned to 64 bytes, then inputs, then outputs.
#[derive(Clone, Copy)]
pub(crate) struct Places<'a> {
    at: &'a [*mut u8],
    /// The first output.
    outputs: usize,
}

// Safety: tasks write disjoint elements of the outputs and their own part of the workspace.
unsafe impl Sync for Places<'_> {}

impl<'a> Places<'a> {
    #[inline(always)]
    pub(super) fn new(at: &'a [*mut u8], inputs: usize) -> Places<'a> {
        Places { at, outputs: INPUTS + inputs }
    }

    #[inline(always)]
    pub(super) fn all(&self) -> &'a [*mut u8] {
        self.at
    }

    #[inline(always)]
    pub(super) fn workspace(&self) -> *mut u8 {
        self.at[WORKSPACE]
    }

    #[inline(always)]
    pub(super) fn inputs(&self) -> &'a [*mut u8] {
        &self.at[INPUTS..self.outputs]
    }

    #[inline(always)]
    pub(super) fn outputs(&self) -> &'a [*mut u8] {
        &self.at[self.outputs..]
    }
}
