//! Many pictures at a time, each into its place in one array.

use super::color::with_channels;
use super::error::{Error, Kind, Result};
use super::frame::{Frame, slices};
use super::resize::{Resampling, Workspace};
use super::{decode, zeros};
use ndarray::{Array3, Array4, ArrayView3, ArrayViewMut3, Axis, Slice};
use rayon::prelude::*;
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::Read;

/// A file is no longer than this: pictures of as many pixels as are allowed are shorter.
const LONGEST: u64 = 1 << 30;

/// Where a picture comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The path of a file.
    File(String),
    /// The bytes of a file.
    Bytes(Vec<u8>),
    /// A picture that others have decoded: (height, width, channels), none of them 0, with at most four channels.
    Pixels(Array3<u8>),
}

/// What pictures are made to be.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// (height, width).
    pub size: (usize, usize),
    /// One, three or four.
    pub channels: usize,
    /// How the ratio of the sides is met.
    pub frame: Frame,
    /// How the size is met.
    pub resampling: Resampling,
    /// The most pixels of a file.
    pub most_pixels: u64,
}

/// Pictures of one size.
#[derive(Debug)]
pub struct Batch {
    /// (pictures, height, width, channels); zeros where there was none.
    pub pictures: Array4<u8>,
    /// Which sources gave none, and why, in their order.
    pub refused: Vec<(usize, Error)>,
}

/// All sources, as `plan` says, by the threads of the pool that it is called in. An error is about all of them.
pub fn read(sources: &[Source], plan: &Plan) -> Result<Batch> {
    let (height, width) = plan.size;
    let shape = [sources.len(), height, width, plan.channels];
    let mut values = zeros(&shape)?;
    let len = values.len() / sources.len().max(1);
    let each = values.par_chunks_exact_mut(len.max(1)).zip(sources).enumerate();
    let refused = each
        .map_init(Workspace::default, |workspace, (index, (out, source))| {
            plan.fill(source, out, workspace).err().map(|error| (index, error))
        })
        .flatten_iter()
        .collect();
    let pictures = Array4::from_shape_vec(shape, values).map_err(|error| Error::new(Kind::Memory, error))?;
    Ok(Batch { pictures, refused })
}

/// One picture in the size that it has, of `channels` channels.
pub fn read_one(source: &Source, channels: usize, most_pixels: u64) -> Result<Array3<u8>> {
    with_channels(source.decoded(most_pixels)?, channels).map(Cow::into_owned)
}

impl Plan {
    /// `out` is (height, width, channels) of zeros.
    fn fill(&self, source: &Source, out: &mut [u8], workspace: &mut Workspace) -> Result<()> {
        let picture = with_channels(source.decoded(self.most_pixels)?, self.channels)?;
        let (height, width, _) = picture.dim();
        let (from, to) = self.frame.middles((height, width), self.size);
        let part = part_of(picture.view(), slices((height, width), from));
        if to == self.size {
            return self.resampling.resize(part, to, out, workspace);
        }
        let mut inner = zeros(&[to.0, to.1, self.channels])?;
        self.resampling.resize(part, to, &mut inner, workspace)?;
        let shape = (self.size.0, self.size.1, self.channels);
        let mut out = ArrayViewMut3::from_shape(shape, out).expect("as many values as the shape has");
        for (axis, slice) in slices(self.size, to) {
            out.slice_axis_inplace(axis, slice);
        }
        out.assign(&ArrayView3::from_shape((to.0, to.1, self.channels), &inner).expect("made so"));
        Ok(())
    }
}

fn part_of(mut picture: ArrayView3<'_, u8>, slices: [(Axis, Slice); 2]) -> ArrayView3<'_, u8> {
    for (axis, slice) in slices {
        picture.slice_axis_inplace(axis, slice);
    }
    picture
}

impl Source {
    fn decoded(&self, most_pixels: u64) -> Result<Cow<'_, Array3<u8>>> {
        match self {
            Source::File(path) => decode(&bytes_of(path)?, most_pixels).map(Cow::Owned),
            Source::Bytes(bytes) => decode(bytes, most_pixels).map(Cow::Owned),
            Source::Pixels(picture) => match picture.dim() {
                (0, ..) | (_, 0, _) | (.., 0 | 5..) => {
                    let why = format!("expected pixels of one to four channels, got {:?}", picture.shape());
                    Err(Error::new(Kind::Damaged, why))
                }
                _ => Ok(Cow::Borrowed(picture)),
            },
        }
    }
}

/// The bytes of a file. What is no file (a pipe, say) might never end.
fn bytes_of(path: &str) -> Result<Vec<u8>> {
    let io = |error: std::io::Error| Error::new(Kind::Io, format!("cannot read: {error}"));
    let about = fs::metadata(path).map_err(io)?;
    if !about.is_file() {
        return Err(Error::new(Kind::Io, "cannot read: it is no file"));
    }
    if about.len() > LONGEST {
        return Err(Error::new(Kind::TooLong, format!("{} bytes, and at most {LONGEST} are allowed", about.len())));
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(about.len() as usize).map_err(|error| Error::new(Kind::Memory, error))?;
    File::open(path).map_err(io)?.take(LONGEST).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}
