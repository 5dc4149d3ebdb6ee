//! Attention and its gradient allocate when they are planned and never when they run, and work in room that grows with the
//! number of steps, not with its square. One test alone in its process, so that nobody else's allocations are counted.

#[path = "support/counting.rs"]
mod counting;

use counting::{allocations, meet};
use ferrograd_kernels::attention::{Attention, AttentionGradient, AttentionShape};
use ferrograd_kernels::isa::Isa;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;

#[test]
fn running_allocates_nothing() {
    let shape = |steps| AttentionShape {
        batch: 2,
        queries: steps,
        keys: steps,
        heads: 4,
        shared: 2,
        size: 16,
        width: 16,
        scale: 0.25,
        causal: true,
        window: 0,
        mask: None,
    };
    let target = Target::from(Isa::detect());
    let threads = Threads::new(3);
    meet(&threads);
    let steps = 150;
    let forward = Attention::<f32>::new(shape(steps), target).unwrap();
    let backward = AttentionGradient::<f32>::new(shape(steps), target).unwrap();
    let (q, k) = (vec![0.5f32; 2 * steps * 64], vec![0.25f32; 2 * steps * 32]);
    let (mut y, mut lse) = (q.clone(), vec![0.0; 2 * 4 * steps]);
    let zeros = lse.clone();
    let (mut dq, mut dk, mut dv) = (q.clone(), k.clone(), k.clone());
    let mut space = vec![0.0; forward.workspace_len().max(backward.workspace_len())];
    let before = allocations();
    for _ in 0..3 {
        forward.run(&threads, (&q, &k, &k, &[]), &mut y, &mut lse, &mut space);
        let grads = (&mut dq[..], &mut dk[..], &mut dv[..]);
        backward.run(&threads, (&q, &k, &k, &[]), (&y, &lse), (&q, &zeros), grads, &mut space);
    }
    assert_eq!(allocations() - before, 0);
    assert!((y[0] - 0.25).abs() < 1e-6, "the mean of equal values");

    // At most the threads' rooms, and one number a query.
    let long = AttentionGradient::<f32>::new(shape(1 << 15), target).unwrap().workspace_len();
    let short = AttentionGradient::<f32>::new(shape(1 << 13), target).unwrap().workspace_len();
    assert_eq!(long - short, 2 * 4 * ((1 << 15) - (1 << 13)));
}
