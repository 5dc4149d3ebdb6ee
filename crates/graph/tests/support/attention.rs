//! Attention and its gradient by their definitions: score by score.

use ferrograd_graph::Shape;

type Numbers = (Shape, Vec<f64>);

/// Sizes and rules of an example.
struct Heads<'a> {
    inputs: &'a [Numbers],
    scale: f64,
    causal: bool,
    window: usize,
    masked: bool,
}

/// What the definitions say; `None` for other ops.
pub fn definition(name: &str, attributes: &[f64], inputs: &[Numbers]) -> Option<Vec<Vec<f64>>> {
    if !name.starts_with("attention") {
        return None;
    }
    let &[scale, causal, window, masked] = attributes else { unreachable!("four attributes") };
    let heads = Heads { inputs, scale, causal: causal != 0.0, window: window as usize, masked: masked != 0.0 };
    Some(if name == "attention" { heads.forward() } else { heads.backward() })
}

impl Heads<'_> {
    /// Where the row of step `t` and head `n` begins in an input of (batch, steps, heads, length).
    fn row(&self, input: usize, [b, t, n]: [usize; 3]) -> usize {
        let shape = &self.inputs[input].0;
        // Consecutive heads share those of the keys.
        let head = n / (self.inputs[0].0[2] / shape[2]);
        ((b * shape[1] + t) * shape[2] + head) * shape[3]
    }

    fn sees(&self, [b, t, n]: [usize; 3], s: usize) -> bool {
        let (shape, mask) = &self.inputs[3];
        let at =
            [b, n, t, s].iter().zip(shape.iter()).fold(0, |at, (&i, &size)| at * size + if size == 1 { 0 } else { i });
        let near = self.window == 0 || t.abs_diff(s) < self.window;
        near && !(self.causal && s > t) && !(self.masked && mask[at] == 0.0)
    }

    fn score(&self, query: [usize; 3], s: usize) -> f64 {
        let (q, k) = (self.row(0, query), self.row(1, [query[0], s, query[2]]));
        let term = |c| self.inputs[0].1[q + c] * self.inputs[1].1[k + c];
        self.scale * (0..self.inputs[0].0[3]).map(term).sum::<f64>()
    }

    /// The share of a key, by the logarithm of the sum of all.
    fn share(&self, query: [usize; 3], s: usize, lse: f64) -> f64 {
        match lse.is_infinite() {
            true => 1.0 / self.keys() as f64,
            false if self.sees(query, s) => (self.score(query, s) - lse).exp(),
            false => 0.0,
        }
    }

    fn keys(&self) -> usize {
        self.inputs[1].0[1]
    }

    /// Each query, and where its row of `y` and its logarithm lie.
    fn queries(&self) -> impl Iterator<Item = ([usize; 3], usize, usize)> {
        let (shape, width) = (&self.inputs[0].0, self.inputs[2].0[3]);
        let (batch, steps, heads) = (shape[0], shape[1], shape[2]);
        (0..batch * steps * heads).map(move |i| {
            let (b, t, n) = (i / (steps * heads), i / heads % steps, i % heads);
            ([b, t, n], i * width, (b * heads + n) * steps + t)
        })
    }

    fn forward(&self) -> Vec<Vec<f64>> {
        let (shape, width) = (&self.inputs[0].0, self.inputs[2].0[3]);
        let rows = shape[0] * shape[1] * shape[2];
        let (mut y, mut lse) = (vec![0.0; rows * width], vec![0.0; rows]);
        for (query, at, log) in self.queries() {
            let total: f64 =
                (0..self.keys()).filter(|&s| self.sees(query, s)).map(|s| self.score(query, s).exp()).sum();
            lse[log] = if total == 0.0 { f64::INFINITY } else { total.ln() };
            for s in 0..self.keys() {
                let (share, v) = (self.share(query, s, lse[log]), self.row(2, [query[0], s, query[2]]));
                (0..width).for_each(|c| y[at + c] += share * self.inputs[2].1[v + c]);
            }
        }
        vec![y, lse]
    }

    fn backward(&self) -> Vec<Vec<f64>> {
        let (size, width) = (self.inputs[0].0[3], self.inputs[2].0[3]);
        let [y, lse, dy, dlse] = [4, 5, 6, 7].map(|input: usize| &self.inputs[input].1);
        let mut grads = [0, 1, 2].map(|input: usize| vec![0.0; self.inputs[input].1.len()]);
        for (query, at, log) in self.queries() {
            let delta = (0..width).map(|c| dy[at + c] * y[at + c]).sum::<f64>() - dlse[log];
            for s in 0..self.keys() {
                let key = [query[0], s, query[2]];
                let [q, k, v] = [self.row(0, query), self.row(1, key), self.row(2, key)];
                let share = self.share(query, s, lse[log]);
                let slope: f64 = (0..width).map(|c| dy[at + c] * self.inputs[2].1[v + c]).sum();
                let ds = if lse[log].is_infinite() { 0.0 } else { self.scale * share * (slope - delta) };
                (0..size).for_each(|c| grads[0][q + c] += ds * self.inputs[1].1[k + c]);
                (0..size).for_each(|c| grads[1][k + c] += ds * self.inputs[0].1[q + c]);
                (0..width).for_each(|c| grads[2][v + c] += share * dy[at + c]);
            }
        }
        grads.into()
    }
}
