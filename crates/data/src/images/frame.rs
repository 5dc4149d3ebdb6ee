//! What becomes of a picture whose sides are in another ratio than the wanted ones.

use ndarray::{Axis, Slice};

/// How the ratio of the sides is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Not at all: the picture is stretched.
    Stretch,
    /// By the largest part of that ratio, from the middle of the picture.
    Crop,
    /// By black at two sides, the picture in the middle.
    Pad,
}

/// Height and width of a picture, or of a part of one.
pub type Sides = (usize, usize);

impl Frame {
    /// By its name.
    pub fn named(name: &str) -> Option<Frame> {
        match name {
            "stretch" => Some(Frame::Stretch),
            "crop" => Some(Frame::Crop),
            "pad" => Some(Frame::Pad),
            _ => None,
        }
    }

    /// Which middle of a picture of (height, width) becomes which middle of one of `size`; none of them is empty.
    pub fn middles(self, (height, width): Sides, size: Sides) -> (Sides, Sides) {
        match self {
            Frame::Stretch => ((height, width), size),
            Frame::Crop => (largest((height, width), size), size),
            Frame::Pad => ((height, width), largest(size, (height, width))),
        }
    }
}

/// The largest that fits into `outer` with the ratio of the sides of `ratio`, without its fractions.
fn largest(outer: Sides, ratio: Sides) -> Sides {
    let rows = scaled(outer.1, ratio.0, ratio.1).min(outer.0).max(1);
    let columns = scaled(outer.0, ratio.1, ratio.0).min(outer.1).max(1);
    (rows, columns)
}

/// `side · up / down`, without its fraction.
fn scaled(side: usize, up: usize, down: usize) -> usize {
    usize::try_from(side as u128 * up as u128 / down as u128).unwrap_or(usize::MAX)
}

/// The slices of the first two axes that a middle is.
pub fn slices((height, width): Sides, (rows, columns): Sides) -> [(Axis, Slice); 2] {
    [(Axis(0), middle(height, rows)), (Axis(1), middle(width, columns))]
}

fn middle(all: usize, part: usize) -> Slice {
    let first = (all - part) / 2;
    Slice::from(first..first + part)
}
