//! Where the time of a program's steps goes, kernel by kernel.

use crate::program::{KernelInfo, Program};
use std::time::{Duration, Instant};

/// Of so many steps, the last ones, the single times are kept: medians need them.
const KEPT: usize = 1024;

/// The times of a program's steps inside an epoch: of feeding, of each kernel, and of the whole.
#[derive(Debug)]
pub struct Profile {
    kernels: Vec<KernelInfo>,
    /// Seconds of the parts of each kept step, step after step.
    kept: Vec<f32>,
    /// What the step on its way takes.
    current: Vec<f64>,
    least: Vec<f64>,
    total: Vec<f64>,
    steps: usize,
}

/// What one part of a step takes.
#[derive(Clone, Debug)]
pub struct Row {
    /// The kernel, `None` for feeding.
    pub kernel: Option<KernelInfo>,
    /// How long it takes.
    pub times: Times,
}

/// Seconds of something that is done in every step.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Seconds, as most steps have it.
    pub median: f64,
    /// Seconds at the least.
    pub least: f64,
    /// Seconds on average.
    pub mean: f64,
}

impl Profile {
    /// No steps yet.
    pub fn new(program: &Program) -> Profile {
        let kernels = program.kernels();
        let parts = kernels.len() + 2;
        let kept = Vec::with_capacity(parts * KEPT);
        let (least, total) = (vec![f64::INFINITY; parts], vec![0.0; parts]);
        Profile { kernels, kept, current: vec![0.0; parts], least, total, steps: 0 }
    }

    /// Where a step that runs adds the seconds of feeding, then of each kernel.
    pub fn begin(&mut self) -> &mut [f64] {
        self.current.fill(0.0);
        let whole = self.current.len() - 1;
        &mut self.current[..whole]
    }

    /// The step has run and took `wall` in all.
    pub fn end(&mut self, wall: Duration) {
        let parts = self.current.len();
        self.current[parts - 1] = wall.as_secs_f64();
        if self.kept.len() < parts * KEPT {
            self.kept.extend(self.current.iter().map(|&seconds| seconds as f32));
        } else {
            let at = self.steps % KEPT * parts;
            self.kept[at..at + parts].iter_mut().zip(&self.current).for_each(|(kept, &seconds)| *kept = seconds as f32);
        }
        for (part, &seconds) in self.current.iter().enumerate() {
            self.least[part] = self.least[part].min(seconds);
            self.total[part] += seconds;
        }
        self.steps += 1;
    }

    /// How many steps ran.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// A step as a whole, from before its rows are handed over until it is done; `None` before the first.
    pub fn whole(&self) -> Option<Times> {
        (self.steps > 0).then(|| self.times(self.current.len() - 1))
    }

    /// Feeding, then the kernels in the order in which they run; none before the first step.
    pub fn rows(&self) -> Vec<Row> {
        let kernel = |part: usize| part.checked_sub(1).map(|kernel| self.kernels[kernel].clone());
        let row = |part: usize| Row { kernel: kernel(part), times: self.times(part) };
        if self.steps == 0 { Vec::new() } else { (0..=self.kernels.len()).map(row).collect() }
    }

    fn times(&self, part: usize) -> Times {
        let mean = self.total[part] / self.steps as f64;
        Times { median: self.median(part), least: self.least[part], mean }
    }

    fn median(&self, part: usize) -> f64 {
        let mut times: Vec<f32> = self.kept.iter().skip(part).step_by(self.current.len()).copied().collect();
        times.sort_by(f32::total_cmp);
        f64::from(times[times.len() / 2])
    }
}

/// Seconds that one look at the clock takes, at the least: every row of a profile has one in it.
pub fn clock() -> f64 {
    let look = |_| {
        let start = Instant::now();
        start.elapsed().as_secs_f64()
    };
    (0..256).map(look).fold(f64::INFINITY, f64::min)
}
