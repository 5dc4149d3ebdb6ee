//! Has the reader of event files read whatever comes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = ferrograd_formats::events::frames(bytes);
});
