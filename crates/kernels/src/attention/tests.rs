//! Blocks against the plain formula, at lengths that no block divides, under every rule, at any number of threads.

use super::{Attention, AttentionGradient, AttentionShape};
use crate::isa::Isa;
use crate::random::{Key, Uniform, fill};
use crate::target::Target;
use crate::threads::Threads;

fn numbers(count: usize, stream: u32) -> Vec<f64> {
    let mut out = vec![0.0; count];
    let key = Key { seed: 5, stream, step: 0 };
    fill(&Uniform, &key, 0, Isa::detect(), &Threads::serial(), &mut out);
    out.iter_mut().for_each(|x| *x = 4.0 * *x - 2.0);
    out
}

/// What a run reads and writes.
struct Arrays {
    shape: AttentionShape,
    q: Vec<f64>,
    k: Vec<f64>,
    v: Vec<f64>,
    mask: Vec<u8>,
    dy: Vec<f64>,
    dlse: Vec<f64>,
}

fn arrays(shape: AttentionShape) -> Arrays {
    let AttentionShape { batch, queries, keys, heads, shared, size, width, .. } = shape;
    let mask = shape
        .mask
        .map_or(vec![], |_| numbers(batch * heads * queries * keys, 9).iter().map(|&x| u8::from(x > -1.0)).collect());
    Arrays {
        shape,
        q: numbers(batch * queries * heads * size, 1),
        k: numbers(batch * keys * shared * size, 2),
        v: numbers(batch * keys * shared * width, 3),
        mask,
        dy: numbers(batch * queries * heads * width, 4),
        dlse: numbers(batch * heads * queries, 5),
    }
}

/// What the kernels give: `y`, `lse`, `dq`, `dk`, `dv`.
fn tiled(x: &Arrays, isa: Isa, threads: &Threads) -> [Vec<f64>; 5] {
    let target = Target::from(isa);
    let forward = Attention::<f64>::new(x.shape, target).unwrap();
    let backward = AttentionGradient::<f64>::new(x.shape, target).unwrap();
    let (mut y, mut lse) = (vec![f64::NAN; x.dy.len()], vec![f64::NAN; x.dlse.len()]);
    let mut space = vec![f64::NAN; forward.workspace_len()];
    forward.run(threads, (&x.q, &x.k, &x.v, &x.mask), &mut y, &mut lse, &mut space);
    let [mut dq, mut dk, mut dv] = [&x.q, &x.k, &x.v].map(|like| vec![f64::NAN; like.len()]);
    let mut space = vec![f64::NAN; backward.workspace_len()];
    let grads = (&mut dq[..], &mut dk[..], &mut dv[..]);
    let (given, known) = ((&x.dy[..], &x.dlse[..]), (&y[..], &lse[..]));
    backward.run(threads, (&x.q, &x.k, &x.v, &x.mask), known, given, grads, &mut space);
    [y, lse, dq, dk, dv]
}

/// The formulas, score by score.
fn plain(x: &Arrays) -> [Vec<f64>; 5] {
    let AttentionShape { batch, queries, keys, heads, shared, size, width, scale, .. } = x.shape;
    let (mut y, mut lse) = (vec![0.0; x.dy.len()], vec![0.0; x.dlse.len()]);
    let [mut dq, mut dk, mut dv] = [&x.q, &x.k, &x.v].map(|like| vec![0.0; like.len()]);
    for (b, n, t) in (0..batch * heads * queries).map(|i| (i / (heads * queries), i / queries % heads, i % queries)) {
        let m = n / (heads / shared);
        let at_q = ((b * queries + t) * heads + n) * size;
        let at_y = ((b * queries + t) * heads + n) * width;
        let (at_k, at_v) =
            (|s: usize| ((b * keys + s) * shared + m) * size, |s: usize| ((b * keys + s) * shared + m) * width);
        let sees = |s: usize| {
            let masked = x.shape.mask.is_some_and(|by| x.mask[by[0] * b + by[1] * n + by[2] * t + by[3] * s] == 0);
            let near = x.shape.window == 0 || t.abs_diff(s) < x.shape.window;
            !masked && near && !(x.shape.causal && s > t)
        };
        let score = |s: usize| scale * (0..size).map(|c| x.q[at_q + c] * x.k[at_k(s) + c]).sum::<f64>();
        let seen: Vec<usize> = (0..keys).filter(|&s| sees(s)).collect();
        let dead = seen.is_empty();
        let most = seen.iter().map(|&s| score(s)).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = seen.iter().map(|&s| (score(s) - most).exp()).sum();
        let at_lse = (b * heads + n) * queries + t;
        lse[at_lse] = if dead { f64::INFINITY } else { most + total.ln() };
        let weight = |s: usize| match (dead, sees(s)) {
            (true, _) => 1.0 / keys as f64,
            (false, true) => (score(s) - lse[at_lse]).exp(),
            (false, false) => 0.0,
        };
        for s in 0..keys {
            (0..width).for_each(|c| y[at_y + c] += weight(s) * x.v[at_v(s) + c]);
        }
        let delta: f64 = (0..width).map(|c| x.dy[at_y + c] * y[at_y + c]).sum::<f64>() - x.dlse[at_lse];
        for s in 0..keys {
            let slope: f64 = (0..width).map(|c| x.dy[at_y + c] * x.v[at_v(s) + c]).sum();
            let ds = if dead { 0.0 } else { weight(s) * (slope - delta) };
            (0..size).for_each(|c| dq[at_q + c] += scale * ds * x.k[at_k(s) + c]);
            (0..size).for_each(|c| dk[at_k(s) + c] += scale * ds * x.q[at_q + c]);
            (0..width).for_each(|c| dv[at_v(s) + c] += weight(s) * x.dy[at_y + c]);
        }
    }
    [y, lse, dq, dk, dv]
}

