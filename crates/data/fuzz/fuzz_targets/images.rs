//! Has the decoders of pictures read whatever comes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = ferrograd_data::images::decode(bytes, 1 << 16) {
        assert_ne!(error.message, "the decoder gave up on it");
    }
});
