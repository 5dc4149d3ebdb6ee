//! Arrays in chunks, perhaps deflated, as tools leave them that pack a file anew: a tree leads to the chunks.
//!
//! Every chunk must be there: what an array declares is what the file holds.

use super::header::Message;
use super::source::Source;
use super::{MAX_RANK, message};
use crate::array::byte_count;
use crate::bytes::Cursor;
use crate::error::{Error, Result};
use crate::inflate::{Room, inflate_zlib};

const WHAT: &str = "hdf5: chunks";

/// How an array is cut, and where the tree of its pieces is.
pub(super) struct Chunked {
    tree: u64,
    /// Sizes of the axes of a chunk.
    chunk: Vec<usize>,
    shape: Vec<usize>,
    element: usize,
    filters: Vec<Filter>,
}

/// What was done to each chunk, in the order of writing.
#[derive(Clone, Copy, PartialEq)]
enum Filter {
    Deflate,
    /// First bytes of all elements, then second ones, ….
    Shuffle,
}

/// A chunk as the tree has it.
struct Place<'a> {
    /// Which filters were left out.
    skipped: u32,
    /// Where it begins, in elements.
    start: Vec<usize>,
    packed: &'a [u8],
}

impl Chunked {
    /// `u8 axes + 1, u64 tree, u32 sizes of a chunk, u32 bytes of an element`, behind version and class.
    pub fn read(cursor: &mut Cursor<'_>, messages: &[Message<'_>], shape: &[usize], element: usize) -> Result<Chunked> {
        let rank = usize::from(cursor.u8()?);
        let tree = cursor.u64()?;
        if rank != shape.len() + 1 || rank > MAX_RANK + 1 {
            return Err(Error::new(format!("{WHAT}: expected {} axes, got {rank}", shape.len() + 1)));
        }
        let mut chunk = (0..rank).map(|_| cursor.u32().map(|size| size as usize)).collect::<Result<Vec<_>>>()?;
        if chunk.pop() != Some(element) || chunk.contains(&0) {
            return Err(Error::new(format!("{WHAT}: a chunk of {chunk:?} for elements of {element} bytes")));
        }
        let filters = messages.iter().find(|message| message.kind == message::FILTER);
        let filters = filters.map_or(Ok(vec![]), |found| filters_of(found.body, element))?;
        Ok(Chunked { tree, chunk, shape: shape.to_vec(), element, filters })
    }

    /// The bytes of the array; chunks are taken off `stored`, what they become off `room`.
    pub fn bytes(&self, source: &Source<'_>, stored: &mut usize, room: &mut Room) -> Result<Vec<u8>> {
        let size = byte_count(&self.shape, self.element);
        let size = size.ok_or_else(|| Error::new(format!("{WHAT}: {:?} elements", self.shape)))?;
        let mut places = Vec::new();
        if size > 0 {
            self.node(source, self.tree, LEVELS, &mut places)?;
        }
        let packed: usize = places.iter().map(|place| place.packed.len()).sum();
        *stored = stored.checked_sub(packed).ok_or_else(|| Error::new("hdf5: arrays overlap"))?;
        self.check_whole(&places)?;
        let mut bytes = vec![0; room.take(packed, size as u64)?];
        for place in &places {
            self.lay(&self.unpacked(place, room)?, &place.start, &mut bytes);
        }
        Ok(bytes)
    }

    /// Every chunk of the array's own grid, each once.
    fn check_whole(&self, places: &[Place<'_>]) -> Result<()> {
        let counts = self.shape.iter().zip(&self.chunk).map(|(size, chunk)| size.div_ceil(*chunk));
        let expected = counts.fold(1usize, usize::saturating_mul);
        let on_grid = |place: &Place<'_>| {
            let axes = place.start.iter().zip(&self.chunk).zip(&self.shape);
            axes.into_iter().all(|((start, chunk), size)| start % chunk == 0 && start < size)
        };
        let mut starts: Vec<&[usize]> = places.iter().filter(|place| on_grid(place)).map(|one| &*one.start).collect();
        starts.sort_unstable();
        starts.dedup();
        if starts.len() != places.len() || places.len() != expected {
            return Err(Error::new(format!("{WHAT}: expected {expected}, got {}", places.len())));
        }
        Ok(())
    }

    /// A node: `TREE, 1, level, u16 used, two siblings`, then `u32 bytes, u32 skipped, u64 start of each axis + 1, child`.
    fn node<'a>(&self, source: &Source<'a>, at: u64, below: u8, places: &mut Vec<Place<'a>>) -> Result<()> {
        const HEAD: usize = 24;
        let mut cursor = source.block(WHAT, at, HEAD)?;
        cursor.expect(b"TREE\x01")?;
        let (level, used) = (cursor.u8()?, usize::from(cursor.u16()?));
        if level >= below {
            return Err(Error::new(format!("{WHAT}: expected a level below {below}, got {level}")));
        }
        let entry = 8 + 8 * (self.shape.len() + 1) + 8;
        let mut entries = source.block(WHAT, at, HEAD + entry * used)?;
        entries.take(HEAD)?;
        for _ in 0..used {
            let (bytes, skipped) = (entries.u32()? as usize, entries.u32()?);
            let start = (0..self.shape.len()).map(|_| entries.size()).collect::<Result<_>>()?;
            entries.take(8)?;
            let child = entries.u64()?;
            if level == 0 {
                places.push(Place { skipped, start, packed: source.range(WHAT, child, bytes)? });
            } else {
                self.node(source, child, level, places)?;
            }
        }
        Ok(())
    }

    /// A chunk as it was before the filters.
    fn unpacked(&self, place: &Place<'_>, room: &mut Room) -> Result<Vec<u8>> {
        let size = byte_count(&self.chunk, self.element).ok_or_else(|| Error::new(format!("{WHAT}: too large")))?;
        let mut bytes = place.packed.to_vec();
        for (number, filter) in self.filters.iter().enumerate().rev() {
            if place.skipped >> number & 1 != 0 {
                continue;
            }
            bytes = match filter {
                Filter::Deflate => inflate_zlib(&bytes, room.take(bytes.len(), size as u64)?)?,
                Filter::Shuffle => unshuffled(&bytes, self.element),
            };
        }
        if bytes.len() != size {
            return Err(Error::new(format!("{WHAT}: expected {size} bytes in one, got {}", bytes.len())));
        }
        Ok(bytes)
    }

    /// Lays a chunk where it belongs, row by row, without what sticks out of the array.
    fn lay(&self, chunk: &[u8], start: &[usize], bytes: &mut [u8]) {
        let Some((&width, outer)) = self.chunk.split_last() else {
            bytes.copy_from_slice(chunk);
            return;
        };
        let last = outer.len();
        let run = width.min(self.shape[last] - start[last]) * self.element;
        let rows: usize = outer.iter().product();
        'rows: for row in 0..rows {
            let (mut rest, mut target, mut stride) = (row, start[last], self.shape[last]);
            for axis in (0..last).rev() {
                let at = start[axis] + rest % outer[axis];
                if at >= self.shape[axis] {
                    continue 'rows;
                }
                rest /= outer[axis];
                target += at * stride;
                stride *= self.shape[axis];
            }
            let (from, to) = (row * width * self.element, target * self.element);
            bytes[to..to + run].copy_from_slice(&chunk[from..from + run]);
        }
    }
}

