//! Shapes, strides and NumPy's broadcasting rule.

use crate::error::{Error, Result};
use ferrograd_kernels::element::DType;
use smallvec::SmallVec;
use std::fmt;
use std::ops::Deref;

/// The sizes of a tensor's axes, row-major.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(SmallVec<[usize; 4]>);

impl Shape {
    /// The most that an axis may have: sizes cross into JavaScript in 32 bits.
    pub const LONGEST: usize = u32::MAX as usize;

    /// A shape from its sizes.
    pub fn new(sizes: &[usize]) -> Shape {
        Shape(SmallVec::from_slice(sizes))
    }

    /// The shape of a single number.
    pub fn scalar() -> Shape {
        Shape::default()
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Number of elements.
    pub fn size(&self) -> usize {
        self.0.iter().product()
    }

    /// Row-major strides in elements.
    pub fn strides(&self) -> Vec<isize> {
        let mut strides = vec![1; self.rank()];
        for axis in (0..self.rank().saturating_sub(1)).rev() {
            strides[axis] = strides[axis + 1] * self.0[axis + 1] as isize;
        }
        strides
    }

    /// The shape without the listed axes, or with them as 1 when `keepdims`.
    pub fn reduced(&self, axes: &[usize], keepdims: bool) -> Shape {
        let kept = self.0.iter().enumerate().filter_map(|(axis, &size)| match (axes.contains(&axis), keepdims) {
            (false, _) => Some(size),
            (true, true) => Some(1),
            (true, false) => None,
        });
        Shape(kept.collect())
    }

    /// The shape that `a` and `b` broadcast to, `None` where they do not.
    pub fn broadcast(a: &Shape, b: &Shape) -> Option<Shape> {
        let rank = a.rank().max(b.rank());
        let size = |shape: &Shape, axis: usize| {
            if axis + shape.rank() < rank { 1 } else { shape.0[axis + shape.rank() - rank] }
        };
        let mut out = SmallVec::new();
        for axis in 0..rank {
            out.push(match (size(a, axis), size(b, axis)) {
                (x, y) if x == y => x,
                (1, y) => y,
                (x, 1) => x,
                _ => return None,
            });
        }
        Some(Shape(out))
    }

    /// True where a tensor of this shape may be read as one of shape `to`.
    pub fn broadcasts_to(&self, to: &Shape) -> bool {
        Shape::broadcast(self, to).as_ref() == Some(to)
    }

    /// Product of the sizes, `None` past `isize::MAX` bytes of the largest element.
    pub fn checked_size(sizes: &[usize]) -> Option<usize> {
        let size = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size.max(1)))?;
        (size <= isize::MAX as usize / 8).then(|| sizes.iter().product())
    }

    /// Refuses sizes that no tensor may have: an axis of 2³² or more, more elements than memory has addresses for.
    ///
    /// # Errors
    /// `ERR_SHAPE` that names `what` gives the shape.
    pub fn check(&self, what: &str) -> Result<()> {
        let long = self.0.iter().find(|&&size| size > Shape::LONGEST);
        if let Some(size) = long {
            let most = Shape::LONGEST;
            return Err(Error::shape(format!("{what}: expected axes of at most {most}, got {size} in shape {self}")));
        }
        match Shape::checked_size(&self.0) {
            Some(_) => Ok(()),
            None => Err(Error::shape(format!("{what}: shape {self} has more elements than memory can hold"))),
        }
    }

    /// `axis` counted from the end where negative, checked.
    pub fn axis(&self, op: &str, axis: i64) -> Result<usize> {
        let rank = self.rank() as i64;
        let index = if axis < 0 { axis + rank } else { axis };
        if (0..rank).contains(&index) {
            return Ok(index as usize);
        }
        Err(Error::shape(format!("{op}: axis {axis} is out of range for shape {self} (rank {rank})")))
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(sizes: I) -> Shape {
        Shape(sizes.into_iter().collect())
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(sizes: [usize; N]) -> Shape {
        Shape::new(&sizes)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<String> = self.0.iter().map(usize::to_string).collect();
        write!(f, "[{}]", sizes.join(", "))
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is known of a tensor before it has numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spec {
    /// Sizes of the axes.
    pub shape: Shape,
    /// Type of the elements.
    pub dtype: DType,
}

impl Spec {
    /// A spec from its parts.
    pub fn new(shape: impl Into<Shape>, dtype: DType) -> Spec {
        Spec { shape: shape.into(), dtype }
    }

    /// Bytes of the contiguous tensor.
    pub fn bytes(&self) -> usize {
        self.shape.size() * self.dtype.size()
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype.name(), self.shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_is_numpys() {
        let case = |a: &[usize], b: &[usize]| Shape::broadcast(&Shape::new(a), &Shape::new(b)).map(|s| s.to_vec());
        assert_eq!(case(&[4, 1], &[3]), Some(vec![4, 3]));
        assert_eq!(case(&[], &[2, 2]), Some(vec![2, 2]));
        assert_eq!(case(&[0], &[1]), Some(vec![0]));
        assert_eq!(case(&[2], &[3]), None);
    }

    #[test]
    fn a_shape_past_memory_is_refused() {
        assert_eq!(Shape::checked_size(&[1 << 40, 1 << 40]), None);
        assert_eq!(Shape::checked_size(&[0, 5]), Some(0));
    }
}
