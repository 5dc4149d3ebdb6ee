//! The numbers of pending tensors, by one program that is kept for the next graph of the same structure.

use crate::compile::{Evaluation, Request, compile};
use crate::error::Result;
use crate::program::Program;
use crate::tensor::Tensor;
use ferrograd_kernels::exec::Memory;
use ferrograd_kernels::target::Target;
use ferrograd_kernels::threads::Threads;
use std::collections::HashMap;
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
    programs: Mutex<HashMap<Vec<u64>, Arc<Program>>>,
    /// Bytes that a program may work in.
    room: usize,
}

/// Past this many structures the cache starts anew: a graph that is never the same twice must not fill the memory.
const LIMIT: usize = 512;

/// The same for the bytes of their arenas.
const ARENAS: usize = 256 << 20;

impl Cache {
    /// No programs yet; those that need more than `room` bytes are refused.
    pub fn new(room: usize) -> Cache {
        Cache { programs: Mutex::default(), room }
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
        let known = self.lock().get(&key).cloned();
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

    fn keep(&self, key: Vec<u64>, program: Arc<Program>) -> Arc<Program> {
        let mut programs = self.lock();
        let bytes: usize = programs.values().map(|program| program.arena_bytes()).sum();
        if programs.len() >= LIMIT || bytes + program.arena_bytes() > ARENAS {
            programs.clear();
        }
        programs.insert(key, program.clone());
        program
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<u64>, Arc<Program>>> {
        self.programs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
