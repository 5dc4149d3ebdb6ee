//! The walk from the root: groups are entered, arrays and attributes are gathered.

use super::chunks::Chunked;
use super::group::links;
use super::header::{Message, messages};
use super::heap::GlobalHeaps;
use super::source::Source;
use super::types::{Type, dataspace, datatype};
use super::{Contents, UNDEFINED, attribute, message};
use crate::array::{Array, ElementType, byte_count, swapped};
use crate::bytes::Cursor;
use crate::error::{Error, Result};
use crate::inflate::Room;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Most groups inside one another.
const DEPTH: usize = 64;

struct Walk<'a> {
    source: Source<'a>,
    heaps: GlobalHeaps<'a>,
    /// Objects that were reached: a second name for one would multiply what the file holds.
    seen: BTreeSet<u64>,
    /// Bytes of arrays that the file may still hold.
    room: usize,
    /// Bytes that deflated chunks may still become.
    inflated: Room,
    found: Contents<'a>,
}

/// Everything below the root group at an address.
pub(super) fn read(bytes: &[u8], root: u64) -> Result<Contents<'_>> {
    let mut walk = Walk {
        source: Source::new(bytes),
        heaps: GlobalHeaps::default(),
        seen: BTreeSet::new(),
        room: bytes.len(),
        inflated: Room::of(bytes),
        found: Contents::default(),
    };
    walk.object(root, "", 0)?;
    Ok(walk.found)
}

impl<'a> Walk<'a> {
    fn object(&mut self, at: u64, path: &str, depth: usize) -> Result<()> {
        let said = |error: Error| error.within(path);
        if !self.seen.insert(at) {
            return Err(Error::new(format!("hdf5: '{path}' is a second name of another object")));
        }
        let messages = messages(&self.source, at).map_err(said)?;
        let attributes = self.attributes(&messages).map_err(said)?;
        if messages.iter().any(|found| found.kind == message::LAYOUT) {
            let array = self.array(path, &messages, &attributes).map_err(said)?;
            self.found.arrays.push(array);
        } else {
            self.children(path, &messages, depth)?;
        }
        if !attributes.is_empty() {
            self.found.attributes.insert(path.to_owned(), attributes);
        }
        Ok(())
    }

    fn children(&mut self, path: &str, messages: &[Message<'a>], depth: usize) -> Result<()> {
        if depth == DEPTH {
            return Err(Error::new(format!("hdf5: expected at most {DEPTH} groups inside one another")));
        }
        let links = links(&self.source, messages)?;
        let mut names = BTreeSet::new();
        for (name, at) in links {
            let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty() && !name.contains('/'));
            let name = name.ok_or_else(|| Error::new(format!("hdf5: a name in '{path}' that is none")))?;
            if !names.insert(name) {
                return Err(Error::new(format!("hdf5: '{name}' comes twice in '{path}'")));
            }
            self.source.charge(path.len() + name.len())?;
            let below = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            self.object(at, &below, depth + 1)?;
        }
        Ok(())
    }

