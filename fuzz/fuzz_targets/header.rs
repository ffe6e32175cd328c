#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keydyn_fuzz::header::run(data));
