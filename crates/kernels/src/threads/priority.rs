//! Which threads go first where there are more of them than cores.

/// How much nicer threads that compute are than the first of the process: with four trainings, requests and files on two cores
/// the event loop was late by 8 ms at the 99th percentile with 0, by 5 with 5, by 3.7 with 10; trainings lost what the loop took.
#[cfg(all(target_os = "linux", not(loom)))]
const NICER: i32 = 7;

/// Lets the threads of the caller go before this one where all cores are busy: a step that ends a millisecond later is
/// noticed by nobody, an event loop that waits for a core is. `FERROGRAD_NICE` in the environment names another distance,
/// 0 for none. On Linux, where threads have priorities of their own that each may lower.
pub fn let_callers_go_first() {
    // Loom's threads are one of the system's.
    #[cfg(all(target_os = "linux", not(loom)))]
    {
        let asked = std::env::var("FERROGRAD_NICE").ok().and_then(|text| text.parse().ok());
        let nicer: i32 = asked.unwrap_or(NICER).clamp(0, 19);
        if nicer > 0 {
            // Beside the first thread, and not the one that started this, which may be as nice already.
            // Safety: plain calls, which touch no memory; Linux counts the second for the calling thread alone.
            unsafe {
                let first = libc::getpriority(libc::PRIO_PROCESS, libc::getpid() as libc::id_t);
                let own = libc::getpriority(libc::PRIO_PROCESS, 0);
                libc::setpriority(libc::PRIO_PROCESS, 0, own.max((first + nicer).min(19)));
            }
        }
    }
}

#[cfg(all(test, target_os = "linux", not(loom)))]
mod tests {
    use super::{NICER, let_callers_go_first};

    fn niceness() -> i32 {
        // Safety: a plain call, about the calling thread.
        unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
    }

    #[test]
    fn a_thread_that_computes_is_nicer_than_its_caller_who_stays_as_he_is() {
        let own = niceness();
        let theirs = std::thread::spawn(|| {
            let_callers_go_first();
            niceness()
        });
        // The greatest is 19, and the environment may say otherwise.
        let asked = std::env::var("FERROGRAD_NICE").ok().and_then(|text| text.parse().ok());
        assert_eq!(theirs.join().unwrap(), (own + asked.unwrap_or(NICER)).min(19));
        assert_eq!(niceness(), own);
    }

    #[test]
    fn a_thread_that_such_a_thread_starts_is_no_nicer_than_that() {
        let theirs = std::thread::spawn(|| {
            let_callers_go_first();
            let started = std::thread::spawn(|| {
                let_callers_go_first();
                niceness()
            });
            (niceness(), started.join().unwrap())
        });
        let (starter, started) = theirs.join().unwrap();
        assert_eq!(started, starter);
    }
}
