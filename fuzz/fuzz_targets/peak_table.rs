#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| boldly_fuzz::peak_table(bytes));
