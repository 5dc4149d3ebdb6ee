//! The gradient, from the scores made again.

use super::blocks::{Number, Product, dot, gather_rows, hide, rows_of, start_of, write_rows};
use super::forward::{Inputs, scores};
use super::{AttentionShape, Head, KEYS, MOST, PITCH, QUERIES, block};
use crate::element::Float;
use crate::gemm::{EpilogueSpec, GemmShape, Operand};
use crate::isa::Isa;
use crate::math::{Compute, Simd};
use crate::target::Target;
use crate::threads::{Disjoint, Threads, grain, split};
use crate::vectors::{self, Vectors, load, store};
use std::ops::Range;

/// With `p = exp(scale · q · kᵀ − lse)` and `ds = p · (dy · vᵀ − Σ dy·y + dlse)`: `dq = scale · ds · k`, `dk = scale · dsᵀ · q`,
/// `dv = pᵀ · dy`. Where `lse` is +∞, all `p` are one of the keys' number, and `ds` is 0.
pub struct AttentionGradient<T: Float> {
    shape: AttentionShape,
    isa: Isa,
    scores: Product<T>,
    slopes: Product<T>,
    dq: Product<T>,
    dk: Product<T>,
    dv: Product<T>,
}

/// What a run reads beside the inputs.
#[derive(Clone, Copy)]
struct Known<'a, T> {
    inputs: Inputs<'a, T>,
    dy: &'a [T],
    lse: &'a [T],
    /// `Σ dy·y − dlse`, (batch, heads, queries).
    deltas: &'a [T],
}

/// What a thread works in.
struct Room<'a, T> {
    p: &'a mut [T],
    ds: &'a mut [T],
    /// Queries and slopes of `y`, rows side by side: of all queries where a task has whole heads, else of some.
    q: &'a mut [T],
    dy: &'a mut [T],
    /// Of `dk` and `dv`, or of `dq` by queries.
    sums: &'a mut [T],
    /// Of `dq` of all queries, where a task has whole heads.
    for_queries: &'a mut [T],
    packed: Packed<'a, T>,
    products: &'a mut [T],
}

/// Keys and values as the products take them: `kᵀ`, `vᵀ`, `k`.
struct Packed<'a, T> {
    scores: &'a mut [T],
    slopes: &'a mut [T],
    dq: &'a mut [T],
}

/// As many heads keep all threads busy with a whole one each.
const WHOLE: usize = 8;
/// Elements of `dq` that a task keeps until it has gone over all keys.
const KEPT: usize = 1 << 19;

impl<T: Float + Compute> AttentionGradient<T> {
    /// Plans for a shape.
    ///
    /// # Errors
    /// Sizes that no tensors have, heads that do not divide, an instruction set that this processor lacks.
    pub fn new(shape: AttentionShape, target: Target) -> Result<Self, String> {
        shape.check()?;
        let AttentionShape { shared, size, width, .. } = shape;
        let strided = |stride: usize| Operand { row_stride: stride as isize, col_stride: 1 };
        let tile = Operand::row_major(PITCH);
        let product = |spec, plan: &dyn Fn(usize, usize) -> GemmShape| {
            Product::new(&shape, spec, target, plan).map_err(|error| error.to_string())
        };
        let scaled = EpilogueSpec { alpha: shape.scale, accumulate: true, ..EpilogueSpec::default() };
        let slopes = |rows, cols| GemmShape {
            rows,
            cols,
            depth: width,
            a: Operand::row_major(width),
            b: strided(shared * width).transposed(),
            c_row_stride: PITCH,
        };
        let dq =
            |rows, depth| GemmShape { rows, cols: size, depth, a: tile, b: strided(shared * size), c_row_stride: size };
        let dk = |depth, rows| GemmShape {
            rows,
            cols: size,
            depth,
            a: tile.transposed(),
            b: Operand::row_major(size),
            c_row_stride: size,
        };
        let dv = |depth, rows| GemmShape {
            rows,
            cols: width,
            depth,
            a: tile.transposed(),
            b: Operand::row_major(width),
            c_row_stride: width,
        };
        Ok(AttentionGradient {
            shape,
            isa: target.isa,
            scores: scores(&shape, target)?,
            slopes: product(EpilogueSpec::default(), &slopes)?,
            dq: product(scaled, &dq)?,
            dk: product(scaled, &dk)?,
            dv: product(EpilogueSpec { accumulate: true, ..EpilogueSpec::default() }, &dv)?,
        })
    }

