//! JPEG: baseline and progressive, grey, colours and the four inks of printers.

use super::error::{Error, Kind, Result};
use super::room;
use memchr::memmem;
use ndarray::Array3;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// The format counts rows and columns in sixteen bits.
const LONGEST: usize = 65_535;

/// One channel for grey, three for all others.
pub fn decode(bytes: &[u8], most_pixels: u64) -> Result<Array3<u8>> {
    check_end(bytes)?;
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(LONGEST).set_max_height(LONGEST);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let info = decoder.info().ok_or_else(|| Error::new(Kind::Damaged, "no header"))?;
    let (height, width) = (usize::from(info.height), usize::from(info.width));
    let (colors, channels) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    let mut values = room(height, width, channels, most_pixels)?;
    decoder.set_options(options.jpeg_set_out_colorspace(colors));
    decoder.decode_into(&mut values).map_err(damaged)?;
    Array3::from_shape_vec((height, width, channels), values).map_err(|error| Error::new(Kind::Damaged, error))
}

fn damaged(error: DecodeErrors) -> Error {
    Error::new(Kind::Damaged, format!("a JPEG file that is damaged or cut off: {error}"))
}

/// Whether the picture ends with the mark that says so: of one that is cut off, decoders make grey blocks.
fn check_end(bytes: &[u8]) -> Result<()> {
    let picture = first_scan(bytes).and_then(|at| bytes.get(at..));
    match picture {
        Some(picture) if memmem::find(picture, b"\xff\xd9").is_none() => {
            Err(Error::new(Kind::Damaged, "a JPEG file that is cut off: its end is missing"))
        }
        // Without a first scan there is no picture, and the decoder tells why.
        _ => Ok(()),
    }
}

/// Where the first scan begins. What lies before may hold a small picture with an end of its own.
fn first_scan(bytes: &[u8]) -> Option<usize> {
    const SCAN: u8 = 0xda;
    let mut at = 2;
    loop {
        let &[mark, kind] = bytes.get(at..at + 2)? else { return None };
        match (mark, kind) {
            (0xff, SCAN) => return Some(at),
            // Filling.
            (0xff, 0xff) => at += 1,
            (0xff, _) => {
                let &[high, low] = bytes.get(at + 2..at + 4)? else { return None };
                at += 2 + usize::from(u16::from_be_bytes([high, low]));
            }
            _ => at += 1,
        }
    }
}
