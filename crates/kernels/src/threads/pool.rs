//! A static pool: one job at a time, its tasks claimed from shared stretches, workers that spin a while and then sleep.
//!
//! All of a job's life is in one word, the gate: generation, open or shut, how many workers are inside. A worker
//! enters only while the gate is open and at the generation it looked at, and the caller shuts the gate and waits
//! until nobody is inside before the job's borrow ends. So a worker that wakes late finds a shut gate and touches
//! nothing, and the caller never waits for workers that have not come.

use super::Padded;
use super::claims::{Claims, MOST};
use super::float_mode::FloatMode;
use super::priority::let_callers_go_first;
use super::sync::{AtomicBool, AtomicU64, AtomicUsize, Builder, Condvar, JoinHandle, Mutex, MutexGuard, Slot};
use std::any::Any;
use std::cell::Cell;
#[cfg(not(loom))]
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread::available_parallelism;
#[cfg(not(loom))]
use std::time::{Duration, Instant};

/// How long a thread spins for news before it sleeps. Steps of a program follow each other faster than this; a pool
/// that nobody uses costs nothing after it.
#[cfg(not(loom))]
const SPIN: Duration = Duration::from_micros(50);
/// Looks between two looks at the clock.
#[cfg(not(loom))]
const LOOKS: u32 = 64;

/// The gate's low bits count the workers inside.
const INSIDE: u64 = 0xffff;
/// The job may be entered.
const OPEN: u64 = 1 << 16;
/// The caller sleeps until nobody is inside.
const WAITING: u64 = 1 << 17;
/// Workers go home.
const QUIT: u64 = 1 << 18;
/// One generation per job, in the high bits.
const GENERATION: u64 = 1 << 19;

fn generation(gate: u64) -> u64 {
    gate / GENERATION
}

type Payload = Box<dyn Any + Send>;
/// What a job calls with a thread's number, 0 for the caller, and a task's.
pub(super) type Task<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// The workers, joined when this is dropped.
pub(super) struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl Pool {
    /// Starts `workers` threads, or as many as the system allows.
    pub(super) fn new(workers: usize) -> Pool {
        let workers = workers.min(INSIDE as usize);
        let cores = available_parallelism().map_or(1, |n| n.get());
        let shared = Arc::new(Shared::new(1 + workers));
        // A worker beyond the machine's cores would spin on a core that somebody computes on.
        let start = |i: usize| spawn(Arc::clone(&shared), i, i + 1 < cores);
        let workers = (0..workers).map_while(start).collect();
        Pool { shared, workers }
    }

    pub(super) fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Runs the job on at most `most` threads; false, having done nothing, when the pool is busy with another.
    pub(super) fn try_run(&self, most: usize, tasks: usize, task: &Task<'_>) -> bool {
        // Before the pool is taken: a panic later would leave it taken for ever.
        assert!(tasks <= MOST, "expected at most {MOST} tasks, got {tasks}");
        let shared = &*self.shared;
        if shared.busy.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return false;
        }
        let job = shared.publish(most.min(1 + self.workers()), tasks, task);
        shared.work(0, &job, task);
        shared.close();
        let panic = lock(&shared.panic).take();
        shared.busy.store(false, Ordering::Release);
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
        true
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Nobody runs: a run borrows the pool.
        self.shared.gate.0.fetch_or(QUIT, Ordering::SeqCst);
        drop(lock(&self.shared.sleep));
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // Workers catch their tasks' panics, so that there is nothing to report.
            let _ = worker.join();
        }
    }
}

/// Calls every task on this thread; when one panics the others still run, then the first panic goes on.
pub(super) fn run_here(tasks: usize, task: &Task<'_>) {
    let next = Cell::new(0);
    let claim = || Some(next.replace(next.get() + 1)).filter(|&i| i < tasks);
    let mut first = None;
    run_claimed(0, claim, task, |payload| keep_first(&mut first, payload));
    if let Some(payload) = first {
        resume_unwind(payload);
    }
}