    /// What a thread needs to work in.
    fn room(&self) -> usize {
        let AttentionShape { size, width, .. } = self.shape;
        let products = [&self.scores, &self.slopes, &self.dq, &self.dk, &self.dv];
        let most = products.iter().map(|product| product.workspace_len()).max().unwrap_or(0);
        let packed = self.scores.packed_len() + self.slopes.packed_len() + self.dq.packed_len();
        let gathered = self.gathered() * (size + width);
        (2 * QUERIES * PITCH + gathered + self.sums_len(size, width) + self.kept() + packed + most).next_multiple_of(16)
    }

    /// Elements of `dq` that a task keeps; 0 where there are too few heads, or too long ones.
    fn kept(&self) -> usize {
        let AttentionShape { batch, queries, heads, shared, size, .. } = self.shape;
        let kept = heads / shared * queries * size;
        if batch * shared >= WHOLE && kept <= KEPT { kept } else { 0 }
    }

    /// Rows of queries that a task has gathered at a time.
    fn gathered(&self) -> usize {
        let AttentionShape { queries, heads, shared, .. } = self.shape;
        if self.kept() > 0 { heads / shared * queries } else { self.shape.queries_of_task() }
    }

    /// The heads that share keys, in their order.
    fn heads_of(&self, shares: Head) -> impl Iterator<Item = Head> {
        let group = self.shape.heads / self.shape.shared;
        (0..group).map(move |own| Head { head: shares.head * group + own, ..shares })
    }

    fn sums_len(&self, size: usize, width: usize) -> usize {
        (self.shape.queries_of_task() * size).max(KEYS * (size + width))
    }

    fn deltas_len(&self) -> usize {
        (self.shape.batch * self.shape.heads * self.shape.queries).next_multiple_of(16)
    }

    /// Elements of `T` that [`Self::run`] needs to work in.
    pub fn workspace_len(&self) -> usize {
        let AttentionShape { batch, queries, keys, heads, shared, .. } = self.shape;
        let apart =
            (batch * heads * queries.div_ceil(self.shape.queries_of_task())).max(batch * shared * keys.div_ceil(KEYS));
        let tasks = if self.kept() > 0 { batch * shared } else { apart };
        self.deltas_len() + tasks.min(MOST) * self.room()
    }

    /// Computes the gradients from those of `y` and of the logarithms.
    ///
    /// # Panics
    /// When a slice has another length than planned: a bug of the caller.
    pub fn run(
        &self,
        threads: &Threads,
        (q, k, v, mask): (&[T], &[T], &[T], &[u8]),
        (y, lse): (&[T], &[T]),
        (dy, dlse): (&[T], &[T]),
        (dq, dk, dv): (&mut [T], &mut [T], &mut [T]),
        workspace: &mut [T],
    ) {
        let inputs = Inputs { q, k, v, mask };
        inputs.check(&self.shape);
        let AttentionShape { batch, queries, heads, width, .. } = self.shape;
        let outputs = batch * queries * heads;
        let lens = [y.len(), dy.len(), lse.len(), dlse.len()];
        assert_eq!(lens, [outputs * width, outputs * width, outputs, outputs], "attention: lengths differ");
        assert_eq!([dq.len(), dk.len(), dv.len()], [q.len(), k.len(), v.len()], "attention: lengths differ");
        let (deltas, rooms) = workspace.split_at_mut(self.deltas_len());
        let deltas = &mut deltas[..outputs];
        self.deltas(threads, y, dy, dlse, deltas);
        let known = Known { inputs, dy, lse, deltas };
        if self.kept() > 0 {
            return self.by_heads(threads, &known, (dq, dk, dv), rooms);
        }
        self.by_queries(threads, &known, dq, rooms);
        self.by_keys(threads, &known, dk, dv, rooms);
    }

