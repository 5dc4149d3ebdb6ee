//! Programs against a naive evaluation in `f64`, over random expressions, shapes, layouts, types and aliases.

mod chain;
mod naive;
mod random;
mod special;
