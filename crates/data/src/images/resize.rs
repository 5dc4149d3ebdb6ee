//! Another size, by `fast_image_resize`: fixed-point sums, the same on every processor.

use super::error::{Error, Kind, Result};
use super::frame::Sides;
use super::grown;
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
        size: Sides,
        out: &mut [u8],
        workspace: &mut Workspace,
    ) -> Result<()> {
        let (height, width, channels) = picture.dim();
        [height, width, size.0, size.1].into_iter().try_for_each(check_side)?;
        let Workspace { resizer, wide, halfway, resized } = workspace;
        let pixels = widened(picture, wide)?;
        let between = between((height, width), size);
        let pixels = self.pass(resizer, (pixels, (height, width)), (halfway, between))?;
        let pixels = self.pass(resizer, (pixels, between), (resized, size))?;
        let pixels = out.chunks_exact_mut(channels).zip(pixels.chunks_exact(WIDE));
        pixels.for_each(|(out, pixel)| out.copy_from_slice(&pixel[..channels]));
        Ok(())
    }

    /// One of the sides in another length.
    fn pass<'p>(
        self,
        resizer: &mut Resizer,
        (pixels, from): (&'p [u8], Sides),
        (room, to): (&'p mut Vec<u8>, Sides),
    ) -> Result<&'p [u8]> {
        if from == to {
            return Ok(pixels);
        }
        let target = grown(room, to.0 * to.1 * WIDE)?;
        let from = ImageRef::new(from.1 as u32, from.0 as u32, pixels, PixelType::U8x4).map_err(refused)?;
        let mut into = Image::from_slice_u8(to.1 as u32, to.0 as u32, target, PixelType::U8x4).map_err(refused)?;
        let options = ResizeOptions::new().resize_alg(self.algorithm()).use_alpha(false);
        resizer.resize(&from, &mut into, &options).map_err(refused)?;
        Ok(target)
    }
}

/// Channels that a pixel has while sizes are changed: code for other numbers of them would be 2 MB more.
const WIDE: usize = 4;

/// The longest side: tables of weights are as long as sides are.
const LONGEST: usize = 1 << 20;

/// What changes of size work in, picture after picture. One side is changed at a time, since between two changes at once the library
/// would take what memory it wants.
#[derive(Default)]
pub struct Workspace {
    resizer: Resizer,
    wide: Vec<u8>,
    halfway: Vec<u8>,
    resized: Vec<u8>,
}

/// The sides between the two passes: other rows first, but where that takes far more memory than both pictures.
fn between((height, width): Sides, size: Sides) -> Sides {
    let most = 4 * (height * width).max(size.0 * size.1);
    if size.0 * width <= most { (size.0, width) } else { (height, size.1) }
}

/// The pixels with something behind the channels that they have.
fn widened<'w>(picture: ArrayView3<'_, u8>, room: &'w mut Vec<u8>) -> Result<&'w [u8]> {
    let (height, width, channels) = picture.dim();
    let wide = grown(room, height * width * WIDE)?;
    let pixels = wide.chunks_exact_mut(WIDE).zip(picture.lanes(Axis(2)));
    pixels.for_each(|(wide, pixel)| wide[..channels].iter_mut().zip(pixel).for_each(|(to, from)| *to = *from));
    Ok(wide)
}

fn check_side(length: usize) -> Result<()> {
    if length <= LONGEST {
        return Ok(());
    }
    let why = format!("a side of {length} pixels, and at most {LONGEST} are brought to another size");
    Err(Error::new(Kind::TooLong, why))
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::new(Kind::Damaged, error)
}