    /// All three: tasks have keys and the heads that share them.
    fn by_heads(
        &self,
        threads: &Threads,
        known: &Known<'_, T>,
        (dq, dk, dv): (&mut [T], &mut [T], &mut [T]),
        rooms: &mut [T],
    ) {
        let AttentionShape { batch, queries, keys, heads, shared, size, .. } = self.shape;
        let (dq, dk, dv, rooms) = (Disjoint::new(dq), Disjoint::new(dk), Disjoint::new(dv), Disjoint::new(rooms));
        let tasks = batch * shared;
        threads.run_numbered(tasks.min(MOST), tasks, &|thread, task| {
            let shares = Head { batch: task / shared, head: task % shared };
            // Safety: threads that run at once have different numbers, each below the number of tasks.
            let room = unsafe { rooms.slice(thread * self.room()..(thread + 1) * self.room()) };
            let mut room = self.split(room);
            room.for_queries.fill(T::ZERO);
            for (own, at) in self.heads_of(shares).enumerate() {
                self.gather(known, at, 0..queries, own * queries, &mut room);
            }
            for index in 0..keys.div_ceil(KEYS) {
                self.add_keys(known, shares, &block(index, KEYS, keys), (dk, dv), &mut room);
            }
            for (at, sums) in self.heads_of(shares).zip(room.for_queries.chunks_exact(queries * size)) {
                write_rows(dq, sums, (queries, heads, size), at, 0..queries);
            }
        });
    }

    fn deltas(&self, threads: &Threads, y: &[T], dy: &[T], dlse: &[T], deltas: &mut [T]) {
        let AttentionShape { queries, heads, width, .. } = self.shape;
        threads.for_each_part(split(deltas.len(), grain(2000 + 200 * width)), deltas, 1, |places, deltas| {
            vectors::run(self.isa, Deltas { queries, heads, width, y, dy, dlse, places, deltas });
        });
    }

    /// `dq`: tasks have queries, and go over the keys.
    fn by_queries(&self, threads: &Threads, known: &Known<'_, T>, dq: &mut [T], rooms: &mut [T]) {
        let AttentionShape { batch, queries, keys, heads, shared, size, .. } = self.shape;
        let group = self.shape.queries_of_task();
        let per_head = queries.div_ceil(group);
        let (dq, rooms) = (Disjoint::new(dq), Disjoint::new(rooms));
        let tasks = batch * heads * per_head;
        threads.run_numbered(tasks.min(MOST), tasks, &|thread, task| {
            let (all, place) = (task / per_head, task % per_head);
            let at = Head { batch: all / heads, head: all % heads };
            let rows = block(place, group, queries);
            // Safety: threads that run at once have different numbers, each below the number of tasks.
            let room = unsafe { rooms.slice(thread * self.room()..(thread + 1) * self.room()) };
            let mut room = self.split(room);
            room.sums[..rows.len() * size].fill(T::ZERO);
            self.gather(known, at, rows.clone(), 0, &mut room);
            let seen = self.shape.seen_by(&rows);
            for index in seen.start / KEYS..seen.end.div_ceil(KEYS) {
                let cols = block(index, KEYS, keys);
                let shares = Head { head: at.head / (heads / shared), ..at };
                self.pack(known, shares, &cols, &mut room.packed);
                let k = rows_of(known.inputs.k, keys, shared, size, shares, cols.start);
                for first in rows.clone().step_by(QUERIES) {
                    let own = first..rows.end.min(first + QUERIES);
                    if !self.shape.meet(&own, &cols) {
                        continue;
                    }
                    let place = first - rows.start;
                    self.again(known, at, (&own, place), &cols, &mut room);
                    let sums = &mut room.sums[place * size..][..own.len() * size];
                    let sizes = (own.len(), cols.len());
                    self.dq.run_packed(sizes, room.ds, (k, room.packed.dq), sums, room.products);
                }
            }
            write_rows(dq, room.sums, (queries, heads, size), at, rows);
        });
    }

    /// `dk` and `dv`: tasks have keys, and go over the queries of all heads that share them.
    fn by_keys(&self, threads: &Threads, known: &Known<'_, T>, dk: &mut [T], dv: &mut [T], rooms: &mut [T]) {
        let AttentionShape { batch, keys, shared, .. } = self.shape;
        let per_head = keys.div_ceil(KEYS);
        let (dk, dv, rooms) = (Disjoint::new(dk), Disjoint::new(dv), Disjoint::new(rooms));
        let tasks = batch * shared * per_head;
        threads.run_numbered(tasks.min(MOST), tasks, &|thread, task| {
            let (all, place) = (task / per_head, task % per_head);
            let shares = Head { batch: all / shared, head: all % shared };
            let cols = block(place, KEYS, keys);
            // Safety: threads that run at once have different numbers, each below the number of tasks.
            let room = unsafe { rooms.slice(thread * self.room()..(thread + 1) * self.room()) };
            self.add_keys(known, shares, &cols, (dk, dv), &mut self.split(room));
        });
    }

