//! The numbers of pending tensors, by one program that is kept for the next graph of the same structure.

use crate::compile::{Evaluation, Request, compile};
use crate::error::Result;
use crate::program::Program;
use crate::tensor::Tensor;
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Compiles `tensors` for `target` and runs them once, without keeping the program.
///
/// # Errors
/// As [`compile`] and [`Program::run`].
pub fn evaluate(tensors: &[Tensor], target: impl Into<Target>) -> Result<Vec<Arc<Memory>>> {
    let request = Request { inputs: &[], outputs: tensors, updates: &[], guard: None };
    compile(&request, target)?.run(&[], &Threads::serial())
}

/// Programs of pending graphs, kept by structure: a loop written by hand compiles once.
pub struct Cache {
    programs: Mutex<HashMap<Vec<u64>, Kept>>,
    /// How often one of them was asked for.
    turns: AtomicU64,
    /// Bytes that a program may work in.
    room: usize,
}

/// Past this many structures the cache starts anew: a graph that is never the same twice must not fill the memory.
const LIMIT: usize = 512;

/// Past this many bytes of arenas that no run works in, those of the programs leave that were asked for least recently.
/// A program without one is small, and takes new memory when it runs again.
const ARENAS: usize = 64 << 20;

/// A program, and when it was last asked for.
struct Kept {
    program: Arc<Program>,
    turn: u64,
}

impl Cache {
    /// No programs yet; those that need more than `room` bytes are refused.
    pub fn new(room: usize) -> Cache {
        Cache { programs: Mutex::default(), turns: AtomicU64::new(0), room }
    }

    /// The numbers of `tensors`. Programs are kept for each precision.
    ///
    /// # Errors
    /// As [`compile`], [`Program::check_room`] and [`Program::run`].
    pub fn evaluate(&self, tensors: &[Tensor], target: Target, threads: &Threads) -> Result<Vec<Arc<Memory>>> {
        let request = Request { inputs: &[], outputs: tensors, updates: &[], guard: None };
        let evaluation = Evaluation::new(&request)?;
        let mut key = evaluation.key();
        key.push(target.precision as u64);
        let known = self.known(&key);
        let constants = evaluation.constants().to_vec();
        let program = match known {
            Some(program) => program,
            None => {
                let mut program = evaluation.compile(target)?;
                program.check_room(self.room)?;
                program.forget_constants();
                self.keep(key, Arc::new(program))
            }
        };
        program.run_with(&[], &constants, threads)
    }

    fn known(&self, key: &[u64]) -> Option<Arc<Program>> {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        self.lock().get_mut(key).map(|kept| {
            kept.turn = turn;
            kept.program.clone()
        })
    }

    fn keep(&self, key: Vec<u64>, program: Arc<Program>) -> Arc<Program> {
        let mut programs = self.lock();
        if programs.len() >= LIMIT {
            programs.clear();
        }
        free_oldest(&programs);
        programs.insert(key, Kept { program: program.clone(), turn: self.turns.load(Ordering::Relaxed) });
        program
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<u64>, Kept>> {
        self.programs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Frees idle arenas until the rest is few bytes enough.
fn free_oldest(programs: &HashMap<Vec<u64>, Kept>) {
    let mut idle: Vec<(u64, usize, &Program)> =
        programs.values().map(|kept| (kept.turn, kept.program.idle_bytes(), &*kept.program)).collect();
    let mut bytes: usize = idle.iter().map(|one| one.1).sum();
    if bytes <= ARENAS {
        return;
    }
    idle.sort_unstable_by_key(|one| one.0);
    for (_, freed, program) in idle {
        if bytes <= ARENAS {
            break;
        }
        program.free_arenas();
        bytes -= freed;
    }
}
