//! What the ops on labellings and distances are, by enumeration.

use ferrograd_graph::Shape;
use std::collections::HashMap;

type Input = (Shape, Vec<f64>);

pub fn definition(name: &str, attributes: &[f64], inputs: &[Input]) -> Option<Vec<Vec<f64>>> {
    match name {
        "editDistance" => Some(vec![distances(inputs)]),
        "ctcBeamSearch" => Some(labellings(attributes, inputs)),
        _ => None,
    }
}

fn distances(inputs: &[Input]) -> Vec<f64> {
    let row = |input: &Input, length: &Input, at: usize| -> Vec<f64> {
        input.1[at * input.0[1]..][..length.1[at] as usize].to_vec()
    };
    let batch = 0..inputs[0].0[0];
    batch.map(|at| distance(&row(&inputs[0], &inputs[2], at), &row(&inputs[1], &inputs[3], at)) as f64).collect()
}

fn distance(a: &[f64], b: &[f64]) -> usize {
    match (a, b) {
        ([], rest) | (rest, []) => rest.len(),
        ([x, a @ ..], [y, b @ ..]) if x == y => distance(a, b),
        ([_, shorter_a @ ..], [_, shorter_b @ ..]) => {
            1 + distance(shorter_a, b).min(distance(a, shorter_b)).min(distance(shorter_a, shorter_b))
        }
    }
}

/// For beams as wide as there are beginnings: the probability of every row of classes, added up by labelling.
fn labellings(attributes: &[f64], inputs: &[Input]) -> Vec<Vec<f64>> {
    let (count, blank) = (attributes[1] as usize, attributes[2] as usize);
    let (batch, steps, classes) = (inputs[0].0[0], inputs[0].0[1], inputs[0].0[2]);
    let (mut paths, mut scores) = (Vec::new(), Vec::new());
    for row in 0..batch {
        let length = inputs[1].1[row] as u32;
        let mut chances: HashMap<Vec<usize>, f64> = HashMap::new();
        for code in 0..classes.pow(length) {
            let line: Vec<usize> = (0..length).map(|step| code / classes.pow(step) % classes).collect();
            let terms =
                line.iter().enumerate().map(|(step, class)| inputs[0].1[(row * steps + step) * classes + class]);
            let chance = terms.sum::<f64>().exp();
            let mut labels = line;
            labels.dedup();
            labels.retain(|&class| class != blank);
            *chances.entry(labels).or_default() += chance;
        }
        let mut best: Vec<_> = chances.into_iter().collect();
        best.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (labels, chance) in best.into_iter().take(count) {
            paths.extend((0..steps).map(|at| labels.get(at).map_or(-1.0, |&label| label as f64)));
            scores.push(chance.ln());
        }
    }
    vec![paths, scores]
}
