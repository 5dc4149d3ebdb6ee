//! The times of a program's kernels inside epochs.

use crate::program::BindingProgram;
use ferrograd_graph::profile::{Profile, Row, Times, clock};
use napi_derive::napi;
use std::sync::{Arc, Mutex, PoisonError};

/// The times of a program's steps, over any number of epochs.
#[napi]
pub struct BindingProfile(Arc<Mutex<Profile>>);

/// What one part of a step takes.
#[napi(object, object_from_js = false)]
pub struct ProfileRow {
    /// The kernel; `feed` for handing over the rows.
    pub kernel: String,
    /// Sizes, and what is computed.
    pub detail: String,
    /// The variables whose new values it computes, or else those that it reads.
    pub variables: Vec<String>,
    /// Seconds, as most steps have it.
    pub median: f64,
    /// Seconds at the least.
    pub least: f64,
    /// Seconds on average.
    pub mean: f64,
    /// Multiplications and additions, where they are what it takes time for.
    pub flops: Option<f64>,
    /// Bytes that it reads and writes.
    pub bytes: f64,
}

#[napi]
impl BindingProfile {
    /// No steps of `program` yet.
    #[napi(constructor, catch_unwind)]
    pub fn new(program: &BindingProgram) -> BindingProfile {
        BindingProfile(Arc::new(Mutex::new(Profile::new(&program.program))))
    }

    /// How many steps ran.
    #[napi(getter, catch_unwind)]
    pub fn steps(&self) -> u32 {
        self.with(|profile| profile.steps() as u32)
    }

    /// Seconds of a whole step: as most have it, at the least, on average. Nothing before the first.
    #[napi(getter, catch_unwind)]
    pub fn whole(&self) -> Vec<f64> {
        let list = |times: Times| vec![times.median, times.least, times.mean];
        self.with(Profile::whole).map(list).unwrap_or_default()
    }

    /// Seconds of a look at the clock: every row has one in it.
    #[napi(getter, catch_unwind)]
    pub fn clock(&self) -> f64 {
        clock()
    }

    /// Feeding, then the kernels in the order in which they run.
    #[napi(catch_unwind)]
    pub fn rows(&self) -> Vec<ProfileRow> {
        self.with(Profile::rows).into_iter().map(ProfileRow::from).collect()
    }

    pub(crate) fn profile(&self) -> Arc<Mutex<Profile>> {
        self.0.clone()
    }

    fn with<T>(&self, read: impl FnOnce(&Profile) -> T) -> T {
        read(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl From<Row> for ProfileRow {
    fn from(row: Row) -> ProfileRow {
        let Row { kernel, times: Times { median, least, mean } } = row;
        let (kernel, detail, variables, flops, bytes) = match kernel {
            None => ("feed".to_owned(), String::new(), Vec::new(), None, 0),
            Some(info) => (info.name.to_owned(), info.detail, info.variables, info.flops, info.bytes),
        };
        ProfileRow { kernel, detail, variables, median, least, mean, flops, bytes: bytes as f64 }
    }
}
