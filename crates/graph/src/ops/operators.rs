//! Arithmetic signs on tensors, for gradient rules and other places where the shapes are known to fit.

use crate::tensor::Tensor;
use std::ops::{Add, Div, Mul, Neg, Sub};

macro_rules! operator {
    ($trait:ident, $method:ident, $op:path) => {
        impl $trait<&Tensor> for &Tensor {
            type Output = Tensor;
            /// # Panics
            /// Where the shapes or dtypes do not fit: use the function of `ops` to have an error instead.
            fn $method(self, other: &Tensor) -> Tensor {
                $op(self, other).unwrap_or_else(|error| panic!("{error}"))
            }
        }
        impl $trait<Tensor> for &Tensor {
            type Output = Tensor;
            fn $method(self, other: Tensor) -> Tensor {
                self.$method(&other)
            }
        }
        impl $trait<&Tensor> for Tensor {
            type Output = Tensor;
            fn $method(self, other: &Tensor) -> Tensor {
                (&self).$method(other)
            }
        }
        impl $trait<Tensor> for Tensor {
            type Output = Tensor;
            fn $method(self, other: Tensor) -> Tensor {
                (&self).$method(&other)
            }
        }
        impl $trait<f64> for &Tensor {
            type Output = Tensor;
            fn $method(self, other: f64) -> Tensor {
                self.$method(&Tensor::scalar(self.dtype(), other))
            }
        }
        impl $trait<f64> for Tensor {
            type Output = Tensor;
            fn $method(self, other: f64) -> Tensor {
                (&self).$method(other)
            }
        }
    };
}
operator!(Add, add, super::add);
operator!(Sub, sub, super::sub);
operator!(Mul, mul, super::mul);
operator!(Div, div, super::div);

impl Neg for &Tensor {
    type Output = Tensor;
    fn neg(self) -> Tensor {
        super::neg(self).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Neg for Tensor {
    type Output = Tensor;
    fn neg(self) -> Tensor {
        -&self
    }
}
