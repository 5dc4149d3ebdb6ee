//! TensorBoard's events: the frames of a file, which JavaScript appends.

use crate::error::Result;
use ferrograd_formats::events::{Event, Histogram, Value, first_frame};
use napi::bindgen_prelude::{Either, Float32ArraySlice, Float64ArraySlice, Uint8Array};
use napi_derive::napi;

/// The frame that an event file begins with.
#[napi(catch_unwind)]
pub fn first_event(seconds: f64) -> Uint8Array {
    Uint8Array::new(first_frame(seconds))
}

/// A number under a tag, at a step.
#[napi(catch_unwind)]
pub fn scalar_event(seconds: f64, step: i64, tag: String, value: f64) -> Uint8Array {
    frame(seconds, step, tag, Value::Scalar(value as f32))
}

/// The distribution of some numbers under a tag, at a step.
#[napi(catch_unwind)]
pub fn histogram_event(
    seconds: f64,
    step: i64,
    tag: String,
    values: Either<Float32ArraySlice<'_>, Float64ArraySlice<'_>>,
) -> Result<Uint8Array> {
    let histogram = match &values {
        Either::A(values) => Histogram::of(values.iter().map(|&value| f64::from(value))),
        Either::B(values) => Histogram::of(values.iter().copied()),
    };
    Ok(frame(seconds, step, tag, Value::Histogram(histogram)))
}

fn frame(wall_time: f64, step: i64, tag: String, value: Value) -> Uint8Array {
    Uint8Array::new(Event { wall_time, step, values: vec![(tag, value)] }.frame())
}
