//! The writer: arrays first, then headers from the leaves to the root, and a superblock that leads there.

use super::heap::written as heap;
use super::lookup3::lookup3;
use super::types::{written, written_space, written_text};
use super::{Attributes, MAX_RANK, UNDEFINED, message, superblock};
use crate::array::{Array, ElementType};
use crate::bytes::{Pieces, padding};
use crate::error::{Error, Result};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Headers begin at multiples of this many bytes.
const ALIGN: usize = 8;

/// And arrays at those that computing with them wants.
const ALIGN_ARRAY: usize = 64;

/// What says that links or attributes, however many, are in the header itself: no order in which they were made, no heap
/// and no index of dense storage.
const IN_HEADER: [u8; 18] = {
    let mut body = [0xff; 18];
    (body[0], body[1]) = (0, 0);
    body
};

/// A group or an array, by its name in the group above.
#[derive(Default)]
struct Node<'n, 'a, 'b> {
    children: BTreeMap<&'n str, Node<'n, 'a, 'b>>,
    array: Option<&'a Array<'b>>,
    attributes: Option<&'n Map<String, Value>>,
}

/// The bytes of a file that holds some arrays and attributes.
///
/// # Errors
/// Where two things have one path, a path has empty names, or an attribute is too large or of no type that there is.
pub fn write<'a>(arrays: &'a [Array<'_>], attributes: &Attributes) -> Result<Pieces<'a>> {
    let mut root = Node::default();
    for array in arrays {
        let node = place(&mut root, &array.name)?;
        if node.array.replace(array).is_some() {
            return Err(Error::new(format!("hdf5: expected unique names of arrays, got '{}' again", array.name)));
        }
    }
    for (path, attributes) in attributes {
        place(&mut root, path)?.attributes = Some(attributes);
    }
    let mut file = File { pieces: Pieces::default(), end: superblock::SIZE, texts: BTreeMap::new() };
    file.heaps(texts(arrays, attributes));
    let root = file.node("", &root)?;
    let mut whole = Pieces::from(superblock::written(root, file.end as u64));
    whole.extend(file.pieces);
    Ok(whole)
}

/// The node of a path, made where it is not there yet.
fn place<'r, 'n, 'a, 'b>(root: &'r mut Node<'n, 'a, 'b>, path: &'n str) -> Result<&'r mut Node<'n, 'a, 'b>> {
    let mut node = root;
    for name in path.split('/').filter(|_| !path.is_empty()) {
        if name.is_empty() || name == "." || name.contains('\0') {
            return Err(Error::new(format!("hdf5: expected a path like 'group/name', got '{path}'")));
        }
        node = node.children.entry(name).or_default();
    }
    Ok(node)
}

struct File<'n, 'a> {
    pieces: Pieces<'a>,
    /// Where the next piece will lie.
    end: usize,
    /// Where texts of attributes lie: the address of a global heap and the index in it.
    texts: BTreeMap<&'n str, (u64, u16)>,
}

/// Every text of an attribute.
fn texts<'n>(arrays: &[Array<'_>], attributes: &'n Attributes) -> impl Iterator<Item = &'n str> {
    let told = arrays.iter().any(|array| array.element() == ElementType::BF16);
    let values = attributes.values().flat_map(Map::values);
    let flat = values.flat_map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice));
    flat.filter_map(Value::as_str).chain(told.then_some(BFLOAT16))
}

impl<'n, 'a> File<'n, 'a> {
    /// Writes a node and what is below; the address of its header.
    fn node(&mut self, path: &str, node: &Node<'n, 'a, '_>) -> Result<u64> {
        let mut messages = match node.array {
            Some(array) if node.children.is_empty() => self.array(array)?,
            Some(array) => return Err(Error::new(format!("hdf5: '{}' is an array and a group", array.name))),
            None => self.group(path, node)?,
        };
        let told = bfloat16(node.array);
        if node.attributes.is_some() || !told.is_empty() {
            messages.add(message::ATTRIBUTE_INFO, &IN_HEADER)?;
        }
        for (name, value) in node.attributes.into_iter().flatten().chain(told.iter()) {
            let body = self.attribute(name, value).map_err(|error| error.within(path))?;
            messages.add(message::ATTRIBUTE, &body)?;
        }
        Ok(self.push(messages.into_header()))
    }

    fn group(&mut self, path: &str, node: &Node<'n, 'a, '_>) -> Result<Messages> {
        let mut messages = Messages::default();
        messages.add(message::LINK_INFO, &IN_HEADER)?;
        messages.add(message::GROUP_INFO, &[0, 0])?;
        for (name, child) in &node.children {
            let below = if path.is_empty() { (*name).to_owned() } else { format!("{path}/{name}") };
            let at = self.node(&below, child)?;
            let length = u16::try_from(name.len()).map_err(|_| Error::new(format!("hdf5: a long name in '{path}'")))?;
            // Flags: the name is in UTF-8, its length takes two bytes.
            let head = [&[1, 0x11, 1][..], &length.to_le_bytes()].concat();
            messages.add(message::LINK, &[&head[..], name.as_bytes(), &at.to_le_bytes()].concat())?;
        }
        Ok(messages)
    }

