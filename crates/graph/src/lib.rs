//! The graph: ops with their shapes and gradients, the compiler, the program, the variables.
//!
//! A [`Tensor`] is a handle on a node of an immutable graph. [`gradient`](gradient::gradient) grows the graph by
//! its derivative, [`compile`](compile::compile) turns the part of it that some outputs need into a
//! [`Program`](program::Program).
#![forbid(unsafe_code)]

#[macro_use(for_element, for_float, for_number)]
extern crate ferrograd_kernels;

#[cfg(feature = "ndarray")]
pub mod array;
pub mod compile;
pub mod epoch;
pub mod error;
pub mod evaluate;
pub mod gradient;
pub mod moment;
pub mod op;
pub mod ops;
pub mod profile;
pub mod program;
pub mod scan;
pub mod shape;
mod subprogram;
pub mod tensor;

pub mod variable;

pub use compile::{Request, compile, compile_guarded};
pub use error::{Error, ErrorCode, Result};
pub use evaluate::evaluate;
pub use ferrograd_kernels::element::DType;
pub use program::Program;
pub use shape::{Shape, Spec};
pub use tensor::Tensor;
pub use variable::Variable;
