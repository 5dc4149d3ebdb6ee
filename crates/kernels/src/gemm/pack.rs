//! Packing: panels of an operand laid out in the order in which the register tile reads them.

use super::vector::Vector;
use crate::element::Float;

/// One panel: `target[d · pitch + l] = source[l · lane_stride + d · depth_stride]`, zero for `lanes ≤ l < pitch`.
///
/// Lanes are rows of `A` or columns of `B`. A pitch that is wider than the lanes is a multiple of the vector.
pub(super) struct Panel<T> {
    pub source: *const T,
    pub lane_stride: isize,
    pub depth_stride: isize,
    pub lanes: usize,
    pub depth: usize,
    pub target: *mut T,
    pub pitch: usize,
}

/// Packs one panel, by the fastest way that its strides allow.
///
/// # Safety
/// `V`'s instruction set is present; `source` is valid for its strides, `target` for `depth · pitch` numbers.
#[inline(always)]
pub(super) unsafe fn pack<V: Vector>(panel: &Panel<V::Elem>) {
    // Safety: the caller's promise, passed on.
    unsafe {
        if panel.lane_stride == 1 {
            copy::<V>(panel);
        } else if panel.depth_stride == 1 {
            transpose::<V>(panel);
        } else {
            gather(panel, 0, panel.depth);
            pad(panel);
        }
    }
}

/// Lanes are neighbours: each depth is a straight copy.
///
/// # Safety
/// That of [`pack`].
#[inline(always)]
unsafe fn copy<V: Vector>(panel: &Panel<V::Elem>) {
    let full = panel.lanes / V::LANES * V::LANES;
    let rest = panel.lanes - full;
    // Safety: full vectors lie within the lanes, partial ones are masked; a wider pitch has room for a whole vector.
    unsafe {
        let mask = V::part(rest);
        for depth in 0..panel.depth {
            let source = panel.source.wrapping_offset(depth as isize * panel.depth_stride);
            let target = panel.target.add(depth * panel.pitch);
            for lane in (0..full).step_by(V::LANES) {
                V::load(source.add(lane)).store(target.add(lane));
            }
            if rest > 0 {
                let tail = V::load_part(source.add(full), mask);
                if panel.pitch > panel.lanes {
                    tail.store(target.add(full));
                } else {
                    tail.store_part(target.add(full), mask);
                }
            }
        }
    }
}

/// Depths are neighbours: squares are turned in registers.
///
/// # Safety
/// That of [`pack`].
#[inline(always)]
unsafe fn transpose<V: Vector>(panel: &Panel<V::Elem>) {
    let turned = panel.depth / V::BLOCK * V::BLOCK;
    // Safety: squares lie within `turned` depths and the lanes that exist.
    unsafe {
        for lane in (0..panel.lanes).step_by(V::BLOCK) {
            let lanes = V::BLOCK.min(panel.lanes - lane);
            let source = panel.source.wrapping_offset(lane as isize * panel.lane_stride);
            for depth in (0..turned).step_by(V::BLOCK) {
                let target = panel.target.add(depth * panel.pitch + lane);
                V::transpose(source.add(depth), panel.lane_stride, lanes, target, panel.pitch);
            }
        }
        gather(panel, turned, panel.depth);
        pad(panel);
    }
}

/// Any strides, one number at a time, for depths `from..to`.
///
/// # Safety
/// That of [`pack`].
#[inline(always)]
unsafe fn gather<T: Float>(panel: &Panel<T>, from: usize, to: usize) {
    for depth in from..to {
        let source = panel.source.wrapping_offset(depth as isize * panel.depth_stride);
        for lane in 0..panel.lanes {
            // Safety: within the panel, as the caller promises.
            unsafe {
                *panel.target.add(depth * panel.pitch + lane) =
                    *source.wrapping_offset(lane as isize * panel.lane_stride);
            }
        }
    }
}

/// Zeroes the lanes between the last one and the pitch.
///
/// # Safety
/// That of [`pack`].
#[inline(always)]
unsafe fn pad<T: Float>(panel: &Panel<T>) {
    for depth in 0..panel.depth {
        for lane in panel.lanes..panel.pitch {
            // Safety: below `depth · pitch`.
            unsafe { *panel.target.add(depth * panel.pitch + lane) = T::ZERO };
        }
    }
}
