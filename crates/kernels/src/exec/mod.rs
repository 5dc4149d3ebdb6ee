//! A flat list of kernel calls over planned memory: what a compiled program runs.
//!
//! A [`Plan`] is checked once: every argument lies inside its space, outputs overlap nothing that the same step
//! reads or writes unless the kernel declares that it works in place. Running it then needs no checks and
//! allocates nothing.

mod ended;
mod grouped;
mod map;
mod memory;
mod pages;
mod plan;
mod product_map;

pub use ended::{ByRows, EndedKernel, Pass};
pub use grouped::{Grouped, GroupedKernel};
pub use map::MapKernel;
pub use memory::{Memory, OutOfMemory};
pub use plan::{Arg, Base, Bound, Laid, Plan, Space, Step};
pub use product_map::ProductMapKernel;

use crate::element::Element;
pub use crate::gemm::End;
use crate::threads::Threads;

/// Why a run stopped before its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// What is guarded is NaN or infinite, or may become so.
    NonFinite {
        /// Which of the guards it is.
        guard: usize,
        /// A number of it, or the bound of its numbers.
        value: f64,
    },
    /// An index outside `[0, limit)`.
    Index {
        /// Which element of the index tensor.
        position: usize,
        /// Its value.
        value: i64,
        /// One past the largest allowed value.
        limit: usize,
    },
    /// Nobody wants the result any more: [`Threads::stopped`].
    Stopped,
}

/// One planned call: shapes are fixed, only addresses come at run time.
pub trait Kernel: Send + Sync {
    /// Computes the outputs from the inputs.
    fn run(&self, io: &mut Io<'_>) -> Result<(), Fault>;

    /// Bytes of scratch that [`Io::workspace`] must have.
    fn workspace(&self) -> usize {
        0
    }

    /// True where output `output` may lie exactly on input `input`. Only kernels of this crate that go through raw
    /// addresses may say so, hence [`InPlace`] can be made only here.
    fn in_place(&self, input: usize, output: usize) -> Option<InPlace> {
        let _ = (input, output);
        None
    }

    /// The input whose elements are indices in `[0, limit)`, and that limit: a run stops at one that is not.
    fn indices(&self) -> Option<(usize, usize)> {
        None
    }

    /// True where a run may stop at what only its inside knows: it goes before all that changes variables.
    fn may_stop(&self) -> bool {
        self.indices().is_some()
    }

    /// The name in profiles.
    fn name(&self) -> &'static str;

    /// What it does with its operands, for profiles: `32×784 · 784×128 + bias, relu`. Without it a profile shows the
    /// operands' shapes.
    fn describe(&self) -> Option<String> {
        None
    }

    /// Multiplications and additions of a run, where these are what it takes time for.
    fn flops(&self) -> Option<f64> {
        None
    }
}

/// The right to overlap an input with an output.
#[derive(Clone, Copy, Debug)]
pub struct InPlace(pub(crate) ());

/// The inputs of a running step as bytes.
#[derive(Clone, Copy)]
pub struct SharedInputs<'a> {
    at: &'a [*mut u8],
    args: &'a [Arg],
}

// Safety: what it leads to is read alone.
unsafe impl Sync for SharedInputs<'_> {}

impl<'a> SharedInputs<'a> {
    /// Input `index`.
    pub fn bytes(&self, index: usize) -> &'a [u8] {
        let arg = &self.args[index];
        // Safety: as for `Io::input_bytes`.
        unsafe { std::slice::from_raw_parts(self.at[index], arg.len * arg.dtype.size()) }
    }
}

/// The arguments of one running step.
pub struct Io<'a> {
    /// Where its arguments begin: the workspace, the inputs, the outputs.
    at: &'a [*mut u8],
    step: &'a Step,
    threads: &'a Threads,
    taken: u64,
    workspace_taken: bool,
}

