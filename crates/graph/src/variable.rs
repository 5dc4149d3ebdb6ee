//! State with a name: weights, optimizer slots, metric sums, random counters, step numbers.

use crate::error::{Error, Result};
use crate::shape::Spec;
use ferrograd_kernels::element::Element;
use ferrograd_kernels::exec::Memory;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// A named tensor that programs may change. Cloning it makes another handle on the same state.
///
/// The numbers are copied on write: whoever holds a [`Variable::snapshot`] keeps what it saw.
#[derive(Clone)]
pub struct Variable(Arc<Inner>);

struct Inner {
    name: String,
    spec: Spec,
    value: Mutex<Arc<Memory>>,
    waiting: AtomicUsize,
}

impl Variable {
    /// A variable that holds a copy of `values`.
    ///
    /// # Errors
    /// `ERR_SHAPE` or `ERR_DTYPE` where the values do not fit the spec.
    pub fn new<T: Element>(name: impl Into<String>, spec: Spec, values: &[T]) -> Result<Variable> {
        let name = name.into();
        check(&name, &spec, values)?;
        Ok(Variable::from_memory(name, spec, Arc::new(Memory::from_slice(values))))
    }

    /// A variable that takes over `memory`, contiguous and of the spec's size.
    pub fn from_memory(name: impl Into<String>, spec: Spec, memory: Arc<Memory>) -> Variable {
        let waiting = AtomicUsize::new(0);
        Variable(Arc::new(Inner { name: name.into(), spec, value: Mutex::new(memory), waiting }))
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
    pub fn snapshot(&self) -> Arc<Memory> {
        self.lock().clone()
    }

    /// Puts a copy of `values` in.
    ///
    /// # Errors
    /// `ERR_SHAPE` or `ERR_DTYPE` where they do not fit; nothing has changed then.
    pub fn set<T: Element>(&self, values: &[T]) -> Result<()> {
        check(&self.0.name, &self.0.spec, values)?;
        self.replace(Arc::new(Memory::from_slice(values)));
        Ok(())
    }

    /// Puts `memory` in, contiguous and of the spec's size.
    pub fn replace(&self, memory: Arc<Memory>) {
        assert!(memory.len() >= self.0.spec.bytes(), "memory fits the variable");
        *self.lock() = memory;
    }

    /// The value, locked. A training loop that holds it sees [`Variable::is_awaited`].
    pub fn lock(&self) -> MutexGuard<'_, Arc<Memory>> {
        if let Some(guard) = self.try_lock() {
            return guard;
        }
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        let guard = self.0.value.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        guard
    }

    /// The value, locked; none while somebody else holds it.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, Arc<Memory>>> {
        match self.0.value.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// True while somebody waits for the lock.
    pub fn is_awaited(&self) -> bool {
        self.0.waiting.load(Ordering::Relaxed) > 0
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
