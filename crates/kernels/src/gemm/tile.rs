//! The register tile: a few rows by a few vectors of `C`, kept in registers for the whole depth.
#![expect(clippy::needless_range_loop, reason = "counted loops over constants are what unrolls into registers")]

use super::ALIGNMENT;
use super::vector::Vector;
use crate::math::Set;
use std::hint::{assert_unchecked, black_box};

/// What is added to the scaled product when it is stored.
#[derive(Clone, Copy)]
pub(super) enum Base<T> {
    /// Nothing.
    Zero,
    /// A number for each element: `C` as it was, or a bias per column (row stride 0).
    Rows { start: *const T, row_stride: usize },
    /// A number for each row: a bias per row.
    Column(*const T),
}

/// `c = alpha · a · b + base` over one tile; the kernel knows its rows and its vectors.
pub(super) struct Tile<T> {
    pub depth: usize,
    pub a: *const T,
    pub a_row_stride: isize,
    pub a_depth_stride: isize,
    pub b: *const T,
    pub b_depth_stride: isize,
    pub c: *mut T,
    pub c_row_stride: usize,
    pub base: Base<T>,
    pub alpha: T,
    /// Whether what is stored is `max(c, 0)`: read again for that, it would wait for its own store.
    pub relu: bool,
    /// Lanes of the last vector that exist, `1 ≤ last ≤ LANES`.
    pub last: usize,
    pub ahead: Ahead<T>,
}

/// Cache lines that a later call reads: asked for one by one, spread evenly over the depth. They are counted row by row
/// of a matrix whose rows have `2^shift` lines.
#[derive(Clone, Copy)]
pub(super) struct Ahead<T> {
    pub start: *const T,
    pub row_stride: isize,
    pub shift: u32,
    pub first: usize,
    pub lines: usize,
    /// Whether they will be written, and other threads may have read them.
    pub own: bool,
}

impl<T> Ahead<T> {
    /// A line that is there already.
    pub fn nothing(known: *const T) -> Ahead<T> {
        Ahead { start: known, row_stride: 0, shift: 0, first: 0, lines: 0, own: false }
    }

    /// Where a line starts, given in units of 2⁻¹⁶ lines.
    #[inline(always)]
    pub fn address(&self, place: usize) -> *const T {
        let line = place >> 16;
        let within = (line & ((1 << self.shift) - 1)) * (ALIGNMENT / size_of::<T>());
        self.start.wrapping_offset((line >> self.shift) as isize * self.row_stride).wrapping_add(within)
    }
}

/// A kernel for a certain number of rows and vectors.
pub(super) type TileFn<T> = unsafe fn(&Tile<T>);

/// The kernel: `R` rows × `N` vectors. `UNIT`: the rows of `a` are neighbours in memory (packed, or a transpose).
/// `PARTIAL`: the last vector of `b` may be short, so that reading all its lanes could leave the slice.
///
/// # Safety
/// `V`'s instruction set is present; every pointer of `tile` is valid for its strides; `c` is not aliased.
#[inline(always)]
pub(super) unsafe fn tile<V: Vector, const R: usize, const N: usize, const UNIT: bool, const PARTIAL: bool>(
    tile: &Tile<V::Elem>,
) {
    // Safety: the caller's promise; loads and stores stay within `last` lanes of the last vector.
    unsafe {
        let set = V::Set::assume();
        let mask = V::part(tile.last);
        let mut sums = [[V::splat(set, V::Elem::default()); N]; R];
        let (mut a, mut b) = (tile.a, tile.b);
        // A line at a time, so that what the loop itself reads never waits behind a burst: first the rows of `c`,
        // which need not start at a cache line, then what comes next.
        let first = R.min(tile.depth);
        let mut c = tile.c.cast_const();
        for _ in 0..first {
            for j in 0..N {
                V::prefetch_own(c.wrapping_add(j * V::LANES));
            }
            V::prefetch_own(c.wrapping_add(N * V::LANES - 1));
            c = c.wrapping_add(tile.c_row_stride);
            step::<V, R, N, UNIT, PARTIAL>(tile, &mut a, &mut b, mask, &mut sums);
        }
        let mut rest = tile.depth - first;
        // The tiles of operands in place are low: they have no time for more than their own loads.
        if !PARTIAL {
            let each = group::<V>(R * N);
            let groups = rest / each;
            let lines = tile.ahead.lines.div_ceil(groups.max(1));
            let (mut place, pace) = (tile.ahead.first << 16, (tile.ahead.lines << 16) / (groups * lines).max(1));
            for _ in 0..groups {
                for _ in 0..lines {
                    let address = tile.ahead.address(place);
                    if tile.ahead.own {
                        V::prefetch_own(address);
                    } else {
                        V::prefetch_second(address);
                    }
                    place = place.wrapping_add(pace);
                }
                for _ in 0..each {
                    step::<V, R, N, UNIT, PARTIAL>(tile, &mut a, &mut b, mask, &mut sums);
                }
            }
            rest -= groups * each;
        }
        for _ in 0..rest {
            step::<V, R, N, UNIT, PARTIAL>(tile, &mut a, &mut b, mask, &mut sums);
        }
        store(tile, sums, mask);
    }
}

