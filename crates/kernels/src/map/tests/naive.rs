//! One element at a time in `f64`: what every compiled path is held against.

use crate::element::DType;
use crate::functions::formulas;
use crate::isa::Isa;
use crate::map::expr::Node;
use crate::map::{Axes, Binary, Expr, Layout, Map, MapInput, MapOutput, MapType, OutputKind, Reduce, Unary};
use crate::math::Scalar;
use crate::threads::Threads;

/// A splitmix64 stream.
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
    pub fn pick<A: Copy>(&mut self, from: &[A]) -> A {
        from[self.below(from.len())]
    }
}

/// Whether a function that ends near a whole number, as `erf` does near 1, may be read by one that jumps there: then a few
/// roundings at random may all be on one side.
fn jumps(expr: &Expr) -> bool {
    let unary =
        |wanted: &[Unary]| expr.nodes.iter().any(|node| matches!(node, Node::Unary(op, _) if wanted.contains(op)));
    let formulas: Vec<Unary> =
        Unary::ALL.iter().copied().filter(|&op| of_the_standard_library(op, 0.0).is_some()).collect();
    unary(&formulas) && unary(&[Unary::Sign, Unary::Floor, Unary::Ceil, Unary::Round, Unary::Trunc])
}

macro_rules! of_formulas {
    ($($(#[$note:meta])* $formula:ident = $method:ident, $price:literal, |$x:ident| $scalar:expr;)*) => {
        /// What has a formula, of a number of float64: `math/tests.rs` holds that to the standard library.
        fn of_the_standard_library(op: Unary, a: f64) -> Option<f64> {
            match op {
                $(Unary::$formula => Some(Scalar::$method(a)),)*
                _ => None,
            }
        }
    };
}
formulas!(of_formulas);

pub fn unary(op: Unary, a: f64) -> f64 {
    let truth = |t: bool| f64::from(u8::from(t));
    match op {
        Unary::Neg => -a,
        Unary::Abs => a.abs(),
        Unary::Sign if a.is_nan() => a,
        Unary::Sign => truth(a > 0.0) - truth(a < 0.0),
        Unary::Floor => a.floor(),
        Unary::Ceil => a.ceil(),
        Unary::Round => a.round_ties_even(),
        Unary::Trunc => a.trunc(),
        Unary::Square => a * a,
        Unary::Sqrt => a.sqrt(),
        Unary::Rsqrt => 1.0 / a.sqrt(),
        Unary::Recip => 1.0 / a,
        Unary::Relu if a.is_nan() => a,
        Unary::Relu => a.max(0.0),
        Unary::Not => truth(a == 0.0),
        Unary::IsNan => truth(a.is_nan()),
        Unary::IsFinite => truth(a.is_finite()),
        op => of_the_standard_library(op, a).expect("what has no formula is above"),
    }
}

pub fn binary(op: Binary, a: f64, b: f64) -> f64 {
    let truth = |t: bool| f64::from(u8::from(t));
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Min | Binary::Max if a.is_nan() || b.is_nan() => f64::NAN,
        Binary::Min => a.min(b),
        Binary::Max => a.max(b),
        Binary::Pow => a.powf(b),
        Binary::Arctan2 => a.atan2(b),
        Binary::FloorDiv => (a / b).floor(),
        Binary::Mod => a - b * (a / b).floor(),
        Binary::Eq => truth(a == b),
        Binary::Ne => truth(a != b),
        Binary::Lt => truth(a < b),
        Binary::Le => truth(a <= b),
        Binary::Gt => truth(a > b),
        Binary::Ge => truth(a >= b),
        Binary::And => truth(a != 0.0 && b != 0.0),
        Binary::Or => truth(a != 0.0 || b != 0.0),
    }
}

/// Every value of `expr` for one element. With `noise`, each result is off by up to `noise` of itself: how far the
/// values then move is how far rounding may move them.
pub fn evaluate(expr: &Expr, inputs: &[f64], noise: f64, random: &mut Random) -> Vec<f64> {
    let mut values: Vec<f64> = Vec::new();
    for node in &expr.nodes {
        let value = match *node {
            Node::Input(i) => inputs[i],
            Node::Constant(bits) => f64::from_bits(bits),
            Node::Unary(op, a) => unary(op, values[a.index()]),
            Node::Binary(op, a, b) => binary(op, values[a.index()], values[b.index()]),
            Node::Select(m, a, b) => values[if values[m.index()] != 0.0 { a } else { b }.index()],
        };
        values.push(if noise == 0.0 { value } else { value * (1.0 + noise * (2.0 * random.unit() - 1.0)) });
    }
    values
}

/// Bytes of one operand, aligned for every type.
#[derive(Clone)]
pub struct Buffer {
    words: Vec<u64>,
    pub dtype: DType,
}

impl Buffer {
    pub fn new(dtype: DType, len: usize) -> Buffer {
        Buffer { words: vec![0; (len * dtype.size()).div_ceil(8) + 1], dtype }
    }
    pub fn of(dtype: DType, values: &[f64]) -> Buffer {
        let mut buffer = Buffer::new(dtype, values.len());
        values.iter().enumerate().for_each(|(i, &v)| buffer.set(i, v));
        buffer
    }
    pub fn pointer(&mut self) -> *mut u8 {
        self.words.as_mut_ptr().cast()
    }
    pub fn get(&self, i: usize) -> f64 {
        let p = self.words.as_ptr().cast::<u8>();
        assert!((i + 1) * self.dtype.size() <= self.words.len() * 8);
        // Safety: checked above; the buffer is aligned for every type.
        unsafe {
            match self.dtype {
                DType::F32 => f64::from(*p.cast::<f32>().add(i)),
                DType::F64 => *p.cast::<f64>().add(i),
                DType::I32 => f64::from(*p.cast::<i32>().add(i)),
                DType::Bool => f64::from(*p.add(i)),
            }
        }
    }
    pub fn set(&mut self, i: usize, v: f64) {
        let p = self.pointer();
        assert!((i + 1) * self.dtype.size() <= self.words.len() * 8);
        // Safety: checked above; the buffer is aligned for every type.
        unsafe {
            match self.dtype {
                DType::F32 => *p.cast::<f32>().add(i) = v as f32,
                DType::F64 => *p.cast::<f64>().add(i) = v,
                DType::I32 => *p.cast::<i32>().add(i) = v as i32,
                DType::Bool => *p.add(i) = u8::from(v != 0.0),
            }
        }
    }
    pub fn bits(&self) -> &[u64] {
        &self.words
    }
}

/// A program with its operands.
pub struct Case {
    pub shape: Vec<usize>,
    pub expr: Expr,
    pub inputs: Vec<(MapInput, Buffer)>,
    pub outputs: Vec<MapOutput>,
    /// `alias[o] = Some(i)`: output `o` is written over input `i`.
    pub alias: Vec<Option<usize>>,
}

/// Row-major indices of `shape`.
pub fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let total: usize = shape.iter().product();
    let index = |mut flat: usize| {
        let mut index = vec![0; shape.len()];
        for (i, &extent) in index.iter_mut().zip(shape).rev() {
            *i = flat % extent;
            flat /= extent;
        }
        index
    };
    (0..total).map(index).collect()
}

