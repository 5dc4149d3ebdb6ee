//! What an archive holds in Rust: arrays with bytes of their own, snapshots of tensors, parts of a file, archives inside.

use ferrograd_formats::{
    Array, Contents, Element, ElementType, Error, Format, Image, Pieces, Result, checkpoint, file, zip,
};
use ferrograd_graph::{DType, Tensor};
use ferrograd_kernels::exec::{Memory, OutOfMemory};
use rayon::prelude::*;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Arrays and a text, and where they came from.
#[derive(Default)]
pub(super) struct Stored {
    pub entries: Vec<Entry>,
    pub text: String,
    /// The file that was found or written.
    pub path: Option<PathBuf>,
    /// The bytes of a checkpoint, in which the arrays are.
    pub image: Option<Image<Writable>>,
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
    /// Bytes in some memory: the numbers of a tensor (programs that go on write elsewhere), or a part of a file.
    Of(Arc<Memory>, Range<usize>),
    /// The file that another archive makes.
    File(Format, Box<Stored>),
}

/// Bytes of a file, or of one inside another.
pub(super) struct Block {
    pub memory: Arc<Memory>,
    pub range: Range<usize>,
}

impl Block {
    /// All bytes of a file.
    pub fn read(path: &Path) -> Result<Block> {
        Block::read_at(0, path)
    }

    /// All bytes of a file, its arrays where computing with them wants them as far as the format can tell.
    pub fn of_format(format: Format, path: &Path) -> Result<Block> {
        let arrays = file::beginning(path).map_or(0, |first| format.beginning_of_arrays(first));
        Block::read_at(arrays.wrapping_neg() % Memory::ALIGN, path)
    }

    /// All bytes of a file, `shift` bytes into their memory.
    fn read_at(shift: usize, path: &Path) -> Result<Block> {
        let room = |bytes: usize| Ok(Writable(room(bytes.saturating_add(shift))?, shift));
        let Writable(memory, _) = file::read_into(path, room)?;
        let range = shift..memory.len();
        Ok(Block { memory: Arc::new(memory), range })
    }

    /// Where arrays lie that can stay where they are: large ones whose bytes are what the core computes with, of a block
    /// that nobody else has. Those that share bytes with one before are left out.
    fn places(&self, arrays: &[Array<'_>]) -> Vec<Option<Range<usize>>> {
        let alone = Arc::strong_count(&self.memory) == 1;
        let mut places: Vec<_> = arrays.iter().map(|array| self.stay(array).filter(|_| alone)).collect();
        let mut inside: Vec<&mut Option<Range<usize>>> = places.iter_mut().filter(|place| place.is_some()).collect();
        inside.sort_by_key(|place| place.as_ref().map(|range| range.start));
        let mut end = 0;
        for place in inside {
            *place = place.take().filter(|range| range.start >= end);
            end = place.as_ref().map_or(end, |range| range.end);
        }
        places
    }

    fn stay(&self, array: &Array<'_>) -> Option<Range<usize>> {
        let as_it_is = matches!(array.element(), ElementType::F32 | ElementType::F64 | ElementType::I32);
        let place = self.place(array.bytes())?;
        (as_it_is && place.len() >= WORTH && place.start.is_multiple_of(Memory::ALIGN)).then_some(place)
    }

    /// Blocks of their own for what lies at [`places`](Block::places), in the order of the file.
    fn parts(self, places: &[Range<usize>]) -> Vec<Memory> {
        Arc::try_unwrap(self.memory).expect("nobody else has it where arrays stay").split(places)
    }

    /// Where a part of it lies in the memory; `None` where it lies elsewhere.
    fn place(&self, part: &[u8]) -> Option<Range<usize>> {
        let start = part.as_ptr().addr().checked_sub(self.memory.as_slice::<u8>().as_ptr().addr())?;
        let end = start.checked_add(part.len())?;
        (end <= self.range.end).then_some(start..end)
    }
}

/// Arrays of fewer bytes are copied out of a file.
const WORTH: usize = 64 << 10;

fn room(bytes: usize) -> Result<Memory> {
    Memory::try_zeroed(bytes).map_err(|OutOfMemory { bytes }| Error::memory(bytes))
}

impl From<Memory> for Block {
    fn from(memory: Memory) -> Block {
        let range = 0..memory.len();
        Block { memory: Arc::new(memory), range }
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.memory.as_slice::<u8>()[self.range.clone()]
    }
}

/// Memory as bytes that are filled, from one on.
pub(super) struct Writable(Memory, usize);

impl AsRef<[u8]> for Writable {
    fn as_ref(&self) -> &[u8] {
        &self.0.as_slice()[self.1..]
    }
}

impl AsMut<[u8]> for Writable {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0.as_mut_slice()[self.1..]
    }
}

