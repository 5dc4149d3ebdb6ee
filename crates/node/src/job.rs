//! Work off the event loop: threads of our own, cancellation, one callback at the end.

use ferrograd_graph::{Error, ErrorCode};
use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Called once: the error's code and message, or neither.
pub type Done = ThreadsafeFunction<
    FnArgs<(Option<String>, Option<String>)>,
    (),
    FnArgs<(Option<String>, Option<String>)>,
    napi::Status,
    false,
>;

type Work = Box<dyn FnOnce() + Send>;

/// The threads of one JavaScript environment that run jobs. Idle ones wait for the next job.
#[derive(Clone, Default)]
pub struct Workers(Arc<State>);

#[derive(Default)]
struct State {
    idle: Mutex<Vec<Sender<Work>>>,
    running: AtomicUsize,
    closing: Arc<AtomicBool>,
}

/// Idle threads kept for later jobs.
const IDLE: usize = 4;

/// How long the end of an environment waits for its jobs.
const PATIENCE: Duration = Duration::from_millis(100);

impl Workers {
    /// Runs `work` on a thread of ours and calls `done` when it has ended, however it ends.
    pub fn start(&self, done: Done, work: impl FnOnce() -> Result<(), Error> + Send + 'static) {
        let state = self.0.clone();
        state.running.fetch_add(1, Ordering::AcqRel);
        self.dispatch(Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
            state.running.fetch_sub(1, Ordering::AcqRel);
            let error = result.err();
            let code = error.as_ref().map(|error| error.code.as_ref().to_owned());
            let message = error.map(|error| error.message);
            done.call(FnArgs::from((code, message)), ThreadsafeFunctionCallMode::NonBlocking);
        }));
    }

    /// True from the moment when the environment ends.
    pub fn closing(&self) -> Arc<AtomicBool> {
        self.0.closing.clone()
    }

    /// Asks every job to end and waits a moment for it.
    pub fn close(&self) {
        self.0.closing.store(true, Ordering::Release);
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let start = Instant::now();
        while self.0.running.load(Ordering::Acquire) > 0 && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn dispatch(&self, work: Work) {
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let work = match idle {
            None => work,
            Some(worker) => match worker.send(work) {
                Ok(()) => return,
                Err(returned) => returned.0,
            },
        };
        let state = self.0.clone();
        let body = move || serve(&state, work);
        std::thread::Builder::new().name("ferrograd".into()).spawn(body).expect("the system starts a thread");
    }
}

/// A worker's life: one job, then whatever comes while it is among the idle.
fn serve(state: &State, first: Work) {
    let (sender, receiver) = channel::<Work>();
    first();
    loop {
        {
            let mut idle = state.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() >= IDLE || state.closing.load(Ordering::Acquire) {
                return;
            }
            idle.push(sender.clone());
        }
        match receiver.recv() {
            Ok(work) => work(),
            Err(_) => return,
        }
        if state.closing.load(Ordering::Acquire) {
            return;
        }
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let what = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let what = what.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "unknown".into());
    Error::new(ErrorCode::Internal, format!("a bug in ferrograd: {what}. Please report it"))
}
