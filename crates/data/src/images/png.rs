//! PNG: every colour type and depth, interlaced or not; of an animation its first picture.

use super::error::{Error, Kind, Result};
use super::room;
use ndarray::Array3;
use png::{Decoder, DecodingError, Limits, Transformations};
use std::io::Cursor;

/// What the decoder may have for its own work and for texts.
const WORK: usize = 64 << 20;

/// Palettes and fewer than eight bits are spread out, a transparent colour becomes alpha; of sixteen bits the upper ones are kept.
pub fn decode(bytes: &[u8], most_pixels: u64) -> Result<Array3<u8>> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: WORK });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let header = decoder.read_header_info().map_err(damaged)?;
    super::check_pixels(header.height as usize, header.width as usize, most_pixels)?;
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (height, width) = (reader.info().height as usize, reader.info().width as usize);
    let channels = reader.output_color_type().0.samples();
    let mut values = room(height, width, channels, most_pixels)?;
    reader.next_frame(&mut values).map_err(damaged)?;
    Array3::from_shape_vec((height, width, channels), values).map_err(|error| Error::new(Kind::Damaged, error))
}

fn damaged(error: DecodingError) -> Error {
    Error::new(Kind::Damaged, format!("a PNG file that is damaged or cut off: {error}"))
}
