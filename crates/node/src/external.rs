//! What V8 is told of memory outside its heap, so that it collects the handles that hold it in time, and what the system
//! gets back when many of them have gone.

use crate::error::{Result, internal};
use napi::Env;
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The bytes that a handle has reported; taken back when JavaScript lets go of it.
#[derive(Default)]
pub struct Reported(Cell<i64>);

impl Reported {
    /// A report of `bytes`.
    pub fn new(env: &Env, bytes: usize) -> Result<Reported> {
        let reported = Reported::default();
        reported.add(env, bytes)?;
        Ok(reported)
    }

    /// Reports `bytes` more.
    pub fn add(&self, env: &Env, bytes: usize) -> Result<()> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        env.adjust_external_memory(bytes).map_err(|error| internal(error.to_string()))?;
        self.0.set(self.0.get() + bytes);
        Ok(())
    }

    /// Reports `bytes` unless something has been reported already.
    pub fn once(&self, env: &Env, bytes: usize) -> Result<()> {
        if self.0.get() == 0 { self.add(env, bytes) } else { Ok(()) }
    }

    /// Takes the reports back; for finalizers.
    pub fn retract(&self, env: &Env) -> napi::Result<()> {
        match self.0.take() {
            0 => Ok(()),
            bytes => {
                if bytes < LARGE {
                    FREED.fetch_add(bytes as usize, Ordering::Relaxed);
                }
                env.adjust_external_memory(-bytes).map(|_| ())
            }
        }
    }
}

/// Blocks of this many bytes are not on the heap but on pages of their own, which the system gets at once.
const LARGE: i64 = 1 << 20;

/// Bytes that were freed on the heap since it was last tidied. The heap is one for the process.
static FREED: AtomicUsize = AtomicUsize::new(0);

/// The heap is tidied after so many bytes were freed, and no sooner than this after the last time.
const MUCH: usize = 4 << 20;
const PAUSE: Duration = Duration::from_millis(250);

/// Gives the system the free pages of the heap, where many small blocks have been freed: it keeps them by itself, spread
/// between what is in use, and a server that trains thousands of small models would seem to grow. For threads that have
/// nothing else to do.
pub fn tidy() {
    static START: OnceLock<Instant> = OnceLock::new();
    static LAST: AtomicU64 = AtomicU64::new(0);
    if FREED.load(Ordering::Relaxed) < MUCH {
        return;
    }
    let now = START.get_or_init(Instant::now).elapsed().as_millis() as u64;
    let last = LAST.load(Ordering::Relaxed);
    let due = last == 0 || now - last.min(now) >= PAUSE.as_millis() as u64;
    if due && LAST.compare_exchange(last, now.max(1), Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        FREED.store(0, Ordering::Relaxed);
        trim();
    }
}

/// A heap gives back its free end by itself from so many bytes on.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const END: std::ffi::c_int = 512 << 10;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim() {
    use std::ffi::c_int;
    const M_TRIM_THRESHOLD: c_int = -1;
    unsafe extern "C" {
        /// glibc: gives back what is free but for `pad` bytes at the end; any thread may ask for it at any time.
        fn malloc_trim(pad: usize) -> c_int;
        /// glibc: sets what it goes by; any thread may, at any time.
        fn mallopt(parameter: c_int, value: c_int) -> c_int;
    }
    // Each thread that allocates has a heap of its own (V8 has several such), whose end `malloc_trim` leaves. It would go back
    // from 128 KiB on, but each large block that is freed raises this to twice its size: reading our file is enough for megabytes.
    // Safety: neither touches what is in use.
    unsafe {
        mallopt(M_TRIM_THRESHOLD, END);
        malloc_trim(0);
    }
}

/// Other heaps give back by themselves, or cannot be asked.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}