    /// `dk` and `dv` of some keys; `dq` grows by what they give, where it is kept.
    fn add_keys(
        &self,
        known: &Known<'_, T>,
        shares: Head,
        cols: &Range<usize>,
        (dk, dv): (Disjoint<'_, T>, Disjoint<'_, T>),
        room: &mut Room<'_, T>,
    ) {
        let AttentionShape { queries, keys, shared, size, width, .. } = self.shape;
        let whole = !room.for_queries.is_empty();
        self.pack(known, shares, cols, &mut room.packed);
        let k = rows_of(known.inputs.k, keys, shared, size, shares, cols.start);
        room.sums.fill(T::ZERO);
        for (own, at) in self.heads_of(shares).enumerate() {
            for rows in (0..queries.div_ceil(QUERIES)).map(|index| block(index, QUERIES, queries)) {
                if !self.meet(&rows, cols) {
                    continue;
                }
                let place = if whole { own * queries + rows.start } else { 0 };
                if !whole {
                    self.gather(known, at, rows.clone(), place, room);
                }
                self.again(known, at, (&rows, place), cols, room);
                let sizes = (rows.len(), cols.len());
                let (for_keys, for_values) = room.sums.split_at_mut(KEYS * size);
                self.dk.run(sizes, room.ds, &room.q[place * size..], for_keys, room.products);
                self.dv.run(sizes, room.p, &room.dy[place * width..], for_values, room.products);
                if whole {
                    let sums = &mut room.for_queries[place * size..][..rows.len() * size];
                    self.dq.run_packed(sizes, room.ds, (k, room.packed.dq), sums, room.products);
                }
            }
        }
        let (for_keys, for_values) = room.sums.split_at(KEYS * size);
        write_rows(dk, for_keys, (keys, shared, size), shares, cols.clone());
        write_rows(dv, for_values, (keys, shared, width), shares, cols.clone());
    }

    /// Packs some keys and their values for all blocks of queries.
    fn pack(&self, known: &Known<'_, T>, shares: Head, cols: &Range<usize>, packed: &mut Packed<'_, T>) {
        let AttentionShape { keys, shared, size, width, .. } = self.shape;
        let k = rows_of(known.inputs.k, keys, shared, size, shares, cols.start);
        let v = rows_of(known.inputs.v, keys, shared, width, shares, cols.start);
        self.scores.pack(cols.len(), k, packed.scores);
        self.slopes.pack(cols.len(), v, packed.slopes);
        self.dq.pack(cols.len(), k, packed.dq);
    }

    /// Whether some of `rows` may weigh some of `cols`: those that see nothing weigh all.
    fn meet(&self, rows: &Range<usize>, cols: &Range<usize>) -> bool {
        self.shape.may_see_nothing() || self.shape.meet(rows, cols)
    }

    /// Gathers some queries, to `place` and on among the gathered rows.
    fn gather(&self, known: &Known<'_, T>, at: Head, rows: Range<usize>, place: usize, room: &mut Room<'_, T>) {
        let AttentionShape { queries, heads, size, width, .. } = self.shape;
        let (q, dy) = (&mut room.q[place * size..], &mut room.dy[place * width..]);
        gather_rows(known.inputs.q, (queries, heads, size), at, rows.clone(), q);
        gather_rows(known.dy, (queries, heads, width), at, rows, dy);
    }

