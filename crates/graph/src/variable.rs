//! State with a name: weights, optimizer slots, metric sums, random counters, step numbers.

use crate::error::{Error, ErrorCode, Result};
use crate::shape::Spec;
use ferrograd_kernels::element::Element;
use ferrograd_kernels::exec::Memory;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LockResult, Mutex, MutexGuard, PoisonError, TryLockError};

/// A named tensor that programs may change. Cloning it makes another handle on the same state.
///
/// The numbers are copied on write: whoever holds a [`Variable::snapshot`] keeps what it saw.
#[derive(Clone)]
pub struct Variable(Arc<Inner>);

struct Inner {
    name: String,
    spec: Spec,
    /// Poisoned where a panic stopped a step that was writing it.
    value: Mutex<Arc<Memory>>,
    waiting: AtomicUsize,
    replaced: AtomicUsize,
}

impl Variable {
    /// A variable that holds a copy of `values`.
    ///
    /// # Errors
    /// `ERR_SHAPE` or `ERR_DTYPE` where the values do not fit the spec, `ERR_MEMORY` where there is no room for them.
    pub fn new<T: Element>(name: impl Into<String>, spec: Spec, values: &[T]) -> Result<Variable> {
        let name = name.into();
        check(&name, &spec, values)?;
        Ok(Variable::from_memory(name, spec, Arc::new(Memory::try_from_slice(values)?)))
    }

    /// A variable that takes over `memory`, contiguous and of the spec's size.
    pub fn from_memory(name: impl Into<String>, spec: Spec, memory: Arc<Memory>) -> Variable {
        let (waiting, replaced) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Variable(Arc::new(Inner { name: name.into(), spec, value: Mutex::new(memory), waiting, replaced }))
    }

    /// Tells variables apart. Programs lock in this order, so that two that share variables cannot wait for each
    /// other.
    pub fn id(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// The name, for messages and checkpoints.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Shape and type.
    pub fn spec(&self) -> &Spec {
        &self.0.spec
    }

    /// The numbers as they are now; later changes do not touch them.
    ///
    /// # Errors
    /// As [`Variable::lock`].
    pub fn snapshot(&self) -> Result<Arc<Memory>> {
        Ok(self.lock()?.clone())
    }

    /// Puts a copy of `values` in.
    ///
    /// # Errors
    /// `ERR_SHAPE` or `ERR_DTYPE` where they do not fit, `ERR_MEMORY` where there is no room; nothing has changed then.
    pub fn set<T: Element>(&self, values: &[T]) -> Result<()> {
        check(&self.0.name, &self.0.spec, values)?;
        self.replace(Arc::new(Memory::try_from_slice(values)?));
        Ok(())
    }

    /// Puts `memory` in, contiguous and of the spec's size.
    pub fn replace(&self, memory: Arc<Memory>) {
        assert!(memory.len() >= self.0.spec.bytes(), "memory fits the variable");
        let mut value = self.hold().unwrap_or_else(PoisonError::into_inner);
        self.put(&mut value, memory);
    }

    fn put(&self, value: &mut Arc<Memory>, memory: Arc<Memory>) {
        *value = memory;
        self.0.replaced.fetch_add(1, Ordering::Release);
        // Whatever a step left half-written is gone.
        self.0.value.clear_poison();
    }

    /// How often it has been given another value from outside: how a training that only reads it notices.
    pub fn replaced(&self) -> usize {
        self.0.replaced.load(Ordering::Acquire)
    }

    /// The value, locked. A training loop that holds it sees [`Variable::is_awaited`].
    ///
    /// # Errors
    /// `ERR_STATE` where a panic stopped a step that was writing it, until it is assigned.
    pub fn lock(&self) -> Result<MutexGuard<'_, Arc<Memory>>> {
        self.hold().map_err(|_| self.half_written())
    }