pub fn place(layout: &Layout, index: &[usize]) -> usize {
    let moved: isize = layout.strides.iter().zip(index).map(|(s, &i)| s * i as isize).sum();
    (layout.offset as isize + moved) as usize
}

/// Where element `index` of the iteration goes in an output, and how many elements the output has.
pub fn target(kind: OutputKind, shape: &[usize], index: &[usize]) -> usize {
    let kept = match kind {
        OutputKind::Store => 0..shape.len(),
        OutputKind::Reduce { axes: Axes::All, .. } => 0..0,
        OutputKind::Reduce { axes: Axes::Trailing(k), .. } => 0..shape.len() - k,
        OutputKind::Reduce { axes: Axes::Leading(k), .. } => k..shape.len(),
    };
    kept.fold(0, |flat, d| flat * shape[d] + index[d])
}

pub fn output_len(kind: OutputKind, shape: &[usize]) -> usize {
    match kind {
        OutputKind::Store => shape.iter().product(),
        OutputKind::Reduce { axes: Axes::All, .. } => 1,
        OutputKind::Reduce { axes: Axes::Trailing(k), .. } => shape[..shape.len() - k].iter().product(),
        OutputKind::Reduce { axes: Axes::Leading(k), .. } => shape[k..].iter().product(),
    }
}

impl Case {
    /// What each output should hold, and how far off it may be, for a program that rounds by `epsilon`.
    pub fn expected(&self, epsilon: f64, huge: f64) -> Vec<Vec<(f64, f64)>> {
        let mut random = Random(1);
        let start = |o: &MapOutput| match o.kind {
            OutputKind::Store | OutputKind::Reduce { op: Reduce::Sum, .. } => 0.0,
            OutputKind::Reduce { op: Reduce::Prod, .. } => 1.0,
            OutputKind::Reduce { op: Reduce::Max, .. } => f64::NEG_INFINITY,
            OutputKind::Reduce { op: Reduce::Min, .. } => f64::INFINITY,
        };
        let mut all: Vec<Vec<(f64, f64)>> =
            self.outputs.iter().map(|o| vec![(start(o), 0.0); output_len(o.kind, &self.shape)]).collect();
        let tries = if jumps(&self.expr) { 24 } else { 4 };
        for index in indices(&self.shape) {
            let inputs: Vec<f64> = self.inputs.iter().map(|(i, b)| b.get(place(&i.layout, &index))).collect();
            let exact = evaluate(&self.expr, &inputs, 0.0, &mut random);
            let off: Vec<Vec<f64>> = (0..tries).map(|_| evaluate(&self.expr, &inputs, epsilon, &mut random)).collect();
            for (o, all) in self.outputs.iter().zip(&mut all) {
                let v = exact[o.value.index()];
                // What a value beyond the range turns into depends on roundings that the program may choose.
                let wild = exact.iter().any(|v| v.abs() > huge);
                let slack = if wild { f64::INFINITY } else { 0.0 };
                let slack = slack + off.iter().map(|w| (w[o.value.index()] - v).abs()).fold(0.0, f64::max) * 8.0;
                let (value, error) = &mut all[target(o.kind, &self.shape, &index)];
                match o.kind {
                    OutputKind::Store => (*value, *error) = (v, slack),
                    OutputKind::Reduce { op, .. } => {
                        join(op, value, error, v, slack + v.abs() * 4.0 * epsilon);
                        // The naive sum rounds too, and a product may leave the range half way.
                        *error += if value.abs() > huge { f64::INFINITY } else { value.abs() * f64::EPSILON };
                    }
                }
            }
        }
        for (o, all) in self.outputs.iter().zip(&mut all) {
            let scale = o.scale.unwrap_or(1.0);
            all.iter_mut().for_each(|(v, e)| (*v, *e) = (*v * scale, *e * scale.abs()));
        }
        all
    }