    fn attributes(&mut self, messages: &[Message<'a>]) -> Result<Map<String, Value>> {
        let mut attributes = Map::new();
        for Message { kind, body } in messages {
            if *kind == message::ATTRIBUTE_INFO {
                refuse_dense(body)?;
            }
            if *kind != message::ATTRIBUTE {
                continue;
            }
            if let Some((name, value)) = attribute::read(&self.source, &mut self.heaps, body)? {
                attributes.insert(name, value);
            }
        }
        Ok(attributes)
    }

    fn array(&mut self, path: &str, messages: &[Message<'a>], attributes: &Map<String, Value>) -> Result<Array<'a>> {
        let find = |kind, what| {
            let found = messages.iter().find(|message| message.kind == kind);
            found.map(|found| found.body).ok_or_else(|| Error::new(format!("hdf5: an array without {what}")))
        };
        let (kind, size) = datatype(find(message::DATATYPE, "a type")?)?;
        let shape = dataspace(find(message::DATASPACE, "sizes")?)?.ok_or_else(|| Error::new("hdf5: no elements"))?;
        let (element, big) = element(kind, size, attributes)?;
        let data = self.data(find(message::LAYOUT, "a place")?, messages, &shape, size)?;
        if byte_count(&shape, element.size()) != Some(data.len()) {
            let (name, got) = (element.name(), data.len());
            return Err(Error::new(format!("hdf5: expected {shape:?} of {name}, got {got} bytes")));
        }
        let bytes = if big { swapped(&data, element.size()).into() } else { data };
        Array::new(path, &shape, element, bytes)
    }

    /// The bytes of an array: `3 or 4, 0, u16 size, bytes`, `3 or 4, 1, u64 address, u64 size`, or `3, 2` and chunks.
    fn data(
        &mut self,
        layout: &'a [u8],
        messages: &[Message<'a>],
        shape: &[usize],
        element: usize,
    ) -> Result<Cow<'a, [u8]>> {
        let mut cursor = Cursor::new("hdf5: layout", layout);
        let (version, class) = (cursor.u8()?, cursor.u8()?);
        if !matches!(version, 3 | 4) {
            return Err(Error::new(format!("hdf5: layout: expected version 3 or 4, got {version}")));
        }
        let data = match class {
            0 => {
                let size = usize::from(cursor.u16()?);
                cursor.take(size)?
            }
            1 => {
                let (at, size) = (cursor.u64()?, cursor.size()?);
                if at == UNDEFINED && size == 0 { &[] } else { self.stored(at, size)? }
            }
            2 if version == 3 => {
                let chunked = Chunked::read(&mut cursor, messages, shape, element)?;
                return chunked.bytes(&self.source, &mut self.room, &mut self.inflated).map(Cow::Owned);
            }
            2 => return Err(Error::new("hdf5: chunks in the format of 2014 are refused (libver='latest')")),
            3 => return Err(Error::new("hdf5: virtual arrays are refused")),
            other => return Err(Error::new(format!("hdf5: layout: an unknown class {other}"))),
        };
        let room = self.room.checked_sub(data.len());
        self.room = room.ok_or_else(|| Error::new("hdf5: arrays overlap"))?;
        Ok(data.into())
    }

    /// Bytes of an array have an allowance of their own.
    fn stored(&self, at: u64, size: usize) -> Result<&'a [u8]> {
        self.source.range("hdf5: array", at, size)
    }
}

/// What the elements are. Types that NumPy lacks are bytes without a meaning, and an attribute that tells it.
fn element(kind: Type, size: usize, attributes: &Map<String, Value>) -> Result<(ElementType, bool)> {
    let told = || attributes.get("dtype").and_then(Value::as_str).and_then(ElementType::named);
    match kind {
        Type::Number { element, big } => Ok((element, big)),
        Type::Opaque => match told().filter(|element| element.size() == size) {
            Some(element) => Ok((element, false)),
            None => Err(Error::new(format!("hdf5: expected numbers, got {size} bytes without a meaning"))),
        },
        Type::Text | Type::HeapText => Err(Error::new("hdf5: expected numbers, got text")),
        Type::Other(class) => Err(Error::new(format!("hdf5: expected numbers, got elements of class {class}"))),
    }
}

/// `0, flags, u16 order?, u64 heap, …`: a heap says that attributes are stored densely.
fn refuse_dense(body: &[u8]) -> Result<()> {
    let mut cursor = Cursor::new("hdf5: attribute info", body);
    cursor.expect(&[0])?;
    let flags = cursor.u8()?;
    cursor.take(if flags & 1 == 0 { 0 } else { 2 })?;
    if cursor.u64()? == UNDEFINED { Ok(()) } else { Err(Error::new("hdf5: dense storage of attributes is refused")) }
}
