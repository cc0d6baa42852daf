#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| claviger_fuzz_bodies::sdk_signature::run(data));
