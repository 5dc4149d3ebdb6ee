//! Has the reader of safetensors read whatever comes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = ferrograd_formats::Format::Safetensors.read(bytes);
});
