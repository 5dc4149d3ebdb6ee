//! Archives: what JavaScript puts together for a file, or takes out of one.

use super::stored::{Block, Data, Entry, Stored};
use super::{refused, refused_js};
use crate::error::{Result, internal, js};
use crate::handle::{BindingTensor, Handle};
use crate::runtime::BindingRuntime;
use ferrograd_formats::{Array, ElementType, Format, Pieces, checkpoint, file};
use ferrograd_graph::{DType, Shape, Spec, Tensor};
use ferrograd_kernels::exec::Memory;
use napi::Env;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Named arrays and a text, on their way into a file or out of one.
#[napi]
#[derive(Default)]
pub struct BindingArchive {
    /// Shared with the job that fills it.
    stored: Arc<Mutex<Stored>>,
}

/// What an array of an archive is.
#[napi(object)]
pub struct BindingEntry {
    /// Unique in its archive.
    pub name: String,
    /// As NumPy calls it.
    pub dtype: String,
    /// Sizes of the axes.
    pub shape: Vec<f64>,
}

/// A file that was passed over, and why.
#[napi(object)]
pub struct BindingSkipped {
    /// The file.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

fn lock(stored: &Mutex<Stored>) -> MutexGuard<'_, Stored> {
    stored.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<Stored> for BindingArchive {
    fn from(stored: Stored) -> BindingArchive {
        BindingArchive { stored: Arc::new(Mutex::new(stored)) }
    }
}

impl BindingArchive {
    fn stored(&self) -> MutexGuard<'_, Stored> {
        lock(&self.stored)
    }

    /// What it holds, which it holds no longer.
    fn emptied(&self) -> Stored {
        std::mem::take(&mut self.stored())
    }

    /// An archive that a job fills.
    fn filled(
        runtime: &BindingRuntime,
        ticket: u32,
        fill: impl FnOnce() -> ferrograd_formats::Result<Stored> + Send + 'static,
    ) -> BindingArchive {
        let archive = BindingArchive::default();
        archive.job(runtime, ticket, fill);
        archive
    }

    /// Runs a job over all threads of the pool for work outside steps; what it returns is what the archive then holds.
    fn job(
        &self,
        runtime: &BindingRuntime,
        ticket: u32,
        work: impl FnOnce() -> ferrograd_formats::Result<Stored> + Send + 'static,
    ) {
        let (stored, shared) = (self.stored.clone(), runtime.shared.clone());
        runtime.shared.workers.start(ticket, move || {
            *lock(&stored) = shared.beside(work).map_err(refused)?;
            Ok(())
        });
    }
}

