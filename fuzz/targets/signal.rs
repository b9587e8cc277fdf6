#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| visavis_fuzz_checks::signal(data));
