//! What the pool is made of: the standard library's, or loom's (`--cfg loom`), under which a test runs through every way in
//! which threads may meet.

#[cfg(loom)]
pub(super) use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize},
    sync::{Condvar, Mutex, MutexGuard},
    thread::{Builder, JoinHandle},
};
#[cfg(not(loom))]
pub(super) use std::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize},
    sync::{Condvar, Mutex, MutexGuard},
    thread::{Builder, JoinHandle},
};

/// A value that is copied in and out, by whoever knows that nobody else is at it.
pub(super) struct Slot<T>(UnsafeCell<T>);

impl<T: Copy> Slot<T> {
    pub fn new(value: T) -> Slot<T> {
        Slot(UnsafeCell::new(value))
    }

    /// # Safety
    /// Nobody writes meanwhile.
    pub unsafe fn read(&self) -> T {
        // Safety: by the rule above.
        #[cfg(loom)]
        return self.0.with(|value| unsafe { *value });
        // Safety: by the rule above.
        #[cfg(not(loom))]
        return unsafe { *self.0.get() };
    }

    /// # Safety
    /// Nobody reads or writes meanwhile.
    pub unsafe fn write(&self, value: T) {
        // Safety: by the rule above.
        #[cfg(loom)]
        self.0.with_mut(|place| unsafe { *place = value });
        // Safety: by the rule above.
        #[cfg(not(loom))]
        unsafe {
            *self.0.get() = value;
        }
    }
}