#[napi]
impl BindingArchive {
    /// An empty archive.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> BindingArchive {
        BindingArchive::default()
    }

    /// Adds an array: a copy of the bytes of a typed array.
    #[napi(catch_unwind)]
    pub fn add(&self, name: String, dtype: String, shape: Vec<u32>, bytes: &[u8]) -> Result<()> {
        let element = ElementType::named(&dtype).ok_or_else(|| internal(format!("no type {dtype}")))?;
        let shape: Vec<usize> = shape.iter().map(|&size| size as usize).collect();
        let Array { name, .. } = Array::new(name, &shape, element, bytes).map_err(refused_js)?;
        self.stored().entries.push(Entry { name, element, shape, data: Data::Own(bytes.to_vec()) });
        Ok(())
    }

    /// Adds the numbers of an evaluated tensor, without a copy.
    #[napi(catch_unwind, ts_args_type = "name: string, tensor: BindingTensor")]
    pub fn add_tensor(&self, name: String, tensor: Handle<'_>) -> Result<()> {
        let tensor = tensor.tensor();
        let memory = tensor.evaluated().ok_or_else(|| internal("the tensor has no numbers yet"))?;
        self.stored().entries.push(Entry::of(name, &tensor, memory));
        Ok(())
    }

    /// Adds the file that another archive makes; that one is empty afterwards.
    #[napi(catch_unwind)]
    pub fn add_file(&self, name: String, format: String, archive: &BindingArchive) -> Result<()> {
        let data = Data::File(format_named(&format)?, Box::new(archive.emptied()));
        self.stored().entries.push(Entry { name, element: ElementType::U8, shape: vec![0], data });
        Ok(())
    }

    /// What the file holds beside arrays, as each format has it.
    #[napi(getter, catch_unwind)]
    pub fn text(&self) -> String {
        self.stored().text.clone()
    }

    /// Sets it.
    #[napi(setter, catch_unwind)]
    pub fn set_text(&self, text: String) {
        self.stored().text = text;
    }

    /// The arrays in order.
    #[napi(catch_unwind)]
    pub fn entries(&self) -> Vec<BindingEntry> {
        let entry = |entry: &Entry| BindingEntry {
            name: entry.name.clone(),
            dtype: entry.element.name().to_owned(),
            shape: entry.shape.iter().map(|&size| size as f64).collect(),
        };
        self.stored().entries.iter().map(entry).collect()
    }

    /// Hands over the bytes of an array; the archive keeps none.
    #[napi(catch_unwind)]
    pub fn take(&self, index: u32) -> Result<Uint8Array> {
        match self.taken(index)? {
            Data::Own(bytes) => Ok(Uint8Array::new(bytes)),
            Data::Of(memory, range) => Ok(Uint8Array::new(memory.as_slice::<u8>()[range].to_vec())),
            Data::File(..) => Err(internal(format!("array {index} is a file inside"))),
        }
    }

    /// An array that was read from a file as a tensor, without a copy; the archive keeps none.
    #[napi(catch_unwind)]
    pub fn tensor(&self, env: Env, index: u32) -> Result<BindingTensor> {
        let spec = self.spec(index)?;
        match self.taken(index)? {
            Data::Of(memory, range) if range == (0..memory.len()) && range.end == spec.bytes() => {
                BindingTensor::holding(&env, Tensor::value(spec, memory))
            }
            Data::Of(..) | Data::Own(_) | Data::File(..) => Err(internal(format!("array {index} is no tensor"))),
        }
    }

    /// The bytes of a file, now.
    #[napi(catch_unwind)]
    pub fn encode(&self, runtime: &BindingRuntime, format: String) -> Result<Uint8Array> {
        let format = format_named(&format)?;
        let bytes = runtime.shared.beside(|| self.stored().encoded(format)).map_err(refused_js)?;
        Ok(Uint8Array::new(bytes))
    }

    /// What the bytes of a file hold, now.
    #[napi(catch_unwind)]
    pub fn decode(runtime: &BindingRuntime, format: String, bytes: &[u8]) -> Result<BindingArchive> {
        let format = format_named(&format)?;
        let stored = runtime.shared.beside(|| Stored::decoded(format, bytes)).map_err(refused_js)?;
        Ok(stored.into())
    }

    /// Writes a file, whole or not at all, in the job that `ticket` names; the archive is empty at once.
    #[napi(catch_unwind)]
    pub fn write(&self, runtime: &BindingRuntime, format: String, path: String, ticket: u32) -> Result<()> {
        let (stored, format) = (self.emptied(), format_named(&format)?);
        self.job(runtime, ticket, move || {
            let path = PathBuf::from(path);
            file::write(&path, &stored.laid()?.pieces(format)?)?;
            Ok(Stored { path: Some(path), ..Stored::default() })
        });
        Ok(())
    }

    /// Writes the text alone, whole or not at all, in the job that `ticket` names.
    #[napi(catch_unwind)]
    pub fn write_text(&self, runtime: &BindingRuntime, path: String, ticket: u32) {
        let stored = self.emptied();
        self.job(runtime, ticket, move || {
            let path = PathBuf::from(path);
            file::write(&path, &Pieces::from(stored.text.as_bytes()))?;
            Ok(Stored { path: Some(path), ..Stored::default() })
        });
    }

    /// Reads a file, in the job that `ticket` names; the archive is empty until that has ended.
    #[napi(catch_unwind)]
    pub fn read(runtime: &BindingRuntime, format: String, path: String, ticket: u32) -> Result<BindingArchive> {
        let format = format_named(&format)?;
        Ok(BindingArchive::filled(runtime, ticket, move || {
            let block = Block::of_format(format, Path::new(&path))?;
            Stored::read(format, block).map_err(|error| error.of(Path::new(&path)))
        }))
    }

    /// Reads a file inside this one, whose bytes this one keeps no longer.
    #[napi(catch_unwind)]
    pub fn open(&self, runtime: &BindingRuntime, index: u32, format: String, ticket: u32) -> Result<BindingArchive> {
        let format = format_named(&format)?;
        let file = match self.taken(index)? {
            Data::Of(memory, range) => Block { memory, range },
            Data::Own(bytes) => Memory::try_from_slice(&bytes).map_err(|missing| js(missing.into()))?.into(),
            Data::File(..) => return Err(internal(format!("array {index} is a file inside"))),
        };
        Ok(BindingArchive::filled(runtime, ticket, move || Stored::read(format, file)))
    }

    /// Copies what it holds into the bytes of a checkpoint, in the job that `ticket` names; the archive is empty until that
    /// has ended, and then holds those bytes alone.
    #[napi(catch_unwind)]
    pub fn copy(&self, runtime: &BindingRuntime, ticket: u32) {
        let stored = self.emptied();
        self.job(runtime, ticket, move || stored.copied());
    }

    /// Writes the bytes that [`copy`](Self::copy) made as checkpoint `number` of a directory and keeps the last `keep`; the
    /// archive is empty at once.
    #[napi(catch_unwind)]
    pub fn save(&self, runtime: &BindingRuntime, directory: String, number: f64, keep: u32, ticket: u32) {
        let stored = self.emptied();
        self.job(runtime, ticket, move || {
            let image = stored.image.expect("the archive was copied before");
            let path = checkpoint::save(Path::new(&directory), number as u64, &image, keep as usize)?;
            Ok(Stored { path: Some(path), ..Stored::default() })
        });
    }

    /// Reads the newest whole checkpoint of a directory, if there is one.
    #[napi(catch_unwind)]
    pub fn newest(runtime: &BindingRuntime, directory: String, ticket: u32) -> BindingArchive {
        BindingArchive::filled(runtime, ticket, move || {
            let checkpoint::Newest { found, skipped } = checkpoint::newest(Path::new(&directory), Block::read)?;
            let skipped = skipped.into_iter().map(|file| (file.path, file.reason)).collect();
            let Some((path, block)) = found else { return Ok(Stored { skipped, ..Stored::default() }) };
            let stored = Stored::read(Format::Checkpoint, block)?;
            Ok(Stored { path: Some(path), skipped, ..stored })
        })
    }

    /// The file that was written or found.
    #[napi(getter, catch_unwind)]
    pub fn path(&self) -> Option<String> {
        self.stored().path.as_deref().map(|path| path.display().to_string())
    }

    /// Newer checkpoints that were passed over.
    #[napi(catch_unwind)]
    pub fn skipped(&self) -> Vec<BindingSkipped> {
        let told = |(path, reason): &(PathBuf, String)| BindingSkipped {
            path: path.display().to_string(),
            reason: reason.clone(),
        };
        self.stored().skipped.iter().map(told).collect()
    }
}

