//! The ops: one file each with its formula, shape rule, kernel, gradient and examples; this file is their table.

#[macro_use]
mod elementwise;
mod kernel;
#[macro_use]
mod reduction;
mod operators;
mod scan;

mod abs;
mod add;
mod arctan2;
mod argmax;
mod attention;
mod attention_gradient;
mod average_pool;
mod broadcast;
mod cast;
mod ceil;
mod concatenate;
mod convolution;
mod cos;
mod ctc_beam_search;
mod cumprod;
mod cumsum;
mod divide;
mod edit_distance;
mod equal;
mod erf;
mod exp;
mod expm1;
mod floor;
mod floor_divide;
mod fourier;
mod gather;
mod greater;
mod greater_equal;
mod iota;
mod is_finite;
mod is_nan;
mod less;
mod less_equal;
mod linear_recurrence;
mod log;
mod log1p;
mod log_softmax;
mod logical_and;
mod logical_not;
mod logical_or;
mod matmul;
mod max;
mod max_pool;
mod maximum;
mod min;
mod minimum;
mod modulo;
mod multiply;
mod negative;
mod not_equal;
mod one_hot;
mod pad;
mod pooling;
mod power;
mod prod;
mod random;
mod reciprocal;
mod relu;
mod reshape;
mod round;
mod rsqrt;
mod scatter_add;
mod scatter_add_along_axis;
mod scatter_max;
mod sigmoid;
mod sigmoid_cross_entropy;
mod sign;
mod sin;
mod slice;
mod softmax;
mod softmax_cross_entropy;
mod softplus;
mod sort;
mod sparse_softmax_cross_entropy;
mod sqrt;
mod square;
mod stft;
mod stop_gradient;
mod subtract;
mod sum;
mod take_along_axis;
mod tanh;
mod top_k;
mod transpose;
mod trunc;
mod where_;
mod windows;

pub use abs::abs;
pub use add::add;
pub use arctan2::arctan2;
pub use argmax::{argmax, argmin};
pub use attention::{Sight, attention};
pub use average_pool::average_pool;
pub use broadcast::broadcast_to;
pub use cast::cast;
pub use ceil::ceil;
pub use concatenate::concatenate;
pub use convolution::convolution;
pub use cos::cos;
pub use ctc_beam_search::CtcBeamSearch;
pub use cumprod::cumprod;
pub use cumsum::cumsum;
pub use divide::div;
pub use edit_distance::edit_distance;
pub use elementwise::sum_to;
pub use equal::equal;
pub use erf::erf;
pub use exp::exp;
pub use expm1::expm1;
pub use floor::floor;
pub use floor_divide::floor_div;
pub use fourier::{fft, irfft, rfft};
pub use gather::gather;
pub use greater::greater;
pub use greater_equal::greater_equal;
pub use iota::iota;
pub use is_finite::is_finite;
pub use is_nan::is_nan;
pub use less::less;
pub use less_equal::less_equal;
pub use linear_recurrence::linear_recurrence;
pub use log::log;
pub use log_softmax::log_softmax;
pub use log1p::log1p;
pub use logical_and::logical_and;
pub use logical_not::logical_not;
pub use logical_or::logical_or;
pub use matmul::matmul;
pub use max::max;
pub use max_pool::max_pool;
pub use maximum::maximum;
pub use min::min;
pub use minimum::minimum;
pub use modulo::modulo;
pub use multiply::mul;
pub use negative::neg;
pub use not_equal::not_equal;
pub use one_hot::one_hot;
pub use pad::{Padding, pad};
pub use pooling::Pool;
pub use power::power;
pub use prod::prod;
pub use random::{Law, random};
pub use reciprocal::reciprocal;
pub use relu::relu;
pub use reshape::reshape;
pub use round::round;
pub use rsqrt::rsqrt;
pub use scatter_add::scatter_add;
pub use scatter_add_along_axis::scatter_add_along_axis;
pub use scatter_max::scatter_max;
pub use sigmoid::sigmoid;
pub use sigmoid_cross_entropy::sigmoid_cross_entropy;
pub use sign::sign;
pub use sin::sin;
pub use slice::{reverse, slice};
pub use softmax::softmax;
pub use softmax_cross_entropy::softmax_cross_entropy;
pub use softplus::softplus;
pub use sort::sort;
pub use sparse_softmax_cross_entropy::sparse_softmax_cross_entropy;
pub use sqrt::sqrt;
pub use square::square;
pub use stft::stft;
pub use stop_gradient::stop_gradient;
pub use subtract::sub;
pub use sum::{mean, sum};
pub use take_along_axis::take_along_axis;
pub use tanh::tanh;
pub use top_k::top_k;
pub use transpose::transpose;
pub use trunc::trunc;
pub use where_::{mask, select};
pub use windows::Steps;

