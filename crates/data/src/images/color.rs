//! From the channels that a picture has to those that are wanted.

use super::error::Result;
use super::zeros;
use ndarray::Array3;
use std::borrow::Cow;

/// The same picture of one channel (grey), three (red, green, blue) or four (with alpha).
///
/// Grey is ITU-R BT.601's luma, `0.299 r + 0.587 g + 0.114 b`, rounded. Alpha is dropped where it is not wanted, and 255 where there
/// was none.
pub fn with_channels(picture: Cow<'_, Array3<u8>>, channels: usize) -> Result<Cow<'_, Array3<u8>>> {
    let (height, width, own) = picture.dim();
    if own == channels {
        return Ok(picture);
    }
    let mut values = zeros(&[height, width, channels])?;
    let from = picture.as_standard_layout();
    let pixels = from.as_slice().unwrap_or_default().chunks_exact(own);
    for (to, from) in values.chunks_exact_mut(channels).zip(pixels) {
        let (color, alpha) = (color_of(from), alpha_of(from));
        match to {
            [grey] => *grey = luma(color),
            [red, green, blue] => [*red, *green, *blue] = color,
            [red, green, blue, own] => [*red, *green, *blue, *own] = [color[0], color[1], color[2], alpha],
            _ => unreachable!("one, three or four channels"),
        }
    }
    let picture = Array3::from_shape_vec((height, width, channels), values);
    Ok(Cow::Owned(picture.expect("as many values as the shape has")))
}

fn color_of(pixel: &[u8]) -> [u8; 3] {
    match *pixel {
        [grey] | [grey, _] => [grey; 3],
        [red, green, blue, ..] => [red, green, blue],
        [] => unreachable!("pixels have channels"),
    }
}

fn alpha_of(pixel: &[u8]) -> u8 {
    match *pixel {
        [_, alpha] | [_, _, _, alpha] => alpha,
        _ => 255,
    }
}

fn luma([red, green, blue]: [u8; 3]) -> u8 {
    if red == green && green == blue {
        return red;
    }
    // 2¹⁶ times the weights.
    ((u32::from(red) * 19_595 + u32::from(green) * 38_470 + u32::from(blue) * 7_471 + 0x8000) >> 16) as u8
}