    fn array(&mut self, array: &'a Array<'_>) -> Result<Messages> {
        let (shape, bytes) = (array.shape(), array.bytes());
        if shape.len() > MAX_RANK {
            let (name, got) = (&array.name, shape.len());
            return Err(Error::new(format!("hdf5: array '{name}': expected at most {MAX_RANK} axes, got {got}")));
        }
        let at = if bytes.is_empty() { UNDEFINED } else { self.push_at(ALIGN_ARRAY, bytes) };
        let mut messages = Messages::default();
        messages.add(message::DATASPACE, &written_space(shape))?;
        messages.add(message::DATATYPE, &written(array.element()))?;
        // Space is taken late, and filled where a value is given: what the format's library writes for such arrays.
        messages.add(message::FILL_VALUE, &[3, 0x0a])?;
        let place = [&[3, 1][..], &at.to_le_bytes(), &(bytes.len() as u64).to_le_bytes()].concat();
        messages.add(message::LAYOUT, &place)?;
        Ok(messages)
    }

    fn attribute(&self, name: &str, value: &Value) -> Result<Vec<u8>> {
        let one = std::slice::from_ref(value);
        let (shape, values) = match value {
            Value::Array(values) => (vec![values.len()], values.as_slice()),
            _ => (vec![], one),
        };
        let (kind, data) = if values.iter().all(Value::is_string) {
            (written_text(), self.references(values))
        } else {
            numbers(name, values)?
        };
        let space = written_space(&shape);
        let sizes = [name.len() + 1, kind.len(), space.len()];
        let mut body = vec![3, 0];
        for size in sizes {
            let size = u16::try_from(size).map_err(|_| Error::new("hdf5: an attribute with a long name"))?;
            body.extend(size.to_le_bytes());
        }
        // The name is in UTF-8.
        body.push(1);
        body.extend([name.as_bytes(), &[0], &kind, &space, &data].concat());
        Ok(body)
    }

    /// Puts texts into global heaps, each once.
    fn heaps(&mut self, texts: impl Iterator<Item = &'n str>) {
        let unique: Vec<&str> = texts.collect::<BTreeSet<_>>().into_iter().collect();
        // Indices from 1 on have two bytes.
        for part in unique.chunks(usize::from(u16::MAX)) {
            let at = self.push(heap(part));
            self.texts.extend(part.iter().zip(1..).map(|(&text, index)| (text, (at, index))));
        }
    }

    /// References to texts: `u32 length, u64 heap, u32 index`.
    fn references(&self, values: &[Value]) -> Vec<u8> {
        let reference = |text: &str| {
            let (at, index) = self.texts.get(text).copied().unwrap_or((UNDEFINED, 0));
            [&(text.len() as u32).to_le_bytes()[..], &at.to_le_bytes(), &u32::from(index).to_le_bytes()].concat()
        };
        values.iter().filter_map(Value::as_str).flat_map(reference).collect()
    }

    fn push(&mut self, piece: Vec<u8>) -> u64 {
        self.push_at(ALIGN, piece)
    }

    /// Adds a piece at the next multiple of `align`, which it returns.
    fn push_at(&mut self, align: usize, piece: impl Into<std::borrow::Cow<'a, [u8]>>) -> u64 {
        let piece = piece.into();
        let fill = padding(self.end, align);
        let at = self.end + fill.len();
        self.end = at + piece.len();
        self.pieces.push(fill);
        self.pieces.push(piece);
        at as u64
    }
}

const BFLOAT16: &str = "bfloat16";

/// What says that two bytes without a meaning are bfloat16.
fn bfloat16(array: Option<&Array<'_>>) -> Map<String, Value> {
    let is = array.is_some_and(|array| array.element() == ElementType::BF16);
    is.then(|| ("dtype".to_owned(), Value::from(BFLOAT16))).into_iter().collect()
}

/// Integers of 64 bits, or floats where one of them is none.
fn numbers(name: &str, values: &[Value]) -> Result<(Vec<u8>, Vec<u8>)> {
    let integers: Option<Vec<[u8; 8]>> = values.iter().map(|value| value.as_i64().map(i64::to_le_bytes)).collect();
    if let Some(integers) = integers {
        return Ok((written(ElementType::I64), integers.concat()));
    }
    let floats: Option<Vec<[u8; 8]>> = values.iter().map(|value| value.as_f64().map(f64::to_le_bytes)).collect();
    let floats = floats.ok_or_else(|| Error::new(format!("hdf5: attribute '{name}': expected text or numbers")))?;
    Ok((written(ElementType::F64), floats.concat()))
}

/// The messages of an object header.
#[derive(Default)]
struct Messages(Vec<u8>);

impl Messages {
    fn add(&mut self, kind: u16, body: &[u8]) -> Result<()> {
        let size = u16::try_from(body.len());
        let size = size.map_err(|_| Error::new(format!("hdf5: expected at most 65535 bytes, got {}", body.len())))?;
        self.0.push(kind as u8);
        self.0.extend(size.to_le_bytes());
        self.0.push(0);
        self.0.extend(body);
        Ok(())
    }

    /// `OHDR, 2, flags, u32 size`, the messages, their checksum.
    fn into_header(self) -> Vec<u8> {
        const SIZE_OF_FOUR_BYTES: u8 = 2;
        let mut header = b"OHDR\x02".to_vec();
        header.push(SIZE_OF_FOUR_BYTES);
        header.extend((self.0.len() as u32).to_le_bytes());
        header.extend(self.0);
        header.extend(lookup3(&header).to_le_bytes());
        header
    }
}