    /// The value, locked; none while somebody else holds it.
    ///
    /// # Errors
    /// As [`Variable::lock`].
    pub fn try_lock(&self) -> Result<Option<MutexGuard<'_, Arc<Memory>>>> {
        match self.0.value.try_lock() {
            Ok(guard) => Ok(Some(guard)),
            Err(TryLockError::Poisoned(_)) => Err(self.half_written()),
            Err(TryLockError::WouldBlock) => Ok(None),
        }
    }

    fn hold(&self) -> LockResult<MutexGuard<'_, Arc<Memory>>> {
        match self.0.value.try_lock() {
            Ok(guard) => return Ok(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Err(poisoned),
            Err(TryLockError::WouldBlock) => {}
        }
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        let guard = self.0.value.lock();
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        guard
    }

    fn half_written(&self) -> Error {
        let what = "a bug stopped a step while it wrote this variable, whose numbers may be half old and half new";
        let hint = "Assign it, or load it from a checkpoint, before it is used again";
        Error::new(ErrorCode::State, format!("variable '{}': {what}. {hint}", self.name()))
    }

    /// True while somebody waits for the lock.
    pub fn is_awaited(&self) -> bool {
        self.0.waiting.load(Ordering::Relaxed) > 0
    }
}

/// The positions of `variables` in the one order in which everybody locks several of them, so that nobody waits for
/// somebody who waits for him.
pub(crate) fn lock_order(variables: &[Variable]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..variables.len()).collect();
    order.sort_by_key(|&index| variables[index].id());
    order
}

/// Several variables, held at once: what all of them hold is what some whole step left.
pub struct Held<'a>(Vec<(usize, MutexGuard<'a, Arc<Memory>>)>);

impl Held<'_> {
    /// The value of one of them.
    ///
    /// # Panics
    /// Where it is none of them: a bug of the caller's.
    pub fn value(&self, variable: &Variable) -> &Arc<Memory> {
        let found = self.0.binary_search_by_key(&variable.id(), |held| held.0);
        &self.0[found.expect("one of the variables that are held")].1
    }
}

/// Locks all of `variables`, in the order in which programs do; one that is listed twice is locked once.
///
/// A program holds all that it writes for a whole step, and an epoch lets whoever waits in between two steps: so this
/// never sees half of a step.
///
/// # Errors
/// As [`Variable::lock`].
pub fn lock_all(variables: &[Variable]) -> Result<Held<'_>> {
    let mut order = lock_order(variables);
    order.dedup_by_key(|index| variables[*index].id());
    let locked = order.into_iter().map(|index| Ok((variables[index].id(), variables[index].lock()?)));
    Ok(Held(locked.collect::<Result<_>>()?))
}

/// What all of `variables` hold at one moment between two steps. Nothing is copied until a step writes them again.
///
/// # Errors
/// As [`Variable::lock`].
pub fn snapshot_all(variables: &[Variable]) -> Result<Vec<Arc<Memory>>> {
    let held = lock_all(variables)?;
    Ok(variables.iter().map(|variable| held.value(variable).clone()).collect())
}

/// Puts new numbers into several variables at once: no step of a program sees some of them old and some new. Of a
/// variable that is listed twice the last value counts.
///
/// # Panics
/// Where a value does not fit its variable: a bug of the caller's.
pub fn replace_all(values: Vec<(Variable, Arc<Memory>)>) {
    let mut last: BTreeMap<usize, &(Variable, Arc<Memory>)> = BTreeMap::new();
    for entry in &values {
        assert!(entry.1.len() >= entry.0.spec().bytes(), "memory fits the variable");
        last.insert(entry.0.id(), entry);
    }
    // By their ids, as programs lock them.
    let held: Vec<_> = last
        .into_values()
        .map(|(variable, memory)| (variable, variable.hold().unwrap_or_else(PoisonError::into_inner), memory))
        .collect();
    for (variable, mut value, memory) in held {
        variable.put(&mut value, Arc::clone(memory));
    }
}

impl PartialEq for Variable {
    fn eq(&self, other: &Variable) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Variable({}: {})", self.0.name, self.0.spec)
    }
}

fn check<T: Element>(name: &str, spec: &Spec, values: &[T]) -> Result<()> {
    if T::DTYPE != spec.dtype {
        let (expected, got) = (spec.dtype.name(), T::DTYPE.name());
        return Err(Error::dtype(format!("variable '{name}': expected {expected} values, got {got}")));
    }
    if values.len() != spec.shape.size() {
        let (shape, expected, got) = (&spec.shape, spec.shape.size(), values.len());
        return Err(Error::shape(format!(
            "variable '{name}': expected {expected} values for shape {shape}, got {got}"
        )));
    }
    Ok(())
}