impl BindingArchive {
    /// The numbers of an array, which the archive holds no longer.
    fn taken(&self, index: u32) -> Result<Data> {
        let mut stored = self.stored();
        let entry = stored.entries.get_mut(index as usize).ok_or_else(|| internal(format!("no array {index}")))?;
        Ok(std::mem::replace(&mut entry.data, Data::Own(vec![])))
    }

    fn spec(&self, index: u32) -> Result<Spec> {
        let stored = self.stored();
        let entry = stored.entries.get(index as usize).ok_or_else(|| internal(format!("no array {index}")))?;
        let dtype = match entry.element {
            ElementType::F32 => DType::F32,
            ElementType::F64 => DType::F64,
            ElementType::I32 => DType::I32,
            ElementType::Bool => DType::Bool,
            other => return Err(internal(format!("a tensor of {}", other.name()))),
        };
        if Shape::checked_size(&entry.shape).is_none() {
            let what = format!("array '{}': {:?} has more elements than memory can hold", entry.name, entry.shape);
            return Err(js(ferrograd_graph::Error::shape(what)));
        }
        Ok(Spec::new(Shape::new(&entry.shape), dtype))
    }
}

fn format_named(name: &str) -> Result<Format> {
    Format::named(name).ok_or_else(|| internal(format!("no format {name}")))
}