    /// `p` and `ds` of some queries, gathered from `place` on, and keys.
    fn again(
        &self,
        known: &Known<'_, T>,
        at: Head,
        (rows, place): (&Range<usize>, usize),
        cols: &Range<usize>,
        room: &mut Room<'_, T>,
    ) {
        let AttentionShape { queries, keys, heads, shared, size, width, .. } = self.shape;
        let sizes = (rows.len(), cols.len());
        let shares = Head { head: at.head / (heads / shared), ..at };
        let (q, dy) = (&room.q[place * size..], &room.dy[place * width..]);
        let k = rows_of(known.inputs.k, keys, shared, size, shares, cols.start);
        self.scores.run_packed(sizes, q, (k, room.packed.scores), room.p, room.products);
        let v = rows_of(known.inputs.v, keys, shared, width, shares, cols.start);
        self.slopes.run_packed(sizes, dy, (v, room.packed.slopes), room.ds, room.products);
        let first = (at.batch * heads + at.head) * queries;
        let again = Again {
            shape: &self.shape,
            at,
            rows: rows.clone(),
            keys: cols.clone(),
            mask: known.inputs.mask,
            lse: &known.lse[first + rows.start..first + rows.end],
            deltas: &known.deltas[first + rows.start..first + rows.end],
            p: &mut *room.p,
            ds: &mut *room.ds,
        };
        vectors::run(self.isa, again);
    }

    fn split<'a>(&self, room: &'a mut [T]) -> Room<'a, T> {
        let AttentionShape { size, width, .. } = self.shape;
        let (p, room) = room.split_at_mut(QUERIES * PITCH);
        let (ds, room) = room.split_at_mut(QUERIES * PITCH);
        let (q, room) = room.split_at_mut(self.gathered() * size);
        let (dy, room) = room.split_at_mut(self.gathered() * width);
        let (sums, room) = room.split_at_mut(self.sums_len(size, width));
        let (for_queries, room) = room.split_at_mut(self.kept());
        let (scores, room) = room.split_at_mut(self.scores.packed_len());
        let (slopes, room) = room.split_at_mut(self.slopes.packed_len());
        let (dq, products) = room.split_at_mut(self.dq.packed_len());
        Room { p, ds, q, dy, sums, for_queries, packed: Packed { scores, slopes, dq }, products }
    }
}

struct Deltas<'a, T> {
    queries: usize,
    heads: usize,
    width: usize,
    y: &'a [T],
    dy: &'a [T],
    dlse: &'a [T],
    places: Range<usize>,
    deltas: &'a mut [T],
}

impl<T: Number> Vectors<T> for Deltas<'_, T> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        for (delta, place) in self.deltas.iter_mut().zip(self.places) {
            let (all, t) = (place / self.queries, place % self.queries);
            let at = Head { batch: all / self.heads, head: all % self.heads };
            let start = start_of(self.queries, self.heads, self.width, at, t);
            let row = start..start + self.width;
            *delta = dot::<V>(set, &self.y[row.clone()], &self.dy[row]) - self.dlse[place];
        }
    }
}

/// From scores and slopes to `p` and `ds`.
struct Again<'a, T> {
    shape: &'a AttentionShape,
    at: Head,
    rows: Range<usize>,
    keys: Range<usize>,
    mask: &'a [u8],
    lse: &'a [T],
    deltas: &'a [T],
    p: &'a mut [T],
    ds: &'a mut [T],
}

impl<T: Number> Vectors<T> for Again<'_, T> {
    #[inline(always)]
    fn run<V: Simd<Elem = T>>(self, set: V::Set) {
        for (i, t) in self.rows.enumerate() {
            let p = &mut self.p[i * PITCH..][..self.keys.len()];
            let ds = &mut self.ds[i * PITCH..][..self.keys.len()];
            if self.lse[i] == T::INFINITY {
                p.fill(T::ONE / <T as Float>::from_f64(self.shape.keys as f64));
                ds.fill(T::ZERO);
                continue;
            }
            hide(self.shape, self.at, t, &self.keys, self.mask, p);
            row_again::<V>(set, p, ds, self.lse[i], self.deltas[i]);
        }
    }
}

/// `p ← exp(p − lse)`, `ds ← p · (ds − delta)`
#[inline(always)]
fn row_again<V: Simd<Elem: Compute>>(set: V::Set, p: &mut [V::Elem], ds: &mut [V::Elem], lse: V::Elem, delta: V::Elem) {
    let zero = V::whole(set, 0);
    for at in (0..p.len()).step_by(V::LANES) {
        let weight = load(p, at, zero).sub(V::splat(set, lse)).exp_flushed();
        let slope = load(ds, at, zero).sub(V::splat(set, delta));
        store(p, at, weight);
        store(ds, at, weight.mul(slope));
    }
}