impl Entry {
    /// A tensor that has numbers.
    pub fn of(name: String, tensor: &Tensor, memory: Arc<Memory>) -> Entry {
        let spec = tensor.spec();
        let data = Data::Of(memory, 0..spec.bytes());
        Entry { name, element: element(spec.dtype), shape: spec.shape.iter().copied().collect(), data }
    }

    /// An array as a tensor has it: of a type that the core has, in memory of its own.
    fn computable(array: Array<'_>) -> Result<Entry> {
        let array = array.computable()?;
        let memory = Arc::new(copied(array.bytes(), array.element())?);
        Ok(Entry::with(array, |array| Data::Of(memory, 0..array.bytes().len())))
    }

    /// An array that stays where it is in its file: its numbers come when that is cut into parts.
    fn staying(array: Array<'_>) -> Entry {
        Entry::with(array, |_| Data::Own(vec![]))
    }

    /// An array as it is; a large one stays where it is in its file.
    fn kept(array: Array<'_>, block: &Block) -> Entry {
        match block.place(array.bytes()).filter(|range| range.len() >= WORTH) {
            Some(range) => Entry::with(array, |_| Data::Of(block.memory.clone(), range)),
            None => Entry::with(array, |array| Data::Own(array.into_bytes())),
        }
    }

    fn with<'a>(array: Array<'a>, data: impl FnOnce(Array<'a>) -> Data) -> Entry {
        let (name, element, shape) = (array.name.clone(), array.element(), array.shape().to_vec());
        Entry { name, element, shape, data: data(array) }
    }

    fn array(&self) -> Result<Array<'_>> {
        let bytes: &[u8] = match &self.data {
            Data::Own(bytes) => bytes,
            Data::Of(memory, range) => &memory.as_slice::<u8>()[range.clone()],
            // Its bytes are made piece by piece.
            Data::File(..) => &[],
        };
        Array::new(&*self.name, &self.shape, self.element, bytes)
    }
}

/// Bytes that one thread copies at a time.
const PART: usize = 1 << 20;