impl<'a> Io<'a> {
    /// The threads that the kernel may use.
    pub fn threads(&self) -> &'a Threads {
        self.threads
    }

    /// How many inputs it has.
    pub fn inputs(&self) -> usize {
        self.step.inputs.len()
    }

    /// Input `index`.
    ///
    /// # Panics
    /// Where `T` is not the input's type: a bug of the kernel's.
    #[inline]
    pub fn input<T: Element>(&self, index: usize) -> &'a [T] {
        let arg = &self.step.inputs[index];
        assert_eq!(arg.dtype, T::DTYPE, "input {index} of {}", self.step.kernel.name());
        // Safety: `Plan::new` checked that the argument lies inside its space, is aligned, and that no output of
        // this step overlaps it unless the kernel works in place, which then uses `raw_inputs`; `Plan::bind`
        // checked the spaces; every bit pattern is a valid `T`.
        unsafe { std::slice::from_raw_parts(self.at[1 + index].cast::<T>(), arg.len) }
    }

    /// Output `index`, once.
    ///
    /// # Panics
    /// Where `T` is not the output's type, or the output is taken twice: bugs of the kernel's.
    #[inline]
    pub fn output<T: Element>(&mut self, index: usize) -> &'a mut [T] {
        let arg = &self.step.outputs[index];
        assert_eq!(arg.dtype, T::DTYPE, "output {index} of {}", self.step.kernel.name());
        let start = self.take(index);
        // Safety: as for `input`; outputs do not overlap each other, and each is handed out once.
        unsafe { std::slice::from_raw_parts_mut(start.cast::<T>(), arg.len) }
    }

    /// The bytes of input `index`, for kernels that pass elements on without looking at them.
    pub fn input_bytes(&self, index: usize) -> &'a [u8] {
        let arg = &self.step.inputs[index];
        // Safety: as for `input`; elements of every type are initialised bytes.
        unsafe { std::slice::from_raw_parts(self.at[1 + index], arg.len * arg.dtype.size()) }
    }

    /// The bytes of all inputs, for kernels that share them with other threads.
    pub fn shared_inputs(&self) -> SharedInputs<'a> {
        SharedInputs { at: &self.at[1..], args: &self.step.inputs }
    }

    /// The bytes of output `index`, once. What is written must be elements of its type.
    ///
    /// # Panics
    /// Where the output is taken twice: a bug of the kernel's.
    pub fn output_bytes(&mut self, index: usize) -> &'a mut [u8] {
        let arg = &self.step.outputs[index];
        let start = self.take(index);
        // Safety: as for `output`; every pattern of bits is an element of every type.
        unsafe { std::slice::from_raw_parts_mut(start, arg.len * arg.dtype.size()) }
    }

    /// Where output `index` begins, once.
    #[inline]
    fn take(&mut self, index: usize) -> *mut u8 {
        assert!(index < 64 && self.taken & (1 << index) == 0, "output {index} taken twice");
        self.taken |= 1 << index;
        self.at[1 + self.step.inputs.len() + index]
    }

    /// The scratch that [`Kernel::workspace`] asked for, 64-byte aligned, once.
    ///
    /// # Panics
    /// Where it is taken twice.
    #[inline]
    pub fn workspace(&mut self) -> &'a mut [u8] {
        assert!(!std::mem::replace(&mut self.workspace_taken, true), "workspace taken twice");
        match &self.step.workspace {
            None => &mut [],
            // Safety: `Plan::new` checked the bounds and that it overlaps no argument of this step.
            Some(arg) => unsafe { std::slice::from_raw_parts_mut(self.at[0], arg.len) },
        }
    }

    /// The scratch as a slice of `T`.
    #[inline]
    pub fn workspace_of<T: Element>(&mut self) -> &'a mut [T] {
        let bytes = self.workspace();
        if bytes.is_empty() {
            return &mut [];
        }
        // Safety: the workspace is 64-byte aligned, every bit pattern is a valid `T`, and the byte slice is given up.
        unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast::<T>(), bytes.len() / size_of::<T>()) }
    }

    /// Where the workspace, the inputs and the outputs begin, for kernels of this crate that work in place.
    pub(crate) fn addresses(&self) -> &'a [*mut u8] {
        self.at
    }
}
