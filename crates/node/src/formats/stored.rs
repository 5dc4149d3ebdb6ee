//! What an archive holds in Rust: arrays with bytes of their own, snapshots of tensors, archives inside.

use ferrograd_formats::{Array, Contents, Element, ElementType, Format, Pieces, Result};
use ferrograd_graph::{DType, Tensor};
use ferrograd_kernels::exec::Memory;
use rayon::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;

/// Arrays and a text, and where they came from.
#[derive(Default)]
pub(super) struct Stored {
    pub entries: Vec<Entry>,
    pub text: String,
    /// The file that was found or written.
    pub path: Option<PathBuf>,
    /// Files that were passed over, and why.
    pub skipped: Vec<(PathBuf, String)>,
}

/// A named array.
pub(super) struct Entry {
    pub name: String,
    pub element: ElementType,
    pub shape: Vec<usize>,
    pub data: Data,
}

/// The numbers of an array.
pub(super) enum Data {
    /// Bytes of its own.
    Own(Vec<u8>),
    /// The numbers that a tensor has; programs that go on write elsewhere.
    Of(Arc<Memory>, usize),
    /// The file that another archive makes.
    File(Format, Box<Stored>),
}

impl Entry {
    /// A tensor that has numbers.
    pub fn of(name: String, tensor: &Tensor, memory: Arc<Memory>) -> Entry {
        let spec = tensor.spec();
        let data = Data::Of(memory, spec.bytes());
        Entry { name, element: element(spec.dtype), shape: spec.shape.iter().copied().collect(), data }
    }
}

/// The type under which files know a type of the core.
fn element(dtype: DType) -> ElementType {
    match dtype {
        DType::F32 => f32::TYPE,
        DType::F64 => f64::TYPE,
        DType::I32 => i32::TYPE,
        DType::Bool => ElementType::Bool,
    }
}

impl Stored {
    /// What a file's bytes hold, copied out of them by all threads; `computable` changes types that the core lacks.
    pub fn read(format: Format, bytes: &[u8], computable: bool) -> Result<Stored> {
        let Contents { arrays, text } = format.read(bytes)?;
        let owned = arrays.into_par_iter().map(|array| Ok(if computable { array.computable()? } else { array }.into()));
        Ok(Stored { entries: owned.collect::<Result<_>>()?, text, ..Stored::default() })
    }

    /// Hands the bytes of a file to `take`.
    pub fn write<R>(&self, format: Format, take: impl FnOnce(Pieces<'_>) -> Result<R>) -> Result<R> {
        format.write(self.contents()?, take)
    }

    /// The bytes of a file.
    pub fn encoded(&self, format: Format) -> Result<Vec<u8>> {
        self.write(format, |pieces| Ok(pieces.concat()))
    }

    pub fn contents(&self) -> Result<Contents<'_>> {
        let arrays = self.entries.iter().map(Entry::array).collect::<Result<_>>()?;
        Ok(Contents { arrays, text: self.text.clone() })
    }
}

impl Entry {
    fn array(&self) -> Result<Array<'_>> {
        match &self.data {
            Data::Own(bytes) => Array::new(&*self.name, &self.shape, self.element, bytes.as_slice()),
            Data::Of(memory, bytes) => {
                Array::new(&*self.name, &self.shape, self.element, &memory.bytes()[..*bytes])
            }
            Data::File(format, stored) => {
                let bytes = stored.encoded(*format)?;
                Array::new(&*self.name, &[bytes.len()], ElementType::U8, bytes)
            }
        }
    }
}

impl From<Array<'_>> for Entry {
    fn from(Array { name, shape, element, bytes }: Array<'_>) -> Entry {
        Entry { name, element, shape, data: Data::Own(bytes.into_owned()) }
    }
}
