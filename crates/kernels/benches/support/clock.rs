//! Seconds, to be subtracted from each other.

/// Of the processor's work for this thread: what others run meanwhile does not count.
#[cfg(target_os = "linux")]
pub fn of_this_thread() -> f64 {
    #[repr(C)]
    struct Time {
        seconds: i64,
        nanoseconds: i64,
    }
    unsafe extern "C" {
        fn clock_gettime(clock: i32, time: *mut Time) -> i32;
    }
    const THREAD: i32 = 3;
    let mut time = Time { seconds: 0, nanoseconds: 0 };
    // Safety: a `timespec` of 64-bit Linux.
    unsafe { clock_gettime(THREAD, &raw mut time) };
    time.seconds as f64 + time.nanoseconds as f64 * 1e-9
}

/// There is no such clock in the standard library.
#[cfg(not(target_os = "linux"))]
pub fn of_this_thread() -> f64 {
    of_the_wall()
}

/// That pass.
pub fn of_the_wall() -> f64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed().as_secs_f64()
}