    /// The outputs of the compiled program.
    pub fn run<T: MapType>(&self, isa: Isa, threads: usize) -> Vec<Buffer> {
        let inputs = self.inputs.iter().map(|i| i.0.clone()).collect();
        let map = Map::<T>::new(&self.shape, self.expr.clone(), inputs, self.outputs.clone(), isa).expect("compiles");
        let mut buffers: Vec<Buffer> = self.inputs.iter().map(|i| i.1.clone()).collect();
        let fresh = |o: &MapOutput| Buffer::new(o.dtype, output_len(o.kind, &self.shape));
        let mut outputs: Vec<Buffer> = self.outputs.iter().map(fresh).collect();
        let to: Vec<*mut u8> = (0..outputs.len())
            .map(|o| match self.alias[o] {
                Some(i) => buffers[i].pointer(),
                None => outputs[o].pointer(),
            })
            .collect();
        let from: Vec<*const u8> = buffers.iter_mut().map(|b| b.pointer().cast_const()).collect();
        let mut workspace = vec![0xa5; map.workspace_len()];
        // Safety: every buffer covers its layout, and aliases are of contiguous inputs of the same size.
        unsafe { map.run(&Threads::new(threads), &from, &to, &mut workspace) };
        for (o, alias) in self.alias.iter().enumerate() {
            if let Some(i) = *alias {
                outputs[o] = Buffer { dtype: self.outputs[o].dtype, ..buffers[i].clone() };
            }
        }
        outputs
    }

    /// Runs on every instruction set and compares.
    pub fn check<T: MapType>(&self, epsilon: f64, name: &str) {
        // Beyond this, `f32` and `i32` may overflow.
        let huge = if T::DTYPE == DType::I32 { 2e9 } else { 1e37 };
        let expected = self.expected(epsilon, huge);
        for isa in Isa::available() {
            let outputs = self.run::<T>(isa, 1);
            for (o, (output, expected)) in outputs.iter().zip(&expected).enumerate() {
                for (i, &(value, error)) in expected.iter().enumerate() {
                    let got = output.get(i);
                    let what = format!("{name} {isa:?} output {o}[{i}] of {:?}", self.shape);
                    self.compare::<T>(o, got, value, error, &what);
                }
            }
        }
    }

    fn compare<T: MapType>(&self, o: usize, got: f64, value: f64, error: f64, what: &str) {
        let dtype = self.outputs[o].dtype;
        let narrow = T::DTYPE == DType::F32 || dtype == DType::F32;
        let unsure = !error.is_finite() || !value.is_finite() && error != 0.0 || error > 1e-2 * value.abs() + 1e-3;
        match dtype {
            DType::F32 | DType::F64 => {
                let floor = if narrow { 1e-36 } else { 1e-300 };
                let rounding = if narrow { 6e-8 * value.abs() } else { 0.0 };
                let fits =
                    got == value || (got - value).abs() <= error + rounding + floor || got.is_nan() && value.is_nan();
                assert!(fits || unsure, "{what}: {got} instead of {value} ± {error}\n{:#?}", self.expr.nodes);
            }
            DType::I32 if error <= 1e-6 => assert_eq!(got, f64::from(value as i32), "{what}"),
            DType::Bool if error == 0.0 => assert_eq!(got, f64::from(u8::from(value != 0.0)), "{what}"),
            DType::I32 => {
                let fits = (got - value).abs() <= error + 1.0;
                assert!(fits || unsure || value.abs() > 2e9, "{what}: {got} instead of {value} ± {error}");
            }
            DType::Bool => {}
        }
    }
}

fn join(op: Reduce, value: &mut f64, error: &mut f64, v: f64, slack: f64) {
    match op {
        Reduce::Sum => (*value, *error) = (*value + v, *error + slack),
        Reduce::Prod => (*value, *error) = (*value * v, *error * v.abs() + slack * value.abs()),
        Reduce::Max => (*value, *error) = (binary(Binary::Max, *value, v), error.max(slack)),
        Reduce::Min => (*value, *error) = (binary(Binary::Min, *value, v), error.max(slack)),
    }
}
