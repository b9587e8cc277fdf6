#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| visavis_fuzz_checks::run("relay_client", input));
