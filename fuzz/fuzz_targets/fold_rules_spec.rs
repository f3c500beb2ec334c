#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::fold_rules_spec(data));
