//! Work off the event loop: threads of our own, cancellation, one callback at the end.

use ferrograd_graph::{Error, ErrorCode};
use ferrograd_kernels::threads::let_callers_go_first;
use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use std::collections::VecDeque;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

type Ended = FnArgs<(u32, Option<String>, Option<String>)>;

/// Tells JavaScript that a job has ended: its ticket, and the error's code and message, or neither.
///
/// One for all jobs of an environment: making one costs more than a small job. It does not keep the process alive.
pub type Done = ThreadsafeFunction<Ended, (), Ended, napi::Status, false, true>;

type Work = Box<dyn FnOnce() + Send>;

/// The threads of one JavaScript environment that run jobs. Idle ones wait for the next job.
#[derive(Clone)]
pub struct Workers(Arc<State>);

struct State {
    done: Done,
    idle: Mutex<Vec<Sender<Work>>>,
    line: Mutex<Line>,
    /// Jobs that wait in the line.
    waiting: AtomicUsize,
    running: AtomicUsize,
    closing: Arc<AtomicBool>,
}

/// Jobs that run one after another.
#[derive(Default)]
struct Line {
    jobs: VecDeque<Work>,
    /// A thread is at it, and looks again before it leaves.
    served: bool,
}

/// Idle threads kept for later jobs.
const IDLE: usize = 4;

/// How long the end of an environment waits for its jobs.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long the thread that serves the line looks out for the next job: about as long as JavaScript needs to hear of
/// one result and ask for the next. Waking a sleeping thread would take longer.
const LINGER: Duration = Duration::from_micros(100);

impl Workers {
    /// No threads yet; `done` hears of every job's end.
    pub fn new(done: Done) -> Workers {
        Workers(Arc::new(State {
            done,
            idle: Mutex::default(),
            line: Mutex::default(),
            waiting: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            closing: Arc::default(),
        }))
    }

    /// Runs `work` on a thread of ours and tells of its end, however it ends.
    pub fn start(&self, ticket: u32, work: impl FnOnce() -> Result<(), Error> + Send + 'static) {
        let job = self.job(ticket, work);
        self.dispatch(job);
    }

    /// As [`Workers::start`], after all jobs that were lined up before have ended.
    pub fn line_up(&self, ticket: u32, work: impl FnOnce() -> Result<(), Error> + Send + 'static) {
        self.push(self.job(ticket, work));
    }

    /// Waits until all jobs that are lined up now have ended.
    pub fn drain(&self) {
        let (last, ended) = channel();
        self.push(Box::new(move || {
            let _ = last.send(());
        }));
        // An error says that the environment ends and the line was given up.
        let _ = ended.recv();
    }

    fn push(&self, job: Work) {
        let mut line = self.0.line();
        line.jobs.push_back(job);
        self.0.waiting.fetch_add(1, Ordering::Release);
        if !std::mem::replace(&mut line.served, true) {
            drop(line);
            let state = self.0.clone();
            self.dispatch(Box::new(move || state.serve_line()));
        }
    }

    fn job(&self, ticket: u32, work: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Work {
        let state = self.0.clone();
        state.running.fetch_add(1, Ordering::AcqRel);
        Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
            state.running.fetch_sub(1, Ordering::AcqRel);
            let error = result.err();
            let code = error.as_ref().map(|error| error.code.as_ref().to_owned());
            let message = error.map(|error| error.message);
            state.done.call(FnArgs::from((ticket, code, message)), ThreadsafeFunctionCallMode::NonBlocking);
        })
    }

    /// True from the moment when the environment ends.
    pub fn closing(&self) -> Arc<AtomicBool> {
        self.0.closing.clone()
    }

    /// Asks every job to end and waits a moment for it.
    pub fn close(&self) {
        self.0.closing.store(true, Ordering::Release);
        let left = std::mem::take(&mut self.0.line().jobs);
        self.0.running.fetch_sub(left.len(), Ordering::AcqRel);
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
        let body = move || {
            let_callers_go_first();
            serve(&state, work);
        };
        std::thread::Builder::new().name("ferrograd".into()).spawn(body).expect("the system starts a thread");
    }
}

impl State {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs what is lined up until nothing comes any more.
    fn serve_line(&self) {
        loop {
            let next = self.line().jobs.pop_front();
            if let Some(job) = next {
                self.waiting.fetch_sub(1, Ordering::AcqRel);
                job();
            } else if !self.linger() {
                let mut line = self.line();
                if line.jobs.is_empty() {
                    line.served = false;
                    return;
                }
            }
        }
    }

    /// Looks out for another job in the line, for a moment; true where one came.
    fn linger(&self) -> bool {
        let start = Instant::now();
        while self.waiting.load(Ordering::Acquire) == 0 {
            if start.elapsed() > LINGER || self.closing.load(Ordering::Acquire) {
                return false;
            }
            for _ in 0..32 {
                spin_loop();
            }
        }
        true
    }
}

/// A worker's life: one job, then whatever comes while it is among the idle.
fn serve(state: &State, first: Work) {
    let (sender, receiver) = channel::<Work>();
    first();
    loop {
        crate::external::tidy();
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

/// What is told of a panic.
pub fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let what = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let what = what.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "unknown".into());
    Error::new(ErrorCode::Internal, format!("a bug in ferrograd: {what}. Please report it"))
}
