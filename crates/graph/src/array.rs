//! Arrays of [`ndarray`] in and out, behind the feature `ndarray`: the face of the graph for programs in Rust.
//!
//! ```
//! use ferrograd_graph::{Result, Tensor, Variable, array, evaluate};
//! use ferrograd_kernels::isa::Isa;
//! use ndarray::{Axis, array};
//!
//! # fn main() -> Result<()> {
//! let pixels = array![[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
//! // Any view: its elements are copied in the order of its axes.
//! let turned = Tensor::from(pixels.t());
//! assert_eq!(turned.shape().to_string(), "[3, 2]");
//!
//! let weights = Variable::from_array("weights", pixels.index_axis(Axis(0), 1))?;
//! assert_eq!(weights.to_array::<f32>()?, array![4.0f32, 5.0, 6.0].into_dyn());
//!
//! let doubled = Tensor::variable(&weights) * 2.0;
//! let run = evaluate(std::slice::from_ref(&doubled), Isa::detect())?;
//! assert_eq!(array::of::<f32>(doubled.spec(), &run[0])?, array![8.0f32, 10.0, 12.0].into_dyn());
//! # Ok(())
//! # }
//! ```

use crate::error::{Error, Result};
use crate::shape::{Shape, Spec};
use crate::tensor::Tensor;
use crate::variable::Variable;
use ferrograd_kernels::element::Element;
use ferrograd_kernels::exec::Memory;
use ndarray::{ArrayD, ArrayView, Dimension, IxDyn};
use std::sync::Arc;

/// A copy of the elements, in the order of the axes.
fn memory<T: Element, D: Dimension>(array: &ArrayView<'_, T, D>) -> Result<Memory> {
    let whole = array.as_standard_layout();
    Ok(Memory::try_from_slice(whole.as_slice().expect("of the standard layout"))?)
}

impl<T: Element, D: Dimension> From<ArrayView<'_, T, D>> for Tensor {
    /// A tensor of a copy of the elements; `u8` are truth values.
    ///
    /// # Panics
    /// Where there is no room for them.
    fn from(array: ArrayView<'_, T, D>) -> Tensor {
        let memory = memory(&array).expect("room for the copy of an array");
        Tensor::value(Spec::new(Shape::new(array.shape()), T::DTYPE), Arc::new(memory))
    }
}

impl Tensor {
    /// The numbers, where they are known: of a tensor that was made of them, or that a run has stored.
    ///
    /// # Errors
    /// `ERR_STATE` where they are not, `ERR_DTYPE` where the elements are not `T`.
    pub fn to_array<T: Element>(&self) -> Result<ArrayD<T>> {
        let missing = || Error::new(crate::ErrorCode::State, format!("a tensor of {} has no numbers yet", self.spec()));
        let numbers = self.evaluated().ok_or_else(missing)?;
        of(self.spec(), &numbers)
    }
}

impl Variable {
    /// A variable of the shape and with the numbers of `array`.
    ///
    /// # Errors
    /// `ERR_MEMORY` where there is no room for them.
    pub fn from_array<T: Element, D: Dimension>(
        name: impl Into<String>,
        array: ArrayView<'_, T, D>,
    ) -> Result<Variable> {
        let spec = Spec::new(Shape::new(array.shape()), T::DTYPE);
        Ok(Variable::from_memory(name, spec, Arc::new(memory(&array)?)))
    }

    /// A copy of the numbers as they are now.
    ///
    /// # Errors
    /// `ERR_DTYPE` where the elements are not `T`; as [`Variable::lock`].
    pub fn to_array<T: Element>(&self) -> Result<ArrayD<T>> {
        let numbers = self.snapshot()?;
        of(self.spec(), &numbers)
    }
}

/// The numbers of a run's output, or of a snapshot, as an array.
///
/// # Errors
/// `ERR_DTYPE` where the elements of `spec` are not `T`.
///
/// # Panics
/// Where `memory` is smaller than `spec`: a bug of the caller's.
pub fn of<T: Element>(spec: &Spec, memory: &Memory) -> Result<ArrayD<T>> {
    if spec.dtype != T::DTYPE {
        return Err(Error::dtype(format!("an array of {}: expected {spec}", T::DTYPE.name())));
    }
    let numbers = memory.as_slice::<T>()[..spec.shape.size()].to_vec();
    Ok(ArrayD::from_shape_vec(IxDyn(&spec.shape), numbers).expect("as many numbers as the shape has"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorCode, ops};
    use ndarray::{Array3, Axis, Slice, arr0, array};

    #[test]
    fn any_view_arrives_in_the_order_of_its_axes() {
        let numbers = Array3::from_shape_fn((4, 3, 5), |(i, j, k)| (100 * i + 10 * j + k) as i32);
        let mut view = numbers.view().permuted_axes([2, 0, 1]);
        view.slice_axis_inplace(Axis(1), Slice::new(1, None, 2));
        view.invert_axis(Axis(2));
        view.slice_axis_inplace(Axis(0), Slice::from(1..4));
        let tensor = Tensor::from(view);
        assert_eq!(tensor.to_array::<i32>().unwrap(), view.into_dyn());
        let variable = Variable::from_array("v", view).unwrap();
        assert_eq!(variable.to_array::<i32>().unwrap(), view.into_dyn());
        // Without gaps, but the other way round.
        let turned = numbers.view().reversed_axes();
        assert_eq!(Tensor::from(turned).to_array::<i32>().unwrap(), turned.into_dyn());
        let empty = Tensor::from(numbers.slice_axis(Axis(0), Slice::from(0..0)));
        assert_eq!(empty.to_array::<i32>().unwrap().shape(), [0, 3, 5]);
        assert_eq!(Tensor::from(arr0(7.0f64).view()).to_array::<f64>().unwrap(), arr0(7.0).into_dyn());
    }

    #[test]
    fn what_an_array_cannot_be_made_of_is_said() {
        let tensor = Tensor::from(array![1.0f32, 2.0].view());
        assert_eq!(tensor.to_array::<f64>().unwrap_err().code, ErrorCode::DType);
        assert_eq!(ops::neg(&tensor).unwrap().to_array::<f32>().unwrap_err().code, ErrorCode::State);
    }
}