/// Depths that go by between two lines that are asked for. Asking takes as many instructions as a depth of a low tile of short
/// vectors, which a processor cannot begin in the time of that depth's products.
const fn group<V>(vectors: usize) -> usize {
    if vectors <= 12 && size_of::<V>() == 32 { 4 } else { 1 }
}

/// Rows of `a` that lie anywhere, each in runs of neighbouring depths: run `r` of row `i` of the tile has the numbers from
/// `from` on at the address `starts[r · R + i]`.
pub(super) struct Runs<T> {
    pub starts: *const *const T,
    pub count: usize,
    pub from: usize,
    pub len: usize,
}

/// A kernel for a certain number of rows and vectors whose rows of `a` are runs.
pub(super) type RunsFn<T> = unsafe fn(&Tile<T>, &Runs<T>);

/// [`tile`] for rows that are runs, `b` packed.
///
/// # Safety
/// That of [`tile`]; there are runs, every one is valid for `from + len` numbers, and `len` is not 0.
#[inline(always)]
pub(super) unsafe fn tile_of_runs<V: Vector, const R: usize, const N: usize>(
    tile: &Tile<V::Elem>,
    runs: &Runs<V::Elem>,
) {
    // Safety: the caller's promise; strips of `b` are whole vectors.
    unsafe {
        let set = V::Set::assume();
        // A loop that may not run at all has two places where the sums may be at its end: they went through memory.
        assert_unchecked(runs.count > 0 && runs.len > 0);
        let mut sums = [[V::splat(set, V::Elem::default()); N]; R];
        let mut b = tile.b;
        for i in 0..R {
            for j in 0..N {
                V::prefetch_own(tile.c.cast_const().wrapping_add(i * tile.c_row_stride + j * V::LANES));
            }
        }
        for run in 0..runs.count {
            let mut rows = [tile.a; R];
            for i in 0..R {
                rows[i] = (*runs.starts.add(run * R + i)).add(runs.from);
            }
            for depth in 0..runs.len {
                let mut row = [V::splat(set, V::Elem::default()); N];
                for j in 0..N {
                    row[j] = V::load(b.add(j * V::LANES));
                }
                for i in 0..R {
                    let x = V::splat(set, *rows[i].add(depth));
                    for j in 0..N {
                        sums[i][j] = x.add_product(row[j], sums[i][j]);
                    }
                }
                b = b.wrapping_offset(tile.b_depth_stride);
            }
        }
        store(tile, sums, V::part(tile.last));
    }
}

/// A depth in lines, as pictures have it: `planes` times `lines` times [`Tile::depth`] steps.
pub(super) struct Lines {
    pub planes: usize,
    pub lines: usize,
    pub a_plane: usize,
    pub a_line: usize,
    pub b_plane: usize,
    pub b_line: usize,
}

/// A kernel for a certain number of rows and vectors whose depth comes in lines.
pub(super) type LinesFn<T> = unsafe fn(&Tile<T>, &Lines);

/// [`tile`] over lines, the rows of `a` neighbours in memory, `b` read in place.
///
/// # Safety
/// That of [`tile`], for each line.
#[inline(always)]
pub(super) unsafe fn tile_of_lines<V: Vector, const R: usize, const N: usize>(tile: &Tile<V::Elem>, lines: &Lines) {
    // Safety: the caller's promise; loads and stores stay within `last` lanes of the last vector.
    unsafe {
        let set = V::Set::assume();
        let mask = V::part(tile.last);
        let mut sums = [[V::splat(set, V::Elem::default()); N]; R];
        for plane in 0..lines.planes {
            for line in 0..lines.lines {
                let mut a = tile.a.wrapping_add(plane * lines.a_plane + line * lines.a_line);
                let mut b = tile.b.wrapping_add(plane * lines.b_plane + line * lines.b_line);
                for _ in 0..tile.depth {
                    step::<V, R, N, true, true>(tile, &mut a, &mut b, mask, &mut sums);
                }
            }
        }
        store(tile, sums, mask);
    }
}

