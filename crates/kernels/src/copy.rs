//! Copies between strided arrays of any rank: slices, concatenations, transposes, flips, broadcasts.

use crate::element::Element;
use crate::threads::{Disjoint, Threads, grain, split};
use std::ops::Range;

/// The most axes that a copy keeps apart.
pub const MAX_RANK: usize = 16;
/// A transposed block's side: two blocks of `f64` fit the first-level cache many times over.
const BLOCK: usize = 16;
/// Elements that a unit of work copies, about.
const UNIT: usize = 4096;
/// What an element costs, in picoseconds, transposed and from beyond the cache.
const COST: usize = 500;

/// One axis: its length, and the distance of neighbours on either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Axis {
    len: usize,
    src: isize,
    dst: isize,
}

/// How the two innermost axes are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pattern {
    /// Rows contiguous on both sides.
    Runs,
    /// The source stands still along a row.
    Repeats,
    /// Rows contiguous in the destination, columns in the source: block by block.
    Transposed,
    /// Anything else: element by element.
    Strided,
}

/// `dst[dst_offset + Σ iₖ·dst_strideₖ] = src[src_offset + Σ iₖ·src_strideₖ]` for every index `i` below `shape`.
///
/// Strides count elements and may be negative; those of the source may be zero (a broadcast).
#[derive(Clone, Debug)]
pub struct StridedCopy {
    /// Every axis but the two of the tile, the slowest first.
    outer: Vec<Axis>,
    rows: Axis,
    cols: Axis,
    pattern: Pattern,
    src_offset: usize,
    dst_offset: usize,
    src_len: usize,
    dst_len: usize,
}

impl StridedCopy {
    /// Checks that every index stays inside `src_len` and `dst_len` elements and that no element is written twice.
    pub fn new(
        shape: &[usize],
        (src_strides, src_offset, src_len): (&[isize], usize, usize),
        (dst_strides, dst_offset, dst_len): (&[isize], usize, usize),
    ) -> Result<Self, String> {
        if src_strides.len() != shape.len() || dst_strides.len() != shape.len() || shape.len() > MAX_RANK {
            return Err(format!("copy: expected up to {MAX_RANK} axes with a stride each, got shape {shape:?}"));
        }
        crate::sizes::elements("copy", shape)?;
        inside("source", shape, src_strides, src_offset, src_len)?;
        inside("destination", shape, dst_strides, dst_offset, dst_len)?;
        let axes = shape.iter().zip(src_strides).zip(dst_strides);
        let mut axes: Vec<Axis> = axes.map(|((&len, &src), &dst)| Axis { len, src, dst }).collect();
        let (src_offset, dst_offset) = make_positive(&mut axes, src_offset, dst_offset);
        axes.retain(|axis| axis.len != 1);
        axes.sort_by_key(|axis| std::cmp::Reverse(axis.dst));
        if !axes.iter().any(|axis| axis.len == 0) {
            written_once(&axes)?;
        }
        let (outer, rows, cols, pattern) = tile(merged(axes));
        Ok(StridedCopy { outer, rows, cols, pattern, src_offset, dst_offset, src_len, dst_len })
    }

    /// Copies `shape` elements between arrays whose axes both follow in order, `src` permuted by `axes`:
    /// `dst[i] = src[j]` with `j[axes[k]] = i[k]`.
    pub fn transpose(src_shape: &[usize], axes: &[usize]) -> Result<Self, String> {
        let mut seen = [false; MAX_RANK];
        let valid = axes.len() == src_shape.len()
            && axes.len() <= MAX_RANK
            && axes.iter().all(|&axis| axis < axes.len() && !std::mem::replace(&mut seen[axis], true));
        if !valid {
            return Err(format!("transpose: expected each axis of {src_shape:?} once, got {axes:?}"));
        }
        let len = crate::sizes::elements("transpose", src_shape)?;
        let strides = row_major(src_shape);
        let shape: Vec<usize> = axes.iter().map(|&axis| src_shape[axis]).collect();
        let src: Vec<isize> = axes.iter().map(|&axis| strides[axis]).collect();
        Self::new(&shape, (&src, 0, len), (&row_major(&shape), 0, len))
    }