/// Within rounding of sums of a few hundred numbers.
fn close(what: &str, got: &[f64], wanted: &[f64]) {
    assert_eq!(got.len(), wanted.len());
    for (i, (&got, &wanted)) in got.iter().zip(wanted).enumerate() {
        let near = (got - wanted).abs() <= 1e-11 * wanted.abs().max(1.0);
        assert!(near || got == wanted, "{what}[{i}]: {got}, by the formula {wanted}");
    }
}

fn shapes() -> Vec<AttentionShape> {
    let base = AttentionShape {
        batch: 2,
        queries: 5,
        keys: 7,
        heads: 2,
        shared: 2,
        size: 3,
        width: 4,
        scale: 0.6,
        causal: false,
        window: 0,
        mask: None,
    };
    let square = |n| AttentionShape { batch: 1, queries: n, keys: n, ..base };
    let mut shapes = vec![base, AttentionShape { queries: 1, keys: 1, ..base }, AttentionShape { keys: 0, ..base }];
    for n in [2, 63, 64, 65, 127, 129, 200, 257] {
        shapes.push(square(n));
        shapes.push(AttentionShape { causal: true, ..square(n) });
        shapes.push(AttentionShape { window: 1 + n / 3, ..square(n) });
        shapes.push(AttentionShape { window: 9, causal: true, heads: 4, ..square(n) });
        shapes.push(AttentionShape { mask: Some([n * n * 2, n * n, n, 1]), ..square(n) });
        shapes.push(AttentionShape { mask: Some([0, 0, 1, 0]), causal: true, shared: 1, ..square(n) });
        shapes.push(AttentionShape { mask: Some([0, 0, 0, 1]), shared: 1, heads: 3, ..square(n) });
    }
    // Heads enough for a task of each, at lengths of several blocks and groups of them.
    let many = AttentionShape { batch: 2, heads: 8, shared: 4, size: 2, width: 3, ..square(300) };
    shapes.push(many);
    shapes.push(AttentionShape { causal: true, ..many });
    shapes.push(AttentionShape { window: 70, keys: 140, ..many });
    shapes.push(AttentionShape { mask: Some([8 * 300 * 300, 300 * 300, 300, 1]), ..many });
    // Tasks enough for more queries each.
    shapes.push(AttentionShape { batch: 4, queries: 520, keys: 70, heads: 8, shared: 1, size: 2, width: 3, ..base });
    // Where blocks, and groups of them, end: lengths around one and in the middle of the next.
    shapes.extend([511, 512, 513, 639, 640, 641, 700].into_iter().flat_map(rules));
    shapes.push(AttentionShape { queries: 150, keys: 20, window: 5, ..base });
    shapes.push(AttentionShape { queries: 20, keys: 150, causal: true, ..base });
    shapes
}

/// A lone head of so many places under each rule.
fn rules(n: usize) -> [AttentionShape; 5] {
    let one = AttentionShape {
        batch: 1,
        queries: n,
        keys: n,
        heads: 1,
        shared: 1,
        size: 2,
        width: 2,
        scale: 0.6,
        causal: false,
        window: 0,
        mask: None,
    };
    [
        one,
        AttentionShape { causal: true, mask: Some([0, 0, 0, 1]), ..one },
        AttentionShape { window: 1 + n / 3, mask: Some([0, 0, 1, 0]), ..one },
        AttentionShape { window: 9, causal: true, ..one },
        AttentionShape { mask: Some([n * n, n * n, n, 1]), ..one },
    ]
}

/// On every instruction set, and on three threads with the bits of one.
fn check(shape: AttentionShape, three: &Threads) {
    let x = arrays(shape);
    let wanted = plain(&x);
    for isa in Isa::available() {
        let found = tiled(&x, isa, &Threads::serial());
        for (name, (got, wanted)) in ["y", "lse", "dq", "dk", "dv"].iter().zip(found.iter().zip(&wanted)) {
            close(&format!("{isa:?} {shape:?} {name}"), got, wanted);
        }
        let bits = |all: &[Vec<f64>; 5]| all.concat().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&tiled(&x, isa, three)), bits(&found), "{isa:?} {shape:?}");
    }
}

#[test]
fn blocks_agree_with_the_formula_at_any_number_of_threads() {
    let three = Threads::new(3);
    shapes().into_iter().for_each(|shape| check(shape, &three));
}

#[test]
#[ignore = "3,500 shapes: `npm run check:deep`"]
fn blocks_agree_with_the_formula_at_every_length_to_700() {
    let three = Threads::new(3);
    (1..=700).flat_map(rules).for_each(|shape| check(shape, &three));
}

#[test]
fn heads_that_do_not_divide_are_refused() {
    let shape = AttentionShape { heads: 3, ..shapes()[0] };
    assert!(Attention::<f32>::new(shape, Target::from(Isa::detect())).is_err());
}
