//! Pictures of `ferrograd-data` between JavaScript and the core: files or bytes go in, one array of all comes out.

use crate::error::{Result, internal};
use crate::runtime::BindingRuntime;
use ferrograd_data::images::{Frame, Interpolation, Plan, Resampling, Source, read, read_one};
use ferrograd_graph::{Error, ErrorCode};
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use ndarray::Array3;
use std::sync::{Arc, Mutex, PoisonError};

/// What pictures are made to be.
#[napi(object, object_to_js = false)]
pub struct ImagePlan {
    /// Rows; 0, of a single picture, leaves it the size that it has.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// One, three or four.
    pub channels: u32,
    /// How the ratio of the sides is met.
    pub frame: String,
    /// Which pixels count how much.
    pub interpolation: String,
    /// Whether smaller pictures have means.
    pub antialias: bool,
    /// The most pixels of a file.
    pub most_pixels: f64,
}

/// Where a picture comes from: one of these.
#[napi(object, object_to_js = false)]
pub struct ImageSource {
    /// A file.
    pub path: Option<String>,
    /// The bytes of a file; with a shape, of a picture.
    pub bytes: Option<Uint8Array>,
    /// (height, width, channels) of bytes that are decoded already.
    pub shape: Option<Vec<u32>>,
}

/// A source that gave no picture.
#[napi(object, object_from_js = false)]
#[derive(Clone)]
pub struct RefusedImage {
    /// Its number.
    pub index: u32,
    /// What is wrong with it, in a word.
    pub kind: String,
    /// And in a sentence.
    pub message: String,
}

/// What came of sources.
#[napi(object, object_from_js = false)]
pub struct BindingPictures {
    /// All pictures.
    pub values: Uint8Array,
    /// (pictures, height, width, channels).
    pub shape: Vec<u32>,
    /// Those that are zeros.
    pub refused: Vec<RefusedImage>,
}

/// Reads pictures.
#[napi]
pub struct BindingImages {
    plan: Plan,
    read: Arc<Mutex<Option<Read>>>,
}

struct Read {
    values: Vec<u8>,
    shape: Vec<usize>,
    refused: Vec<RefusedImage>,
}

#[napi]
impl BindingImages {
    /// Nothing read yet.
    #[napi(constructor, catch_unwind)]
    pub fn new(plan: ImagePlan) -> Result<BindingImages> {
        let frame = Frame::named(&plan.frame).ok_or_else(|| internal(format!("no frame {}", plan.frame)))?;
        let interpolation = Interpolation::named(&plan.interpolation)
            .ok_or_else(|| internal(format!("no interpolation {}", plan.interpolation)))?;
        let plan = Plan {
            size: (plan.height as usize, plan.width as usize),
            channels: plan.channels as usize,
            frame,
            resampling: Resampling { interpolation, antialias: plan.antialias },
            most_pixels: plan.most_pixels as u64,
        };
        Ok(BindingImages { plan, read: Arc::default() })
    }

    /// Reads sources in the job that `ticket` names. Bytes are copied here.
    #[napi(catch_unwind)]
    pub fn read(&self, runtime: &BindingRuntime, sources: Vec<ImageSource>, ticket: u32) -> Result<()> {
        let sources = sources.into_iter().map(source_of).collect::<Result<Vec<Source>>>()?;
        let (plan, read, shared) = (self.plan, self.read.clone(), runtime.shared.clone());
        runtime.shared.workers.start(ticket, move || {
            let got = shared.beside(|| read_all(&sources, &plan))?;
            *read.lock().unwrap_or_else(PoisonError::into_inner) = Some(got);
            Ok(())
        });
        Ok(())
    }

    /// What the last job has read, once.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Result<BindingPictures> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Read { values, shape, refused } = read.ok_or_else(|| internal("nothing was read"))?;
        let shape = shape.into_iter().map(|axis| axis as u32).collect();
        Ok(BindingPictures { values: values.into(), shape, refused })
    }
}

fn source_of(source: ImageSource) -> Result<Source> {
    match source {
        ImageSource { path: Some(path), .. } => Ok(Source::File(path)),
        ImageSource { bytes: Some(bytes), shape: None, .. } => Ok(Source::Bytes(bytes.to_vec())),
        ImageSource { bytes: Some(bytes), shape: Some(shape), .. } => {
            let [height, width, channels] = shape[..] else { return Err(internal("a shape of three axes")) };
            let shape = (height as usize, width as usize, channels as usize);
            let picture = Array3::from_shape_vec(shape, bytes.to_vec()).map_err(|error| internal(error.to_string()))?;
            Ok(Source::Pixels(picture))
        }
        ImageSource { .. } => Err(internal("a picture without a source")),
    }
}

fn read_all(sources: &[Source], plan: &Plan) -> std::result::Result<Read, Error> {
    let refused = |index: usize, error: &ferrograd_data::images::Error| RefusedImage {
        index: index as u32,
        kind: error.kind.name().to_owned(),
        message: error.message.clone(),
    };
    if let ([source], 0) = (sources, plan.size.0) {
        return Ok(match read_one(source, plan.channels, plan.most_pixels) {
            Ok(picture) => {
                let (height, width, channels) = picture.dim();
                Read { values: flat(picture), shape: vec![1, height, width, channels], refused: vec![] }
            }
            Err(error) => Read { values: vec![], shape: vec![0; 4], refused: vec![refused(0, &error)] },
        });
    }
    let batch = read(sources, plan).map_err(|error| Error::new(ErrorCode::Memory, error.message))?;
    Ok(Read {
        refused: batch.refused.iter().map(|(index, error)| refused(*index, error)).collect(),
        shape: batch.pictures.shape().to_vec(),
        values: flat(batch.pictures),
    })
}

/// The values in the order of their axes, as all arrays are made here.
fn flat<D: ndarray::Dimension>(array: ndarray::Array<u8, D>) -> Vec<u8> {
    array.into_raw_vec_and_offset().0
}
