//! What Fourier transforms are, term by term.

use ferrograd_graph::Shape;
use std::f64::consts::TAU;

type Input = (Shape, Vec<f64>);

pub fn definition(name: &str, attributes: &[f64], inputs: &[Input]) -> Option<Vec<Vec<f64>>> {
    let width = inputs[0].0.last().copied().filter(|&width| width > 0)?;
    let rows = || inputs[0].1.chunks(width);
    let pairs = || inputs[1].1.chunks(width).zip(rows()).map(|(im, re)| (re, im));
    let sides = |signals: Vec<[Vec<f64>; 2]>| {
        let [re, im] = [0, 1].map(|part| signals.iter().flat_map(|both| both[part].clone()).collect());
        Some(vec![re, im])
    };
    match name {
        "rfft" => {
            let zeros = vec![0.0; width];
            sides(rows().map(|x| transform(x, &zeros, -1.0).map(|part| part[..width / 2 + 1].to_vec())).collect())
        }
        "stft" => {
            let (window, stride) = (&inputs[1].1, attributes[0] as usize);
            let frames = rows().flat_map(|x| x.windows(window.len()).step_by(stride));
            let zeros = vec![0.0; window.len()];
            let frequencies = |frame: &[f64]| {
                let under: Vec<f64> = frame.iter().zip(window).map(|(x, w)| x * w).collect();
                transform(&under, &zeros, -1.0).map(|part| part[..window.len() / 2 + 1].to_vec())
            };
            sides(frames.map(frequencies).collect())
        }
        "fft" => {
            let sign = if attributes[0] == 0.0 { -1.0 } else { 1.0 };
            sides(pairs().map(|(re, im)| transform(re, im, sign)).collect())
        }
        "irfft" => {
            let n = attributes[0] as usize;
            Some(vec![pairs().flat_map(|(re, im)| signal(re, im, n)).collect()])
        }
        _ => None,
    }
}

/// `Yₖ = Σⱼ Xⱼ e^(±2πi·jk/n)`
fn transform(re: &[f64], im: &[f64], sign: f64) -> [Vec<f64>; 2] {
    let n = re.len();
    let angle = |j: usize, k: usize| sign * TAU * (j * k) as f64 / n as f64;
    let sum = |k: usize, part: fn(f64, f64, f64) -> f64| (0..n).map(|j| part(re[j], im[j], angle(j, k))).sum();
    [
        (0..n).map(|k| sum(k, |re, im, angle| re * angle.cos() - im * angle.sin())).collect(),
        (0..n).map(|k| sum(k, |re, im, angle| re * angle.sin() + im * angle.cos())).collect(),
    ]
}

/// The real numbers whose frequencies are these and, in the other half, their conjugates.
fn signal(re: &[f64], im: &[f64], n: usize) -> Vec<f64> {
    let (mut all_re, mut all_im) = (vec![0.0; n], vec![0.0; n]);
    for k in 0..n {
        let (at, sign) = if k <= n / 2 { (k, 1.0) } else { (n - k, -1.0) };
        let real = k == 0 || 2 * k == n;
        (all_re[k], all_im[k]) = (re[at], if real { 0.0 } else { sign * im[at] });
    }
    transform(&all_re, &all_im, 1.0)[0].iter().map(|x| x / n as f64).collect()
}
