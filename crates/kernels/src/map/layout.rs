//! Where the elements of an operand lie, and how an iteration shape collapses to few dimensions.

/// Strides of one operand over an iteration shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The first element's place, in elements from the pointer given at run time.
    pub offset: usize,
    /// Elements from one index to the next, per dimension of the iteration shape; 0 repeats the same element.
    pub strides: Vec<isize>,
}

impl Layout {
    /// Row-major over the whole `shape`.
    pub fn contiguous(shape: &[usize]) -> Layout {
        let mut strides = vec![0; shape.len()];
        let mut stride = 1;
        for (s, &extent) in strides.iter_mut().zip(shape).rev() {
            *s = stride;
            stride *= extent.max(1) as isize;
        }
        Layout { offset: 0, strides }
    }

    /// One element for the whole of a `dims`-dimensional shape.
    pub fn scalar(dims: usize) -> Layout {
        Layout { offset: 0, strides: vec![0; dims] }
    }

    /// A row-major operand of shape `from` broadcast against `shape`, aligned at the last dimension as NumPy does;
    /// `None` where the shapes do not go together.
    pub fn broadcast(from: &[usize], shape: &[usize]) -> Option<Layout> {
        let missing = shape.len().checked_sub(from.len())?;
        let own = Layout::contiguous(from);
        let mut strides = vec![0; missing];
        for ((&extent, &to), &stride) in from.iter().zip(&shape[missing..]).zip(&own.strides) {
            match extent {
                _ if extent == to => strides.push(stride),
                1 => strides.push(0),
                _ => return None,
            }
        }
        Some(Layout { offset: 0, strides })
    }

    /// The same operand with its dimensions in another order, as [`reduction_layout`] gives it.
    pub fn permuted(&self, order: &[usize]) -> Layout {
        Layout { offset: self.offset, strides: order.iter().map(|&d| self.strides[d]).collect() }
    }
}

/// The iteration that reduces `shape` over `axes` as its trailing dimensions: the permuted shape, and the order of
/// the old dimensions in it (kept ones first, each group in its old order).
///
/// Inputs follow with [`Layout::permuted`]; the result is row-major over the kept dimensions.
pub fn reduction_layout(shape: &[usize], axes: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let (reduced, kept): (Vec<usize>, Vec<usize>) = (0..shape.len()).partition(|d| axes.contains(d));
    let order: Vec<usize> = kept.into_iter().chain(reduced).collect();
    (order.iter().map(|&d| shape[d]).collect(), order)
}

/// An iteration shape with as few dimensions as its operands allow, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Collapsed {
    pub shape: Vec<usize>,
    /// Per operand, one stride per dimension of `shape`.
    pub strides: Vec<Vec<isize>>,
}

impl Collapsed {
    /// The extent of the last dimension.
    pub fn inner(&self) -> usize {
        *self.shape.last().expect("at least one dimension")
    }

    /// The extents of all others.
    pub fn outer(&self) -> &[usize] {
        &self.shape[..self.shape.len() - 1]
    }
}

/// Merges neighbouring dimensions that every operand walks as one, and drops those of extent 1.
///
/// Dimension `d` stays apart from `d − 1` where `walls[d]` holds: there a reduction begins or ends.
pub(super) fn collapse(shape: &[usize], strides: &[&[isize]], walls: &[bool]) -> Collapsed {
    let mut out = Collapsed { shape: Vec::new(), strides: vec![Vec::new(); strides.len()] };
    let mut wall = false;
    for (d, &extent) in shape.iter().enumerate() {
        wall |= walls[d];
        if extent == 1 {
            continue;
        }
        let chains = |(own, done): (&&[isize], &Vec<isize>)| done.last() == Some(&(own[d] * extent as isize));
        if !wall && !out.shape.is_empty() && strides.iter().zip(&out.strides).all(chains) {
            *out.shape.last_mut().expect("not empty") *= extent;
            for (own, done) in strides.iter().zip(&mut out.strides) {
                *done.last_mut().expect("as long as the shape") = own[d];
            }
        } else {
            out.shape.push(extent);
            for (own, done) in strides.iter().zip(&mut out.strides) {
                done.push(own[d]);
            }
        }
        wall = false;
    }
    if out.shape.is_empty() {
        out.shape.push(1);
        out.strides.iter_mut().for_each(|s| s.push(1));
    }
    out
}
