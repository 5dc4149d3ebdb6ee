//! Convolution of pictures with channels last, its two gradients, and pooling: planned once, run without allocating.
//!
//! One trilinear form `Σ x · w · dy` has three derivatives: the output, the gradient of the input, the gradient of the
//! filter. Each is computed from the other two, as products of windows that are never stored (`gemm`), or, where each
//! channel has filters of its own, directly.

mod depthwise;
mod filter;
mod geometry;
mod input;
mod output;
mod pooling;
#[cfg(test)]
mod tests;

pub use filter::ConvolutionFilter;
pub use geometry::{Axis, Geometry};
pub use input::ConvolutionInput;
pub use output::ConvolutionOutput;
pub use pooling::{AveragePool, MaxPool};
