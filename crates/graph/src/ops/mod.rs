//! The ops: one file each with its formula, shape rule, kernel, gradient and examples; this file is their table.

#[macro_use]
mod elementwise;
mod operators;

mod abs;
mod add;
mod broadcast;
mod cast;
mod divide;
mod exp;
mod greater;
mod matmul;
mod multiply;
mod negative;
mod reshape;
mod sign;
mod softmax;
mod subtract;
mod sum;
mod transpose;
mod where_;

pub use abs::abs;
pub use add::add;
pub use broadcast::broadcast_to;
pub use cast::cast;
pub use divide::div;
pub use elementwise::sum_to;
pub use exp::exp;
pub use greater::greater;
pub use matmul::matmul;
pub use multiply::mul;
pub use negative::neg;
pub use reshape::reshape;
pub use sign::sign;
pub use softmax::softmax;
pub use subtract::sub;
pub use sum::sum;
pub use transpose::transpose;
pub use where_::select;

use crate::op::Declaration;

/// Every op. The addon and the TypeScript declarations are made from this table.
pub const TABLE: &[&Declaration] = &[
    &abs::DECLARATION,
    &add::DECLARATION,
    &broadcast::DECLARATION,
    &cast::DECLARATION,
    &divide::DECLARATION,
    &exp::DECLARATION,
    &greater::DECLARATION,
    &matmul::DECLARATION,
    &multiply::DECLARATION,
    &negative::DECLARATION,
    &reshape::DECLARATION,
    &sign::DECLARATION,
    &softmax::DECLARATION,
    &subtract::DECLARATION,
    &sum::DECLARATION,
    &transpose::DECLARATION,
    &where_::DECLARATION,
];
