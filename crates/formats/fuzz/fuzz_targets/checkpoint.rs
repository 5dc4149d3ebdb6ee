//! Has the reader of checkpoint read whatever comes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = ferrograd_formats::Format::Checkpoint.read(bytes);
});
