//! Pictures out of files: decoded, brought to one number of channels and one size, many at a time.

mod color;
mod error;
mod format;
mod frame;
mod jpeg;
mod png;
mod read;
mod resize;

pub use error::{Error, Kind, Result};
pub use format::Format;
pub use frame::Frame;
pub use read::{Batch, Plan, Source, read, read_one};
pub use resize::{Interpolation, Resampling};

use ndarray::Array3;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The first picture of a file of JPEG or PNG, (height, width, channels): one channel for grey, two for grey and alpha, three for
/// colours, four with alpha. Each has eight bits; of sixteen the upper ones are kept. Its first bytes say which format it is.
///
/// One of more than `most_pixels` is refused by its header, before there is memory for it.
pub fn decode(bytes: &[u8], most_pixels: u64) -> Result<Array3<u8>> {
    let decode = match Format::of(bytes) {
        Some(Format::Jpeg) => jpeg::decode,
        Some(Format::Png) => png::decode,
        Some(Format::Other(name)) => return Err(Error::new(Kind::Foreign, name)),
        None => return Err(Error::new(Kind::Unknown, error::first_bytes(bytes))),
    };
    // The decoders are not ours: one that gives up on a hostile file spoils that file alone.
    catch_unwind(AssertUnwindSafe(|| decode(bytes, most_pixels)))
        .unwrap_or_else(|_| Err(Error::new(Kind::Damaged, "the decoder gave up on it")))
}

/// Checks the size that a header tells, and makes room for it.
fn room(height: usize, width: usize, channels: usize, most_pixels: u64) -> Result<Vec<u8>> {
    check_pixels(height, width, most_pixels)?;
    zeros(&[height, width, channels])
}

fn check_pixels(height: usize, width: usize, most: u64) -> Result<()> {
    let fits = (height as u64).checked_mul(width as u64).is_some_and(|pixels| pixels <= most);
    let told = || format!("{width} × {height} pixels, and at most {most} are allowed");
    if fits { Ok(()) } else { Err(Error::new(Kind::TooLarge, told())) }
}

/// As many zeros as there are elements, or an error.
fn zeros(shape: &[usize]) -> Result<Vec<u8>> {
    let length = shape.iter().try_fold(1_usize, |all, &axis| all.checked_mul(axis));
    let mut values = Vec::new();
    grown(&mut values, length.unwrap_or(usize::MAX))?;
    Ok(values)
}

/// The first `length` bytes of `values`, which has more from here on where it had fewer; or an error.
fn grown(values: &mut Vec<u8>, length: usize) -> Result<&mut [u8]> {
    if let Some(more) = length.checked_sub(values.len()) {
        let none = |_| Error::new(Kind::Memory, format!("no memory for {length} bytes of pictures"));
        values.try_reserve_exact(more).map_err(none)?;
        values.resize(length, 0);
    }
    Ok(&mut values[..length])
}
