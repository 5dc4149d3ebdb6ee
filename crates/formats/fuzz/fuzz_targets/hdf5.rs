//! Has the reader of hdf5 read whatever comes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = ferrograd_formats::Format::Hdf5.read(bytes);
});