/// Runs tasks until `claim` has no more, reporting each panic and going on.
fn run_claimed(thread: usize, claim: impl Fn() -> Option<usize>, task: &Task<'_>, mut report: impl FnMut(Payload)) {
    let work = || {
        while let Some(i) = claim() {
            task(thread, i);
        }
    };
    while let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
        report(payload);
    }
}

fn keep_first(first: &mut Option<Payload>, payload: Payload) {
    match first {
        None => *first = Some(payload),
        // Dropping a payload may panic again, which would lose a worker: leak it.
        Some(_) => std::mem::forget(payload),
    }
}

fn spawn(shared: Arc<Shared>, index: usize, spins: bool) -> Option<JoinHandle<()>> {
    let thread = index + 1;
    let body = move || {
        let_callers_go_first();
        shared.serve(thread, spins);
    };
    Builder::new().name(format!("ferrograd-{thread}")).spawn(body).ok()
}

/// Locks; a panic elsewhere leaves nothing half-done behind these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks until `look` sees something or the spinning time is over.
#[cfg(not(loom))]
fn spin<T>(look: impl Fn() -> Option<T>) -> Option<T> {
    let mut until = None;
    loop {
        for _ in 0..LOOKS {
            if let Some(seen) = look() {
                return Some(seen);
            }
            spin_loop();
        }
        let now = Instant::now();
        if now > *until.get_or_insert(now + SPIN) {
            return None;
        }
    }
}

/// Looks once: to look again is another way for threads to meet, which loom knows by itself.
#[cfg(loom)]
fn spin<T>(look: impl Fn() -> Option<T>) -> Option<T> {
    look()
}

/// What workers need of the caller's run.
#[derive(Clone, Copy)]
struct Job {
    /// Borrowed from the caller, with the lifetime taken off: valid for whoever is inside the gate.
    task: *const Task<'static>,
    /// Threads from this number on stay out.
    most: usize,
    /// Among how many threads the tasks are shared out at first.
    stretches: usize,
    mode: FloatMode,
}

struct Shared {
    gate: Padded<AtomicU64>,
    claims: Claims,
    /// Written by the caller while the gate is shut and nobody is inside; read by those inside.
    job: Padded<Slot<Option<Job>>>,
    /// A caller owns the pool.
    busy: AtomicBool,
    /// The first panic of the job.
    panic: Mutex<Option<Payload>>,
    /// How many workers sleep or are about to.
    sleepers: AtomicUsize,
    sleep: Mutex<()>,
    wake: Condvar,
    done: Condvar,
}

// Safety: `job` is the only part that is not `Sync`, and its rule is stated at the field.
unsafe impl Sync for Shared {}
// Safety: the pointer in `job` is to a `Sync` closure and is only followed inside the gate.
unsafe impl Send for Shared {}

/// The caller's side.
impl Shared {
    fn new(threads: usize) -> Shared {
        Shared {
            gate: Padded(AtomicU64::new(0)),
            claims: Claims::new(threads),
            job: Padded(Slot::new(None)),
            busy: AtomicBool::new(false),
            panic: Mutex::new(None),
            sleepers: AtomicUsize::new(0),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
            done: Condvar::new(),
        }
    }

    /// Opens the gate on a job for the first `most` threads and wakes as many sleepers as it has tasks for.
    fn publish(&self, most: usize, tasks: usize, task: &Task<'_>) -> Job {
        // Safety: only the lifetime changes. `close` returns after the last worker has left, within the borrow.
        let task = unsafe { std::mem::transmute::<*const Task<'_>, *const Task<'static>>(task) };
        let job = Job { task, most, stretches: most.min(tasks), mode: FloatMode::current() };
        // Safety: we hold `busy`, the gate is shut and the last `close` saw nobody inside.
        unsafe { self.job.0.write(Some(job)) };
        self.claims.share(tasks, job.stretches);
        let generation = generation(self.gate.0.load(Ordering::Relaxed)) + 1;
        // In one total order with `sleepers`: either we see the sleeper or it sees the open gate.
        self.gate.0.store((generation * GENERATION) | OPEN, Ordering::SeqCst);
        let sleepers = self.sleepers.load(Ordering::SeqCst);
        if sleepers > 0 {
            // Who wakes is not ours to choose: where some may not take part, all are woken.
            self.wake(if most < self.claims.threads() { sleepers } else { sleepers.min(tasks - 1) });
        }
        job
    }

