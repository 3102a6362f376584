#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oar_fuzz::entry::path(bytes));