    /// Does the copy. Elements of `dst` that no index reaches keep their values.
    ///
    /// # Panics
    /// When a slice is not as long as was said.
    pub fn run<T: Element>(&self, threads: &Threads, src: &[T], dst: &mut [T]) {
        assert_eq!((src.len(), dst.len()), (self.src_len, self.dst_len), "copy: lengths differ from those planned");
        let tiles: usize = self.outer.iter().map(|axis| axis.len).product();
        if tiles * self.rows.len * self.cols.len == 0 {
            return;
        }
        if self.outer.is_empty() && self.rows.len == 1 && self.pattern == Pattern::Runs {
            let src = &src[self.src_offset..][..self.cols.len];
            let dst = &mut dst[self.dst_offset..][..self.cols.len];
            let chunks = split(src.len(), grain(100));
            return threads.for_each_part(chunks, dst, 1, |range, dst| dst.copy_from_slice(&src[range]));
        }
        let strip = (UNIT / self.cols.len).clamp(1, self.rows.len).next_multiple_of(BLOCK);
        let strips = self.rows.len.div_ceil(strip);
        let chunks = split(tiles * strips, grain(COST * strip.min(self.rows.len) * self.cols.len));
        let dst = Disjoint::new(dst);
        threads.for_each_chunk(chunks, |_, units| {
            for unit in units {
                let rows = unit % strips * strip..(unit % strips * strip + strip).min(self.rows.len);
                // Safety: `new` checked that each destination element belongs to one index, and each unit has
                // indices of its own.
                unsafe { self.strip(unit / strips, rows, src, dst) };
            }
        });
    }

    /// Copies `rows` of one tile.
    ///
    /// # Safety
    /// Nobody else touches the elements of `dst` that these rows reach.
    unsafe fn strip<T: Element>(&self, mut tile: usize, rows: Range<usize>, src: &[T], dst: Disjoint<'_, T>) {
        let (mut from, mut to) = (self.src_offset as isize, self.dst_offset as isize);
        for axis in self.outer.iter().rev() {
            let i = (tile % axis.len) as isize;
            tile /= axis.len;
            (from, to) = (from + i * axis.src, to + i * axis.dst);
        }
        // Safety: `new` checked that every index stays inside both slices, whose lengths `run` checked; the caller
        // vouches for exclusive use.
        unsafe {
            let (src, dst) = (src.as_ptr().offset(from), dst.as_mut_ptr().offset(to));
            match self.pattern {
                Pattern::Transposed => self.transposed(rows, src, dst),
                Pattern::Runs | Pattern::Repeats | Pattern::Strided => self.by_rows(rows, src, dst),
            }
        }
    }

    /// # Safety
    /// `src` and `dst` are the tile's first elements, and all of its `rows` may be read and written.
    unsafe fn by_rows<T: Element>(&self, rows: Range<usize>, src: *const T, dst: *mut T) {
        for row in rows {
            // Safety: the caller's promise.
            unsafe {
                let src = src.offset(row as isize * self.rows.src);
                let dst = dst.offset(row as isize * self.rows.dst);
                match self.pattern {
                    Pattern::Runs => dst.copy_from_nonoverlapping(src, self.cols.len),
                    Pattern::Repeats => std::slice::from_raw_parts_mut(dst, self.cols.len).fill(*src),
                    Pattern::Strided | Pattern::Transposed => {
                        for col in 0..self.cols.len as isize {
                            *dst.offset(col * self.cols.dst) = *src.offset(col * self.cols.src);
                        }
                    }
                }
            }
        }
    }

    /// # Safety
    /// As `by_rows`.
    unsafe fn transposed<T: Element>(&self, rows: Range<usize>, src: *const T, dst: *mut T) {
        for row in rows.clone().step_by(BLOCK) {
            let height = BLOCK.min(rows.end - row);
            for col in (0..self.cols.len).step_by(BLOCK) {
                let width = BLOCK.min(self.cols.len - col);
                // Safety: the block is part of the tile.
                unsafe {
                    let src = src.offset(row as isize + col as isize * self.cols.src);
                    let dst = dst.offset(row as isize * self.rows.dst + col as isize);
                    transpose_block(src, self.cols.src, dst, self.rows.dst, (height, width));
                }
            }
        }
    }
}