use crate::op::Declaration;

/// Every op. The addon and the TypeScript declarations are made from this table.
pub const TABLE: &[&Declaration] = &[
    &abs::DECLARATION,
    &add::DECLARATION,
    &arctan2::DECLARATION,
    &argmax::ARGMAX,
    &argmax::ARGMIN,
    &attention::DECLARATION,
    &attention_gradient::DECLARATION,
    &average_pool::DECLARATION,
    &average_pool::INPUT,
    &broadcast::DECLARATION,
    &cast::DECLARATION,
    &ceil::DECLARATION,
    &concatenate::DECLARATION,
    &convolution::DECLARATION,
    &cos::DECLARATION,
    &ctc_beam_search::DECLARATION,
    &cumprod::DECLARATION,
    &cumsum::DECLARATION,
    &divide::DECLARATION,
    &edit_distance::DECLARATION,
    &equal::DECLARATION,
    &erf::DECLARATION,
    &exp::DECLARATION,
    &expm1::DECLARATION,
    &fourier::FFT,
    &floor::DECLARATION,
    &floor_divide::DECLARATION,
    &gather::DECLARATION,
    &greater::DECLARATION,
    &greater_equal::DECLARATION,
    &iota::DECLARATION,
    &fourier::IRFFT,
    &is_finite::DECLARATION,
    &is_nan::DECLARATION,
    &less::DECLARATION,
    &less_equal::DECLARATION,
    &linear_recurrence::DECLARATION,
    &log::DECLARATION,
    &log1p::DECLARATION,
    &log_softmax::DECLARATION,
    &logical_and::DECLARATION,
    &logical_not::DECLARATION,
    &logical_or::DECLARATION,
    &matmul::DECLARATION,
    &max::DECLARATION,
    &max_pool::DECLARATION,
    &max_pool::PLACES,
    &maximum::DECLARATION,
    &min::DECLARATION,
    &minimum::DECLARATION,
    &modulo::DECLARATION,
    &multiply::DECLARATION,
    &negative::DECLARATION,
    &not_equal::DECLARATION,
    &one_hot::DECLARATION,
    &pad::DECLARATION,
    &power::DECLARATION,
    &prod::DECLARATION,
    &random::BERNOULLI,
    &random::DROPOUT,
    &random::INTEGERS,
    &random::NORMAL,
    &random::TRUNCATED_NORMAL,
    &random::UNIFORM,
    &random::UNIFORM_OPEN,
    &reciprocal::DECLARATION,
    &relu::DECLARATION,
    &reshape::DECLARATION,
    &fourier::RFFT,
    &round::DECLARATION,
    &rsqrt::DECLARATION,
    &scatter_add::DECLARATION,
    &scatter_add_along_axis::DECLARATION,
    &scatter_max::DECLARATION,
    &sigmoid::DECLARATION,
    &sigmoid_cross_entropy::DECLARATION,
    &sign::DECLARATION,
    &sin::DECLARATION,
    &slice::DECLARATION,
    &softmax::DECLARATION,
    &softmax_cross_entropy::DECLARATION,
    &softplus::DECLARATION,
    &sort::DECLARATION,
    &sparse_softmax_cross_entropy::DECLARATION,
    &sqrt::DECLARATION,
    &square::DECLARATION,
    &stft::DECLARATION,
    &stop_gradient::DECLARATION,
    &subtract::DECLARATION,
    &sum::DECLARATION,
    &take_along_axis::DECLARATION,
    &tanh::DECLARATION,
    &top_k::DECLARATION,
    &transpose::DECLARATION,
    &trunc::DECLARATION,
    &where_::DECLARATION,
];