/// Each level multiplies by two at least.
const LEVELS: u8 = 32;

/// `1, count, six zeros` or `2, count`, then each `u16 kind, u16 bytes of its name, u16 flags, u16 values`.
fn filters_of(body: &[u8], element: usize) -> Result<Vec<Filter>> {
    let mut cursor = Cursor::new("hdf5: filters", body);
    let (version, count) = (cursor.u8()?, cursor.u8()?);
    cursor.take(if version == 1 { 6 } else { 0 })?;
    (0..count).map(|_| filter(&mut cursor, version, element)).collect()
}

fn filter(cursor: &mut Cursor<'_>, version: u8, element: usize) -> Result<Filter> {
    let kind = cursor.u16()?;
    let name = if version == 1 || kind >= 256 { usize::from(cursor.u16()?) } else { 0 };
    let (_flags, values) = (cursor.u16()?, usize::from(cursor.u16()?));
    let name = cursor.take(name)?;
    let first = (0..values).map(|_| cursor.u32()).collect::<Result<Vec<_>>>()?.first().copied();
    cursor.take(if version == 1 { values % 2 * 4 } else { 0 })?;
    match kind {
        1 => Ok(Filter::Deflate),
        2 if first == Some(element as u32) => Ok(Filter::Shuffle),
        other => {
            let name = name.split(|&byte| byte == 0).next().unwrap_or_default().escape_ascii();
            Err(Error::new(format!(
                "hdf5: the filter {other} ('{name}') is refused: only deflate and shuffle are read"
            )))
        }
    }
}

/// First bytes of all elements, then second ones, …, as elements; what is no whole element stays at the end.
fn unshuffled(bytes: &[u8], element: usize) -> Vec<u8> {
    let count = bytes.len() / element;
    let mut elements = bytes.to_vec();
    for (byte, plane) in bytes.chunks_exact(count.max(1)).take(element).enumerate() {
        plane.iter().enumerate().for_each(|(at, &value)| elements[at * element + byte] = value);
    }
    elements
}
