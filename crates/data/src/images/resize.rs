//! Another size, by `fast_image_resize`: fixed-point sums, the same on every processor.

use super::error::{Error, Kind, Result};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use ndarray::{ArrayView3, Axis};

/// Which pixels count how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The one whose middle is nearest.
    Nearest,
    /// The four around, linearly.
    Bilinear,
    /// The sixteen around, by Catmull and Rom's cubic polynomials (`a = −1/2`).
    Bicubic,
    /// The sixteen around, by Mitchell and Netravali's.
    MitchellCubic,
    /// The thirty-six around, by Lanczos's window of three.
    Lanczos3,
}

impl Interpolation {
    /// By its name.
    pub fn named(name: &str) -> Option<Interpolation> {
        match name {
            "nearest" => Some(Interpolation::Nearest),
            "bilinear" => Some(Interpolation::Bilinear),
            "bicubic" => Some(Interpolation::Bicubic),
            "mitchellcubic" => Some(Interpolation::MitchellCubic),
            "lanczos3" => Some(Interpolation::Lanczos3),
            _ => None,
        }
    }

    fn filter(self) -> Option<FilterType> {
        match self {
            Interpolation::Nearest => None,
            Interpolation::Bilinear => Some(FilterType::Bilinear),
            Interpolation::Bicubic => Some(FilterType::CatmullRom),
            Interpolation::MitchellCubic => Some(FilterType::Mitchell),
            Interpolation::Lanczos3 => Some(FilterType::Lanczos3),
        }
    }
}

/// How sizes are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    /// Which pixels count how much.
    pub interpolation: Interpolation,
    /// Whether a smaller picture has the mean of what it stands for, and not samples of it.
    pub antialias: bool,
}

impl Resampling {
    fn algorithm(self) -> ResizeAlg {
        match self.interpolation.filter() {
            None => ResizeAlg::Nearest,
            Some(filter) if self.antialias => ResizeAlg::Convolution(filter),
            Some(filter) => ResizeAlg::Interpolation(filter),
        }
    }

    /// Fills `out`, (height, width, channels) of the picture's number of channels. Each channel by itself, alpha too.
    pub fn resize(
        self,
        picture: ArrayView3<'_, u8>,
        size: (usize, usize),
        out: &mut [u8],
        resizer: &mut Resizer,
    ) -> Result<()> {
        let (height, width, channels) = picture.dim();
        let (wide, mut resized) = (widened(picture), Image::new(side(size.1)?, side(size.0)?, PixelType::U8x4));
        let from = ImageRef::new(side(width)?, side(height)?, &wide, PixelType::U8x4).map_err(refused)?;
        let options = ResizeOptions::new().resize_alg(self.algorithm()).use_alpha(false);
        resizer.resize(&from, &mut resized, &options).map_err(refused)?;
        let pixels = resized.buffer().chunks_exact(WIDE);
        out.chunks_exact_mut(channels).zip(pixels).for_each(|(out, pixel)| out.copy_from_slice(&pixel[..channels]));
        Ok(())
    }
}

/// Channels that a pixel has while sizes are changed: code for other numbers of them would be 2 MB more.
const WIDE: usize = 4;

/// The pixels with zeros behind the channels that they have.
fn widened(picture: ArrayView3<'_, u8>) -> Vec<u8> {
    let (height, width, channels) = picture.dim();
    let mut wide = vec![0; height * width * WIDE];
    let pixels = wide.chunks_exact_mut(WIDE).zip(picture.lanes(Axis(2)));
    pixels.for_each(|(wide, pixel)| wide[..channels].iter_mut().zip(pixel).for_each(|(to, from)| *to = *from));
    wide
}

fn side(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| Error::new(Kind::TooLarge, format!("a side of {length} pixels")))
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::new(Kind::Damaged, error)
}