/// `dst[r, c] = src[c, r]` for a block of (height, width); rows of `src` and of `dst` are contiguous.
///
/// # Safety
/// Both blocks are valid.
#[inline(always)]
unsafe fn transpose_block<T: Element>(
    src: *const T,
    src_stride: isize,
    dst: *mut T,
    dst_stride: isize,
    (height, width): (usize, usize),
) {
    for r in 0..height {
        for c in 0..width {
            // Safety: the caller's promise.
            unsafe { *dst.offset(r as isize * dst_stride).add(c) = *src.offset(c as isize * src_stride).add(r) };
        }
    }
}

/// The strides of an array whose last axis is contiguous.
pub fn row_major(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; shape.len()];
    for k in (1..shape.len()).rev() {
        strides[k - 1] = strides[k] * shape[k] as isize;
    }
    strides
}

/// Refuses an index that leaves `0..len`.
fn inside(side: &str, shape: &[usize], strides: &[isize], offset: usize, len: usize) -> Result<(), String> {
    if shape.contains(&0) {
        return Ok(());
    }
    let (mut low, mut high) = (offset as i128, offset as i128);
    for (&dim, &stride) in shape.iter().zip(strides) {
        let reach = (dim as i128 - 1) * stride as i128;
        if reach < 0 { low += reach } else { high += reach }
    }
    if low < 0 || high >= len as i128 {
        return Err(format!("copy: {side} reaches elements {low} to {high}, it has {len}"));
    }
    Ok(())
}

/// Turns axes round until every destination stride is positive; gives the new offsets.
fn make_positive(axes: &mut [Axis], src_offset: usize, dst_offset: usize) -> (usize, usize) {
    let (mut src, mut dst) = (src_offset as isize, dst_offset as isize);
    for axis in axes.iter_mut().filter(|axis| axis.dst < 0 && axis.len > 0) {
        let last = axis.len as isize - 1;
        (src, dst) = (src + last * axis.src, dst + last * axis.dst);
        (axis.src, axis.dst) = (-axis.src, -axis.dst);
    }
    (src as usize, dst as usize)
}

/// Refuses axes (slowest first) of which one does not step over all that the faster ones reach.
fn written_once(axes: &[Axis]) -> Result<(), String> {
    let mut reach = 0;
    for axis in axes.iter().rev() {
        if axis.dst <= reach {
            return Err(format!("copy: destination stride {} would write an element twice", axis.dst));
        }
        reach += axis.dst * (axis.len as isize - 1);
    }
    Ok(())
}

/// Joins neighbouring axes that are one axis on both sides.
fn merged(axes: Vec<Axis>) -> Vec<Axis> {
    let mut merged: Vec<Axis> = Vec::with_capacity(axes.len());
    for axis in axes {
        let len = axis.len as isize;
        match merged.last_mut() {
            Some(slow) if slow.src == axis.src * len && slow.dst == axis.dst * len => {
                *slow = Axis { len: slow.len * axis.len, ..axis };
            }
            Some(_) | None => merged.push(axis),
        }
    }
    merged
}

/// Takes the two axes to walk innermost, and says how.
fn tile(mut axes: Vec<Axis>) -> (Vec<Axis>, Axis, Axis, Pattern) {
    let single = Axis { len: 1, src: 0, dst: 0 };
    let cols = axes.pop().unwrap_or(Axis { len: 1, src: 1, dst: 1 });
    let pattern = match (cols.src, cols.dst) {
        (1, 1) => Pattern::Runs,
        (0, 1) => Pattern::Repeats,
        (_, 1) if axes.iter().any(|axis| axis.src == 1) => Pattern::Transposed,
        (_, _) => Pattern::Strided,
    };
    let rows = match axes.iter().position(|axis| axis.src == 1) {
        Some(at) if pattern == Pattern::Transposed => axes.remove(at),
        Some(_) | None => axes.pop().unwrap_or(single),
    };
    (axes, rows, cols, pattern)
}

/// `out[i] = value`
pub fn fill<T: Element>(threads: &Threads, value: T, out: &mut [T]) {
    threads.for_each_part(split(out.len(), grain(100)), out, 1, |_, part| part.fill(value));
}

/// `out[i] = start + step·i`, by one product and one sum, so that no error adds up.
pub fn iota<T: Element + crate::scan::Accumulate>(threads: &Threads, start: T, step: T, out: &mut [T]) {
    threads.for_each_part(split(out.len(), grain(500)), out, 1, |range, part| {
        for (i, out) in range.zip(part) {
            *out = start.plus(step.times(T::index(i)));
        }
    });
}
