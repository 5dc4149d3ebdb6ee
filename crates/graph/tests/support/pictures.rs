//! Convolution and pooling by their definitions: a loop over all windows and their numbers.

use ferrograd_graph::Shape;

type Numbers = (Shape, Vec<f64>);

/// Windows along the axes of a picture.
struct Windows {
    inputs: Vec<usize>,
    outputs: Vec<usize>,
    kernel: Vec<usize>,
    strides: Vec<usize>,
    dilations: Vec<usize>,
    before: Vec<usize>,
}

fn unravel(mut at: usize, sizes: &[usize]) -> Vec<usize> {
    let mut index = vec![0; sizes.len()];
    for (place, &size) in index.iter_mut().zip(sizes).rev() {
        *place = at % size;
        at /= size;
    }
    index
}

fn ravel(index: &[usize], sizes: &[usize]) -> usize {
    index.iter().zip(sizes).fold(0, |at, (&i, &size)| at * size + i)
}

fn spatial(shape: &Shape) -> Vec<usize> {
    shape[1..shape.rank() - 1].to_vec()
}

impl Windows {
    /// Calls `each` with the flat places of a window, a number of it and where that lies, where that is inside.
    fn each(&self, mut each: impl FnMut(usize, usize, usize)) {
        for o in 0..self.outputs.iter().product() {
            for k in 0..self.kernel.iter().product() {
                let (window, number) = (unravel(o, &self.outputs), unravel(k, &self.kernel));
                let place = |axis: usize| {
                    let at = window[axis] * self.strides[axis] + number[axis] * self.dilations[axis];
                    at.checked_sub(self.before[axis]).filter(|&at| at < self.inputs[axis])
                };
                if let Some(place) = (0..window.len()).map(place).collect::<Option<Vec<usize>>>() {
                    each(o, k, ravel(&place, &self.inputs));
                }
            }
        }
    }
}

/// Reads lists from encoded attributes.
struct Lists<'a>(&'a [f64]);

impl Lists<'_> {
    fn list(&mut self) -> Vec<usize> {
        let (len, rest) = self.0.split_first().expect("a list");
        let (list, rest) = rest.split_at(*len as usize);
        self.0 = rest;
        list.iter().map(|&x| x as usize).collect()
    }
}

fn even(padding: Vec<usize>) -> Vec<usize> {
    padding.into_iter().step_by(2).collect()
}

/// What the definitions say; `None` for other ops.
pub fn definition(name: &str, attributes: &[f64], inputs: &[Numbers], out: &Shape) -> Option<Vec<f64>> {
    match name {
        "convolution" => Some(convolution(attributes, inputs, out)),
        "maxPool" | "averagePool" => Some(pooling(name, false, &mut Lists(attributes), inputs, out)),
        "maxPoolPlaces" => Some(pooling(name, attributes[0] != 0.0, &mut Lists(&attributes[1..]), inputs, out)),
        "averagePoolInput" => {
            let mut lists = Lists(attributes);
            lists.list();
            Some(pooling(name, false, &mut lists, inputs, out))
        }
        _ => None,
    }
}

fn convolution(attributes: &[f64], inputs: &[Numbers], out: &Shape) -> Vec<f64> {
    let of = attributes[0] as usize;
    let mut lists = Lists(&attributes[1..]);
    let (strides, dilations, padding) = (lists.list(), lists.list(), lists.list());
    let [(first, a), (second, b)] = inputs else { unreachable!("two inputs") };
    let (x, w, y) = [(first, second, out), (out, second, first), (first, out, second)][of];
    let (rank, before) = (x.rank(), even(padding));
    let kernel = w[..rank - 2].to_vec();
    let windows = Windows { inputs: spatial(x), outputs: spatial(y), kernel, strides, dilations, before };
    let (own, channels, filters) = (w[rank - 2], x[rank - 1], y[rank - 1]);
    let places = windows.inputs.iter().product::<usize>();
    let spots = windows.outputs.iter().product::<usize>();
    let mut sums = vec![0.0; out.size()];
    windows.each(|o, k, i| {
        for (n, j, c) in (0..x[0]).flat_map(|n| (0..filters).flat_map(move |j| (0..own).map(move |c| (n, j, c)))) {
            let at_x = (n * places + i) * channels + j / (filters / (channels / own)) * own + c;
            let (at_w, at_y) = ((k * own + c) * filters + j, (n * spots + o) * filters + j);
            let (to, from, by) = [(at_y, at_x, at_w), (at_x, at_y, at_w), (at_w, at_x, at_y)][of];
            sums[to] += a[from] * b[by];
        }
    });
    sums
}

fn pooling(name: &str, take: bool, lists: &mut Lists<'_>, inputs: &[Numbers], out: &Shape) -> Vec<f64> {
    let (kernel, strides, before) = (lists.list(), lists.list(), even(lists.list()));
    let (x, y) = match name {
        "averagePoolInput" => (out, &inputs[0].0),
        "maxPoolPlaces" if !take => (&inputs[0].0, &inputs[1].0),
        _ => (&inputs[0].0, out),
    };
    let dilations = vec![1; kernel.len()];
    let windows = Windows { inputs: spatial(x), outputs: spatial(y), kernel, strides, dilations, before };
    let (channels, places) = (x[x.rank() - 1], windows.inputs.iter().product::<usize>());
    let spots = windows.outputs.iter().product::<usize>();
    let mut numbers = vec![Vec::new(); y.size()];
    windows.each(|o, _, i| {
        for (n, c) in (0..x[0]).flat_map(|n| (0..channels).map(move |c| (n, c))) {
            numbers[(n * spots + o) * channels + c].push((n * places + i) * channels + c);
        }
    });
    let mut sums = vec![0.0; out.size()];
    for (window, numbers) in numbers.iter().enumerate() {
        let values = &inputs[0].1;
        let largest = || *numbers.iter().rev().max_by(|&&a, &&b| values[a].total_cmp(&values[b])).expect("a number");
        let share = 1.0 / numbers.len() as f64;
        match name {
            "maxPool" => sums[window] = values[largest()],
            "maxPoolPlaces" if take => sums[window] = inputs[1].1[largest()],
            "maxPoolPlaces" => sums[largest()] += inputs[1].1[window],
            "averagePool" => sums[window] = numbers.iter().map(|&at| values[at]).sum::<f64>() * share,
            _ => numbers.iter().for_each(|&at| sums[at] += values[window] * share),
        }
    }
    sums
}
