//! Views as changes of offset and strides.

use crate::op::{Layout, View};
use crate::shape::Shape;

/// Row-major over `shape` from the start of its buffer.
pub(crate) fn contiguous(shape: &Shape) -> Layout {
    Layout { offset: 0, strides: shape.strides() }
}

/// True where the elements follow each other in row-major order, wherever they start.
pub(crate) fn is_contiguous(layout: &Layout, shape: &Shape) -> bool {
    let expected = shape.strides();
    shape.size() <= 1 || (0..shape.rank()).all(|axis| shape[axis] == 1 || layout.strides[axis] == expected[axis])
}

/// The layout of `view` of a tensor of `shape` that lies in `layout`; `None` where only a copy can do it.
pub(crate) fn apply(view: &View, layout: &Layout, shape: &Shape, to: &Shape) -> Option<Layout> {
    match view {
        View::Reshape => reshape(layout, shape, to),
        View::Transpose(perm) => {
            Some(Layout { offset: layout.offset, strides: perm.iter().map(|&axis| layout.strides[axis]).collect() })
        }
        View::Broadcast => Some(broadcast(layout, shape, to)),
        View::Slice { start, step } => Some(slice(layout, start, step)),
    }
}

/// The same buffer read as `to`, with strides of 0 along repeated axes.
pub(crate) fn broadcast(layout: &Layout, shape: &Shape, to: &Shape) -> Layout {
    let new = to.rank() - shape.rank();
    let stride = |axis: usize| match axis.checked_sub(new) {
        Some(old) if shape[old] == to[axis] => layout.strides[old],
        Some(_) | None => 0,
    };
    Layout { offset: layout.offset, strides: (0..to.rank()).map(stride).collect() }
}

fn slice(layout: &Layout, start: &[usize], step: &[isize]) -> Layout {
    let skipped: isize = start.iter().zip(&layout.strides).map(|(&start, &stride)| start as isize * stride).sum();
    let offset = layout.offset as isize + skipped;
    let strides = layout.strides.iter().zip(step).map(|(&stride, &step)| stride * step).collect();
    Layout { offset: offset as usize, strides }
}

fn reshape(layout: &Layout, shape: &Shape, to: &Shape) -> Option<Layout> {
    if is_contiguous(layout, shape) {
        return Some(Layout { offset: layout.offset, strides: to.strides() });
    }
    let axes = |shape: &Shape| (0..shape.rank()).filter(|&axis| shape[axis] != 1).collect::<Vec<_>>();
    let (old, new) = (axes(shape), axes(to));
    let same = old.len() == new.len() && old.iter().zip(&new).all(|(&a, &b)| shape[a] == to[b]);
    same.then(|| {
        let mut strides = vec![0; to.rank()];
        old.iter().zip(&new).for_each(|(&from, &to)| strides[to] = layout.strides[from]);
        Layout { offset: layout.offset, strides }
    })
}