/// One depth: the outer product of a column of `a` and a row of `b`.
///
/// # Safety
/// That of [`tile`], and this depth exists.
#[inline(always)]
unsafe fn step<V: Vector, const R: usize, const N: usize, const UNIT: bool, const PARTIAL: bool>(
    tile: &Tile<V::Elem>,
    a: &mut *const V::Elem,
    b: &mut *const V::Elem,
    mask: V::Part,
    sums: &mut [[V; N]; R],
) {
    // Safety: the caller's promise.
    unsafe {
        let set = V::Set::assume();
        let mut row = [V::splat(set, V::Elem::default()); N];
        for j in 0..N {
            let source = b.wrapping_add(j * V::LANES);
            row[j] = if PARTIAL && j + 1 == N { V::load_part(source, mask) } else { V::load(source) };
        }
        for i in 0..R {
            let offset = if UNIT { i as isize } else { i as isize * tile.a_row_stride };
            let x = V::splat(set, *a.wrapping_offset(offset));
            for j in 0..N {
                sums[i][j] = x.add_product(row[j], sums[i][j]);
            }
        }
        *a = a.wrapping_offset(tile.a_depth_stride);
        *b = b.wrapping_offset(tile.b_depth_stride);
    }
}

/// Writes the scaled sums, plus the base, to `c`.
///
/// Each base has loops of its own: they are short enough to be unrolled, without which the sums would be an array in
/// memory that every product is stored to.
///
/// # Safety
/// That of [`tile`].
#[inline(always)]
unsafe fn store<V: Vector, const R: usize, const N: usize>(tile: &Tile<V::Elem>, mut sums: [[V; N]; R], mask: V::Part) {
    // Safety: the caller's promise.
    unsafe {
        let set = V::Set::assume();
        let alpha = V::splat(set, tile.alpha);
        match tile.base {
            Base::Zero => {
                for i in 0..R {
                    for j in 0..N {
                        sums[i][j] = sums[i][j].mul(alpha);
                    }
                }
            }
            Base::Rows { start, row_stride } => {
                for i in 0..R {
                    for j in 0..N {
                        let source = start.wrapping_add(i * row_stride + j * V::LANES);
                        let base = if j + 1 == N { V::load_part(source, mask) } else { V::load(source) };
                        sums[i][j] = sums[i][j].mul_add(alpha, base);
                    }
                }
            }
            Base::Column(start) => {
                for i in 0..R {
                    let base = V::splat(set, *start.add(i));
                    for j in 0..N {
                        sums[i][j] = sums[i][j].mul_add(alpha, base);
                    }
                }
            }
        }
        if tile.relu {
            for i in 0..R {
                for j in 0..N {
                    sums[i][j] = sums[i][j].relu();
                }
            }
        }
        // A store of chosen lanes takes many times as long, and what it wrote cannot be read back at once.
        if tile.last == V::LANES {
            for i in 0..R {
                for j in 0..N {
                    sums[i][j].store(tile.c.wrapping_add(i * tile.c_row_stride + j * V::LANES));
                }
            }
        } else {
            store_short(tile, sums, mask);
        }
    }
}

/// Writes sums whose last vectors are short: by a loop over memory, which is small.
///
/// # Safety
/// That of [`tile`].
#[inline(always)]
unsafe fn store_short<V: Vector, const R: usize, const N: usize>(
    tile: &Tile<V::Elem>,
    sums: [[V; N]; R],
    mask: V::Part,
) {
    let mut c = tile.c;
    // The number of rows is hidden, so that they are not unrolled.
    for row in sums.iter().take(black_box(R)) {
        for j in 0..N {
            let target = c.wrapping_add(j * V::LANES);
            // Safety: the caller's promise.
            unsafe { if j + 1 == N { row[j].store_part(target, mask) } else { row[j].store(target) } }
        }
        c = c.wrapping_add(tile.c_row_stride);
    }
}