    #[cold]
    fn wake(&self, count: usize) {
        // Whoever is between its last look and its sleep holds the lock.
        drop(lock(&self.sleep));
        for _ in 0..count {
            self.wake.notify_one();
        }
    }

    /// Claims and runs tasks until none is left.
    fn work(&self, thread: usize, job: &Job, task: &Task<'_>) {
        let claim = || self.claims.next(thread, job.stretches);
        run_claimed(thread, claim, task, |payload| keep_first(&mut lock(&self.panic), payload));
    }

    /// Shuts the gate and returns when nobody is inside: then every task is done, since all were claimed.
    fn close(&self) {
        let nobody = |gate: u64| gate & INSIDE == 0;
        if nobody(self.gate.0.fetch_and(!OPEN, Ordering::AcqRel)) {
            return;
        }
        if spin(|| nobody(self.gate.0.load(Ordering::Acquire)).then_some(())).is_some() {
            return;
        }
        let mut guard = lock(&self.sleep);
        let mut gate = self.gate.0.fetch_or(WAITING, Ordering::AcqRel);
        while !nobody(gate) {
            guard = self.done.wait(guard).unwrap_or_else(PoisonError::into_inner);
            gate = self.gate.0.load(Ordering::Acquire);
        }
    }
}

/// The workers' side.
impl Shared {
    /// A worker's life.
    fn serve(&self, thread: usize, spins: bool) {
        let mut seen = 0;
        while let Some(current) = self.next_job(seen, spins) {
            if self.enter(current) {
                self.help(thread);
                self.leave();
            }
            seen = current;
        }
    }

    /// Waits for a job of another generation than `seen`; none when the pool goes home.
    fn next_job(&self, seen: u64, spins: bool) -> Option<u64> {
        let news = |gate: u64| gate & QUIT != 0 || (gate & OPEN != 0 && generation(gate) != seen);
        let look = || Some(self.gate.0.load(Ordering::Acquire)).filter(|&gate| news(gate));
        let spun = if spins { spin(look) } else { look() };
        let gate = spun.unwrap_or_else(|| self.sleep_until(news));
        (gate & QUIT == 0).then(|| generation(gate))
    }

    #[cold]
    fn sleep_until(&self, news: impl Fn(u64) -> bool) -> u64 {
        let mut guard = lock(&self.sleep);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        let gate = loop {
            let gate = self.gate.0.load(Ordering::SeqCst);
            if news(gate) {
                break gate;
            }
            guard = self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        };
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        gate
    }

    /// Goes inside; false when that job has been shut meanwhile.
    fn enter(&self, current: u64) -> bool {
        let step = |gate: u64| (gate & OPEN != 0 && generation(gate) == current).then_some(gate + 1);
        self.gate.0.fetch_update(Ordering::Acquire, Ordering::Relaxed, step).is_ok()
    }

    /// Works on the job that this thread is inside of.
    fn help(&self, thread: usize) {
        // Safety: we are inside, so the caller has written the job and does not touch it until we leave.
        let job = unsafe { self.job.0.read() }.expect("an open gate has a job");
        if thread >= job.most {
            return;
        }
        if FloatMode::current() != job.mode {
            job.mode.set();
        }
        // Safety: the caller keeps the closure alive until nobody is inside.
        self.work(thread, &job, unsafe { &*job.task });
    }

    fn leave(&self) {
        let before = self.gate.0.fetch_sub(1, Ordering::AcqRel);
        if before & INSIDE == 1 && before & WAITING != 0 {
            drop(lock(&self.sleep));
            self.done.notify_one();
        }
    }
}
