//! npy and npz, NumPy's files: an array behind one line of Python, and a zip of such arrays.

use crate::array::{Array, ElementType, byte_count, swapped};
use crate::bytes::{Cursor, Pieces};
use crate::error::{Error, Result};
use crate::zip;
use ndarray::{ArrayView, IxDyn, ShapeBuilder};
use std::borrow::Cow;

/// The first bytes of a file.
pub(crate) const SIGNATURE: &[u8] = b"\x93NUMPY";

/// The letters of NumPy's types, behind the one of their byte order.
const TYPES: [(&str, ElementType); 12] = [
    ("b1", ElementType::Bool),
    ("u1", ElementType::U8),
    ("i1", ElementType::I8),
    ("u2", ElementType::U16),
    ("i2", ElementType::I16),
    ("f2", ElementType::F16),
    ("u4", ElementType::U32),
    ("i4", ElementType::I32),
    ("f4", ElementType::F32),
    ("u8", ElementType::U64),
    ("i8", ElementType::I64),
    ("f8", ElementType::F64),
];

/// What the line before an array says.
struct Header {
    element: ElementType,
    big: bool,
    fortran: bool,
    shape: Vec<usize>,
}

/// Reads a whole npy file; the array has no name.
///
/// # Errors
/// Where the file is damaged, or holds objects, which are code.
pub fn read(bytes: &[u8]) -> Result<Array<'_>> {
    let mut cursor = Cursor::new("npy", bytes);
    cursor.expect(SIGNATURE)?;
    let version = cursor.u16()?.to_le_bytes()[0];
    let length = match version {
        1 => usize::from(cursor.u16()?),
        2 | 3 => cursor.u32()? as usize,
        other => return Err(Error::new(format!("npy: expected version 1 to 3, got {other}"))),
    };
    let line = std::str::from_utf8(cursor.take(length)?).map_err(|_| Error::new("npy: a header not in UTF-8"))?;
    let Header { element, big, fortran, shape } = header(line)?;
    let data = cursor.rest();
    if byte_count(&shape, element.size()) != Some(data.len()) {
        let (name, got) = (element.name(), data.len());
        return Err(Error::new(format!("npy: expected {shape:?} of {name} after the header, got {got} bytes")));
    }
    let data = if big { swapped(data, element.size()).into() } else { Cow::Borrowed(data) };
    let data = if fortran { row_major(&shape, element.size(), &data)?.into() } else { data };
    Array::new("", &shape, element, data)
}

/// Column-major elements of `size` bytes as row-major ones.
fn row_major(shape: &[usize], size: usize, data: &[u8]) -> Result<Vec<u8>> {
    // The bytes of an element are the axis that changes fastest, before and after.
    let axes = [&[size], shape].concat();
    let view = ArrayView::from_shape(IxDyn(&axes).f(), data).map_err(|error| Error::new(format!("npy: {error}")))?;
    let order: Vec<usize> = (1..axes.len()).chain([0]).collect();
    Ok(view.permuted_axes(order).iter().copied().collect())
}

/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`
fn header(line: &str) -> Result<Header> {
    let wrong = |what: &str| Error::new(format!("npy: expected {what}, got {}", line.trim_end()));
    let field = |key: &str| {
        let quoted = [format!("'{key}':"), format!("\"{key}\":")];
        quoted.iter().find_map(|key| line.split_once(key.as_str())).map(|(_, rest)| rest.trim_start())
    };
    let descr = field("descr").ok_or_else(|| wrong("'descr'"))?;
    let descr = descr.get(1..).and_then(|rest| rest.split(['\'', '"']).next()).unwrap_or_default();
    let (order, kind) = descr.split_at_checked(1).unwrap_or_default();
    let element = TYPES.iter().find(|(letters, _)| *letters == kind).map(|(_, element)| *element);
    let element = element.filter(|_| matches!(order, "<" | ">" | "|" | "="));
    let element = element.ok_or_else(|| wrong("a type of numbers"))?;
    let fortran = field("fortran_order").ok_or_else(|| wrong("'fortran_order'"))?.starts_with("True");
    let shape = field("shape").and_then(|rest| rest.strip_prefix('(')).and_then(|rest| rest.split(')').next());
    let shape = shape.ok_or_else(|| wrong("'shape'"))?;
    let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape = sizes.map(str::parse).collect::<std::result::Result<Vec<usize>, _>>();
    Ok(Header { element, big: order == ">", fortran, shape: shape.map_err(|_| wrong("sizes"))? })
}

/// The bytes of an npy file.
///
/// # Errors
/// Where NumPy has no such type.
pub fn write<'a>(array: &'a Array<'_>) -> Result<Pieces<'a>> {
    let kind = TYPES.iter().find(|(_, element)| *element == array.element()).map(|(letters, _)| *letters);
    let kind = kind.ok_or_else(|| Error::new(format!("npy: array '{}' is {}", array.name, array.element().name())))?;
    let order = if array.element().size() == 1 { '|' } else { '<' };
    let sizes: String = array.shape().iter().map(|size| format!("{size}, ")).collect();
    let sizes = if array.shape().len() == 1 { sizes.trim_end() } else { sizes.trim_end_matches(", ") };
    let line = format!("{{'descr': '{order}{kind}', 'fortran_order': False, 'shape': ({sizes}), }}");
    const HEAD: usize = 10;
    // Spaces and a line's end, so that the elements begin at a multiple of 64.
    let length = (HEAD + line.len() + 1).next_multiple_of(64) - HEAD;
    let short = u16::try_from(length).map_err(|_| Error::new(format!("npy: array '{}' has many axes", array.name)))?;
    let mut head = [SIGNATURE, &[1, 0], &short.to_le_bytes()].concat();
    head.extend(format!("{line:width$}\n", width = length - 1).into_bytes());
    let mut file = Pieces::from(head);
    file.push(array.bytes());
    Ok(file)
}

/// Reads a whole npz file: its arrays, named as its members are without `.npy`.
///
/// # Errors
/// Where the archive or one of the arrays is damaged.
pub fn read_all(bytes: &[u8]) -> Result<Vec<Array<'_>>> {
    zip::read_as(bytes, |member, content| {
        let name = member.strip_suffix(".npy").unwrap_or(member);
        let array = match content {
            Cow::Borrowed(bytes) => read(bytes),
            Cow::Owned(bytes) => read(&bytes).map(Array::into_owned),
        };
        let mut array = array.map_err(|error| error.within(name))?;
        name.clone_into(&mut array.name);
        Ok(array)
    })
}

/// The bytes of an npz file.
///
/// # Errors
/// Where a name is none for a member of an archive, or NumPy has no such type.
pub fn write_all(arrays: &[Array<'_>]) -> Result<Vec<u8>> {
    let names: Vec<String> = arrays.iter().map(|array| format!("{}.npy", array.name)).collect();
    let members = names.iter().zip(arrays).map(|(name, array)| Ok(zip::Member { name, content: write(array)? }));
    Ok(zip::write(members.collect::<Result<_>>()?)?.concat())
}
