//! Attention and its gradient over blocks: milliseconds, and GF/s of the products that the formula has, on one thread.
//!
//! `cargo bench -p ferrograd-kernels --bench attention`; `-- 2048` for some lengths alone.

use ferrograd_kernels::attention::{Attention, AttentionGradient, AttentionShape};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use std::hint::black_box;
use std::time::Instant;

#[path = "support/clock.rs"]
#[allow(dead_code, reason = "one thread only: the clock of the wall is for the other benches")]
mod clock;

/// The least seconds of some runs.
fn least(mut run: impl FnMut()) -> f64 {
    run();
    let (start, mut least) = (Instant::now(), f64::INFINITY);
    while start.elapsed().as_secs_f64() < 1.0 {
        let begun = clock::of_this_thread();
        run();
        least = least.min(clock::of_this_thread() - begun);
    }
    least
}

fn report(steps: usize, causal: bool) {
    let (heads, size) = (8, 64);
    let shape = AttentionShape {
        batch: 1,
        queries: steps,
        keys: steps,
        heads,
        shared: heads,
        size,
        width: size,
        scale: 0.125,
        causal,
        window: 0,
        mask: None,
    };
    let (target, threads) = (Target::from(Isa::detect()), Threads::serial());
    let forward = Attention::<f32>::new(shape, target).expect("a small shape");
    let backward = AttentionGradient::<f32>::new(shape, target).expect("a small shape");
    let numbers = |salt: usize| -> Vec<f32> {
        (0..steps * heads * size).map(|i| ((i * 7 + salt) % 17) as f32 * 0.1 - 0.8).collect()
    };
    let (q, k, v, dy) = (numbers(0), numbers(5), numbers(11), numbers(3));
    let (mut y, mut lse, dlse) = (q.clone(), vec![0.0; steps * heads], vec![0.0; steps * heads]);
    let (mut dq, mut dk, mut dv) = (q.clone(), k.clone(), v.clone());
    let mut space = vec![0.0; forward.workspace_len().max(backward.workspace_len())];
    let forth = least(|| forward.run(&threads, (black_box(&q), &k, &v, &[]), &mut y, &mut lse, &mut space));
    let back = least(|| {
        let grads = (&mut dq[..], &mut dk[..], &mut dv[..]);
        backward.run(&threads, (black_box(&q), &k, &v, &[]), (&y, &lse), (&dy, &dlse), grads, &mut space);
    });
    // With so many heads the way back makes the scores once again and has five products of their size.
    let rate =
        |seconds: f64, products: f64| products / 2.0 * shape.flops() * if causal { 0.5 } else { 1.0 } / seconds / 1e9;
    println!(
        "{steps:5} steps{}: forward {:7.2} ms ({:5.1} GF/s), gradient {:7.2} ms ({:5.1} GF/s)",
        if causal { ", causal" } else { "        " },
        forth * 1e3,
        rate(forth, 2.0),
        back * 1e3,
        rate(back, 5.0),
    );
}

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    for steps in if asked.is_empty() { vec![128, 512, 2048] } else { asked } {
        [false, true].into_iter().for_each(|causal| report(steps, causal));
    }
}
