//! TensorBoard's event files: protocol buffers in checked frames, appended as a run goes on.
//!
//! A frame is `u64 length | masked crc32c of the length | data | masked crc32c of the data`, little-endian; the first
//! one says `brain.Event:2`. Messages and field numbers are those of TensorFlow's `event.proto` and `summary.proto`.

mod histogram;

use crate::error::{Error, Result};
use crate::protobuf::Message;
pub use histogram::Histogram;

/// One entry of an event file.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Seconds since 1970.
    pub wall_time: f64,
    /// The training step, or the epoch.
    pub step: i64,
    /// The named values.
    pub values: Vec<(String, Value)>,
}

/// What a tag has at a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A point of a curve.
    Scalar(f32),
    /// A distribution.
    Histogram(Histogram),
}

/// The frame that an event file begins with.
pub fn first_frame(wall_time: f64) -> Vec<u8> {
    let mut message = Message::default();
    message.double(1, wall_time);
    message.string(3, "brain.Event:2");
    frame(&message.into_bytes())
}

impl Event {
    /// The event as a frame, to be appended to a file.
    pub fn frame(&self) -> Vec<u8> {
        let mut summary = Message::default();
        for (tag, value) in &self.values {
            summary.message(1, named(tag, value));
        }
        let mut event = Message::default();
        event.double(1, self.wall_time);
        event.integer(2, self.step);
        event.message(5, summary);
        frame(&event.into_bytes())
    }
}

fn named(tag: &str, value: &Value) -> Message {
    let mut message = Message::default();
    message.string(1, tag);
    match value {
        Value::Scalar(value) => message.chosen_float(2, *value),
        Value::Histogram(histogram) => message.message(5, histogram.message()),
    }
    message
}

/// Bytes before and after a frame's data.
const HEAD: usize = 12;
const FOOT: usize = 4;

fn frame(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut out = Vec::with_capacity(HEAD + data.len() + FOOT);
    out.extend(length);
    out.extend(masked_crc(&length).to_le_bytes());
    out.extend(data);
    out.extend(masked_crc(data).to_le_bytes());
    out
}

/// `rotr(crc32c, 15) + 0xa282ead8`: a checksum that may itself be summed over.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The data of every frame in `bytes`, and how many bytes they take: a writer that was killed leaves half a frame at
/// the end, and the next one goes on from there.
///
/// # Errors
/// Where a checksum is wrong.
pub fn frames(bytes: &[u8]) -> Result<(Vec<&[u8]>, usize)> {
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some((data, size)) = one(&bytes[at..]).map_err(|what| at_byte(what, at))? {
        all.push(data);
        at += size;
    }
    Ok((all, at))
}

fn at_byte(what: &str, at: usize) -> Error {
    Error::new(format!("events: the checksum of the {what} at byte {at} is wrong"))
}

/// The first frame's data and the frame's size, `None` where it is not whole.
fn one(bytes: &[u8]) -> std::result::Result<Option<(&[u8], usize)>, &'static str> {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return Ok(None) };
    let Some((crc, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    if u32::from_le_bytes(*crc) != masked_crc(length) {
        return Err("length");
    }
    let Ok(length) = usize::try_from(u64::from_le_bytes(*length)) else { return Ok(None) };
    let Some((data, rest)) = rest.split_at_checked(length) else { return Ok(None) };
    let Some((crc, _)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    if u32::from_le_bytes(*crc) != masked_crc(data) {
        return Err("data");
    }
    Ok(Some((data, HEAD + length + FOOT)))
}

#[cfg(test)]
mod tests {
    use super::masked_crc;

    #[test]
    fn the_checksum_is_castagnolis_masked() {
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283, "the polynomial's published check value");
        assert_eq!(masked_crc(b""), 0xa282_ead8);
    }
}