/// Memory of their own for some bytes; truth values become 0 or 1.
fn copied(bytes: &[u8], element: ElementType) -> Result<Memory> {
    let mut memory = room(bytes.len())?;
    let copy = |(to, from): (&mut [u8], &[u8])| {
        to.copy_from_slice(from);
        if element == ElementType::Bool {
            to.iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
        }
    };
    memory.as_mut_slice::<u8>().par_chunks_mut(PART).zip(bytes.par_chunks(PART)).for_each(copy);
    Ok(memory)
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
    /// What a file holds. Members of archives stay in its memory, and so do arrays where they are as the core has them;
    /// others are copied out by all threads at once, as types that the core has.
    pub fn read(format: Format, block: Block) -> Result<Stored> {
        let Contents { arrays, text } = format.read(block.as_ref())?;
        if format == Format::Zip {
            let entries = arrays.into_iter().map(|array| Entry::kept(array, &block)).collect();
            return Ok(Stored { entries, text, ..Stored::default() });
        }
        let places = block.places(&arrays);
        let entry = |(array, place): (Array<'_>, &Option<Range<usize>>)| match place {
            Some(_) => Ok(Entry::staying(array)),
            None => Entry::computable(array),
        };
        let mut entries = arrays.into_par_iter().zip(&places).map(entry).collect::<Result<Vec<_>>>()?;
        let mut staying: Vec<(&mut Entry, Range<usize>)> =
            entries.iter_mut().zip(places).filter_map(|(entry, place)| Some((entry, place?))).collect();
        staying.sort_by_key(|(_, place)| place.start);
        let places: Vec<Range<usize>> = staying.iter().map(|(_, place)| place.clone()).collect();
        if !places.is_empty() {
            for ((entry, place), part) in staying.into_iter().zip(block.parts(&places)) {
                entry.data = Data::Of(Arc::new(part), 0..place.len());
            }
        }
        Ok(Stored { entries, text, ..Stored::default() })
    }

    /// What bytes hold, whatever its type.
    pub fn decoded(format: Format, bytes: &[u8]) -> Result<Stored> {
        let Contents { arrays, text } = format.read(bytes)?;
        let entry = |array| Entry::with(array, |array| Data::Own(array.into_bytes()));
        Ok(Stored { entries: arrays.into_iter().map(entry).collect(), text, ..Stored::default() })
    }

    /// The bytes of a checkpoint in the place of what it holds.
    pub fn copied(self) -> Result<Stored> {
        let Contents { arrays, text } = self.laid()?.contents;
        let any = |bytes| Memory::try_any(bytes).map_err(|OutOfMemory { bytes }| Error::memory(bytes));
        let image = checkpoint::write(&arrays, &text, |bytes| Ok(Writable(any(bytes)?, 0)))?;
        Ok(Stored { image: Some(image), ..Stored::default() })
    }

    /// The bytes of a file.
    pub fn encoded(&self, format: Format) -> Result<Vec<u8>> {
        Ok(self.laid()?.pieces(format)?.concat())
    }

    /// The arrays, those of archives inside too, as writers take them.
    pub fn laid(&self) -> Result<Laid<'_>> {
        let arrays = self.entries.iter().map(Entry::array).collect::<Result<_>>()?;
        let inside = self.entries.iter().map(|entry| match &entry.data {
            Data::File(format, stored) => stored.laid().map(|laid| Some((*format, laid))),
            Data::Own(_) | Data::Of(..) => Ok(None),
        });
        Ok(Laid { contents: Contents { arrays, text: self.text.clone() }, inside: inside.collect::<Result<_>>()? })
    }
}

/// What an archive holds, for writers: nothing is copied.
pub(super) struct Laid<'a> {
    pub contents: Contents<'a>,
    /// In the place of an array: the archive that makes its bytes.
    inside: Vec<Option<(Format, Laid<'a>)>>,
}

impl<'a> Laid<'a> {
    /// The bytes of a file, in pieces.
    pub fn pieces<'l>(&'l self, format: Format) -> Result<Pieces<'l>> {
        match format {
            Format::Zip => zip::write(self.members()?),
            _ => format.write(&self.contents),
        }
    }

    fn members<'l>(&'l self) -> Result<Vec<zip::Member<'l>>> {
        let both = self.contents.arrays.iter().zip(&self.inside);
        both.map(|(array, inside)| Laid::member(array, inside.as_ref())).collect()
    }

    /// An array's bytes, or the file of the archive in its place.
    fn member<'l>(array: &'l Array<'a>, inside: Option<&'l (Format, Laid<'a>)>) -> Result<zip::Member<'l>> {
        let content = match inside {
            Some((format, laid)) => laid.pieces(*format)?,
            None => Pieces::from(array.bytes()),
        };
        Ok(zip::Member { name: &array.name, content })
    }
}
