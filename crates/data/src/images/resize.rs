//! Another size, by `fast_image_resize`: fixed-point sums, the same on every processor.

use super::error::{Error, Kind, Result};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use ndarray::ArrayView3;

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
        let kind = match channels {
            1 => PixelType::U8,
            3 => PixelType::U8x3,
            _ => PixelType::U8x4,
        };
        let from = picture.as_standard_layout();
        let values = from.as_slice().unwrap_or_default();
        let from = ImageRef::new(side(width)?, side(height)?, values, kind).map_err(refused)?;
        let mut to = Image::from_slice_u8(side(size.1)?, side(size.0)?, out, kind).map_err(refused)?;
        let options = ResizeOptions::new().resize_alg(self.algorithm()).use_alpha(false);
        resizer.resize(&from, &mut to, &options).map_err(refused)
    }
}

fn side(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| Error::new(Kind::TooLarge, format!("a side of {length} pixels")))
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::new(Kind::Damaged, error)
}
